//! Signing in on another device (RFC 8628): a code for the person to enter, one for us to poll with, and what an answer
//! to a poll means. When to poll is not known here.

use std::time::Duration;

use http::StatusCode;
use lamplighter_core::verdict::{Answer, Content, Verdict, judge, word_to_repeat};
use oauth2::{DeviceAuthorizationUrl, EmptyExtraDeviceAuthorizationFields, Scope};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::excerpt::without;
use super::exchange::{BODY_BOUND, shown, sign, unreachable};
use super::reply::{Number, Text};
use super::words::tame;
use super::written::{unsent, writer, written};
use super::{Client, DeviceAuthorization, Server, SignInError, TokenFailure};
use crate::http::{Fetched, HttpClient, is_loopback};

/// Where the server does not say (RFC 8628 section 3.2).
const INTERVAL: Duration = Duration::from_secs(5);
/// The server must say how long its codes are good for; this is for one that does not.
const LIFETIME: Duration = Duration::from_mins(15);

/// Why there is no code for the person.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The server does not know the client, or does not let it sign in like this.
    #[error(transparent)]
    ClientRefused(SignInError),
    /// Anything else.
    #[error(transparent)]
    Failed(#[from] SignInError),
}

/// What an answer to a poll means (RFC 8628 section 3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// The person has not answered yet.
    Pending,
    /// Nor have they, and the server wants to be asked less often from now on.
    SlowDown,
    /// No answer of the server's, or one that says nothing about the person's; not sooner again than `floor`.
    Unanswered {
        /// The server's `Retry-After`.
        floor: Option<Duration>,
    },
    /// It is over. The sentence says why.
    Over(String),
}

impl Server {
    /// Where a sign-in on another device begins.
    ///
    /// # Errors
    /// When the server does not offer that.
    pub fn device_endpoint(&self) -> Result<&Url, SignInError> {
        self.device_authorization_endpoint.as_ref().ok_or_else(|| SignInError {
            problem: format!("{} does not offer to sign in on another device", tame(&self.issuer, 200)),
            hint: Some(
                "use `--no-browser` in place of `--device`: open the address on any machine, and paste the one \
                 at which its browser ends"
                    .to_owned(),
            ),
        })
    }
}

/// Asks for a code that the person enters, and for one to poll with (RFC 8628 section 3.1).
///
/// # Errors
/// When the server gives none, or none that can be used.
pub async fn authorize_device(
    http: &HttpClient,
    endpoint: &Url,
    client: &Client,
    scopes: &[String],
    resource: Option<&str>,
) -> Result<DeviceAuthorization, DeviceError> {
    let writer = writer(client).set_device_authorization_url(DeviceAuthorizationUrl::from_url(endpoint.clone()));
    let mut request = writer.exchange_device_code().add_scopes(scopes.iter().cloned().map(Scope::new));
    if let Some(resource) = resource {
        request = request.add_extra_param("resource", resource);
    }
    // OIDC Core section 11: without it `offline_access` must be ignored.
    if scopes.iter().any(|scope| scope == "offline_access") {
        request = request.add_extra_param("prompt", "consent");
    }
    let request = written(request.request::<_, EmptyExtraDeviceAuthorizationFields>(&unsent));
    let mut request = request.ok_or_else(|| SignInError {
        problem: format!("{} is no address that can be asked", shown(endpoint)),
        hint: None,
    })?;
    sign(request.headers_mut());
    let answer = http.fetch(request, BODY_BOUND).await.map_err(|error| unreachable(endpoint, &error))?;
    read(endpoint, &answer, client.secret.as_ref().as_slice())
}

/// The members that concern us, of whatever type they are.
#[derive(Default, Deserialize)]
struct Reply {
    device_code: Option<Text>,
    user_code: Option<Text>,
    verification_uri: Option<Text>,
    /// As it was called before the RFC, and still is by some.
    verification_url: Option<Text>,
    verification_uri_complete: Option<Text>,
    expires_in: Option<Number>,
    interval: Option<Number>,
    error: Option<Text>,
    error_description: Option<Text>,
}

/// Reads what was answered to a request that carried `secrets`.
fn read(endpoint: &Url, answer: &Fetched, secrets: &[&SecretString]) -> Result<DeviceAuthorization, DeviceError> {
    let said = |text: Option<Text>| text.and_then(Text::string).filter(|text| !text.expose_secret().is_empty());
    let plain = |text: &SecretString, bound| tame(&without(text.expose_secret(), secrets), bound);
    let shown = shown(endpoint);
    let body = answer.body.as_deref().map_or(&[][..], Vec::as_slice);
    let reply: Reply = serde_json::from_slice(body).unwrap_or_default();
    if let Some(word) = said(reply.error) {
        let description = said(reply.error_description).map(|text| plain(&text, 200));
        return Err(refused(&shown, &plain(&word, 64), description.as_deref()));
    }
    if answer.status != StatusCode::OK {
        let problem = format!("{shown} answered {}", answer.status);
        return Err(SignInError { problem, hint: Some("try again in a while".to_owned()) }.into());
    }
    let address = |text: Option<Text>| said(text).and_then(|text| web_address(&text));
    let found = (
        said(reply.device_code),
        said(reply.user_code).map(|code| tame(code.expose_secret(), 64)),
        address(reply.verification_uri).or_else(|| address(reply.verification_url)),
    );
    let (Some(device_code), Some(user_code), Some(verification_uri)) = found else {
        let problem = format!("{shown} gave no code with an address to enter it at");
        return Err(SignInError { problem, hint: Some("tell who runs it".to_owned()) }.into());
    };
    Ok(DeviceAuthorization {
        device_code,
        user_code,
        verification_uri,
        verification_uri_complete: address(reply.verification_uri_complete),
        expires_in: reply.expires_in.and_then(Number::lifetime).unwrap_or(LIFETIME),
        interval: reply.interval.and_then(Number::lifetime).unwrap_or(INTERVAL),
    })
}

fn refused(shown: &str, word: &str, description: Option<&str>) -> DeviceError {
    let problem = match description {
        Some(text) if !text.is_empty() => format!("{shown} refused: {text} ({word})"),
        Some(_) | None => format!("{shown} refused: {word}"),
    };
    if matches!(word, "invalid_client" | "unauthorized_client") {
        return DeviceError::ClientRefused(SignInError { problem, hint: None });
    }
    SignInError { problem, hint: None }.into()
}

/// An address that a person may be sent to: https, or http on loopback.
fn web_address(text: &SecretString) -> Option<Url> {
    let url = Url::parse(text.expose_secret()).ok()?;
    let safe = match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    };
    safe.then_some(url)
}

impl Polled {
    /// The sentence when nobody has entered the code in time.
    pub const EXPIRED: &str = "the code has expired before anybody entered it and agreed";

    /// What the answer to a poll means that brought no tokens.
    #[must_use]
    pub fn of(failure: &TokenFailure) -> Self {
        if let Answer::Http { content: Content::OAuthError(word), .. } = &failure.answer {
            match word.as_str() {
                "authorization_pending" => return Self::Pending,
                "slow_down" => return Self::SlowDown,
                "expired_token" => return Self::Over(Self::EXPIRED.to_owned()),
                "access_denied" => return Self::Over("the sign-in was refused there (access_denied)".to_owned()),
                _ => {}
            }
        }
        // Any other error ends it, and none is waited for to be said twice.
        match judge(&failure.answer, word_to_repeat(&failure.answer)) {
            Verdict::Transient { floor, .. } => Self::Unanswered { floor },
            Verdict::Permanent { cause } => Self::Over(cause.sentence()),
        }
    }
}
