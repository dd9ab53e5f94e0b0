//! The body of a token endpoint's answer, judged by its content whatever its Content-Type.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use lamplighter_core::verdict::Content;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Tokens;
use super::excerpt::without;
use super::words::tame;

/// A longer lifetime is taken for a mistake.
const ABSURD: Duration = Duration::from_hours(10 * 365 * 24);

/// What a body is.
pub(super) enum Body {
    /// It holds a usable access token.
    Tokens(Box<Tokens>),
    /// It does not.
    Other(Content),
}

/// The members that concern us, of whatever type they are.
#[derive(Deserialize)]
struct Reply {
    access_token: Option<Text>,
    refresh_token: Option<Text>,
    id_token: Option<Text>,
    expires_in: Option<Number>,
    scope: Option<Text>,
    error: Option<Text>,
}

/// A member that should be a string.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Text {
    String(SecretString),
    Other(IgnoredAny),
}

/// A member that should be a number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Seconds(f64),
    Text(String),
    Other(IgnoredAny),
}

/// Reads the body of an answer that was a success by its status, or was not: of a token and an error together, the one
/// counts that agrees. An error word never repeats the `secrets` of the request. `now` is the time on the server's clock,
/// against which an `exp` is reckoned.
pub(super) fn read(body: &[u8], success: bool, secrets: &[&SecretString], now: Timestamp) -> Body {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // What begins like an object need not be one: JSON knows fewer spaces than ASCII.
    match body.trim_ascii_start().first() {
        Some(b'<') => return Body::Other(Content::Page),
        Some(b'{') => {}
        // Other JSON is JSON without an access token and without an error.
        Some(_) if serde_json::from_slice::<IgnoredAny>(body).is_ok() => return Body::Other(Content::OtherJson),
        Some(_) | None => return Body::Other(Content::Unreadable),
    }
    let Ok(reply) = serde_json::from_slice::<Reply>(body) else {
        return Body::Other(Content::Unreadable);
    };
    let error = reply.error.and_then(Text::string).map(|word| tame(&without(word.expose_secret(), secrets), 64));
    let error = error.filter(|word| !word.is_empty());
    match reply.access_token {
        Some(Text::Other(_)) => Body::Other(Content::Unreadable),
        Some(Text::String(access_token)) if usable(&access_token) && (success || error.is_none()) => {
            Body::Tokens(Box::new(Tokens {
                lifetime: reply.expires_in.and_then(Number::lifetime).or_else(|| hinted(&access_token, now)),
                access_token,
                refresh_token: reply
                    .refresh_token
                    .and_then(Text::string)
                    .filter(|token| !token.expose_secret().is_empty()),
                scope: reply.scope.and_then(Text::string).map(|scope| scope.expose_secret().to_owned()),
                account: reply.id_token.and_then(Text::string).and_then(|token| account(&token)),
                skew: None,
            }))
        }
        Some(Text::String(_)) | None => Body::Other(error.map_or(Content::OtherJson, Content::OAuthError)),
    }
}

impl Text {
    pub(super) fn string(self) -> Option<SecretString> {
        match self {
            Self::String(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

impl Number {
    /// Whole seconds that are positive and believable.
    pub(super) fn lifetime(self) -> Option<Duration> {
        let seconds = match self {
            Self::Seconds(seconds) => seconds,
            Self::Text(text) => text.trim().parse().ok()?,
            Self::Other(_) => return None,
        };
        Duration::try_from_secs_f64(seconds.floor()).ok().and_then(believable)
    }
}

fn believable(lifetime: Duration) -> Option<Duration> {
    (lifetime > Duration::ZERO && lifetime <= ABSURD).then_some(lifetime)
}

/// Whether a token can be sent in a header at all.
fn usable(token: &SecretString) -> bool {
    let token = token.expose_secret();
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The claims of a JWT that concern us.
#[derive(Deserialize)]
struct Claims {
    exp: Option<Number>,
    email: Option<Text>,
    preferred_username: Option<Text>,
    sub: Option<Text>,
}

fn claims(token: &SecretString) -> Option<Claims> {
    let mut parts = token.expose_secret().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

/// What the `exp` of a JWT access token hints at. It is not ours to read (RFC 9068 section 6), so a hint it stays.
fn hinted(token: &SecretString, now: Timestamp) -> Option<Duration> {
    let expires = match claims(token)?.exp? {
        Number::Seconds(seconds) => Duration::try_from_secs_f64(seconds.floor()).ok()?,
        Number::Text(_) | Number::Other(_) => return None,
    };
    let now = Duration::from_secs(u64::try_from(now.as_second()).ok()?);
    expires.checked_sub(now).and_then(believable)
}

/// Who signed in. The signature needs no check: the token came straight from the token endpoint over TLS
/// (OIDC Core section 3.1.3.7), and nothing but a label is made of it.
fn account(id_token: &SecretString) -> Option<String> {
    let claims = claims(id_token)?;
    [claims.email, claims.preferred_username, claims.sub]
        .into_iter()
        .flatten()
        .filter_map(Text::string)
        .map(|name| tame(name.expose_secret(), 100))
        .find(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            "[a-z0-9]{0,3}\\.[A-Za-z0-9_-]{0,30}\\.[a-z]{0,3}".prop_map(Value::from),
        ];
        let name = prop::sample::select(vec![
            "access_token",
            "refresh_token",
            "id_token",
            "expires_in",
            "scope",
            "error",
            "x",
        ]);
        leaf.prop_recursive(2, 16, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..7)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body, true, &[], Timestamp::UNIX_EPOCH);
        }

        #[test]
        fn a_token_is_taken_exactly_when_it_is_a_usable_string(body in json()) {
            let token = body.get("access_token").and_then(serde_json::Value::as_str);
            let usable = token.is_some_and(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            match read(body.to_string().as_bytes(), true, &[], Timestamp::UNIX_EPOCH) {
                Body::Tokens(tokens) => {
                    prop_assert!(usable);
                    prop_assert_eq!(Some(tokens.access_token.expose_secret()), token);
                    prop_assert!(tokens.lifetime.is_none_or(|lifetime| !lifetime.is_zero() && lifetime <= ABSURD));
                }
                Body::Other(content) => {
                    prop_assert!(!usable);
                    prop_assert!(content != Content::Token && content != Content::Page);
                }
            }
        }
    }
}
