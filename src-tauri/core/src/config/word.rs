//! Words with a grammar of their own: scopes, client identifiers, header names, choices.

use super::error::{Fault, nearest};
use super::{GrantKind, SecretStoreKind, Theme};

/// Headers that the proxy sets itself or that belong to one connection (RFC 9110 section 7.6.1).
const OURS: [&str; 12] = [
    "authorization",
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "origin",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Parses one scope (RFC 6749 section 3.3).
pub(super) fn scope(text: &str) -> Result<String, Fault> {
    let hint = "one scope is printable ASCII without spaces, quotes and backslashes (RFC 6749 section 3.3); several are \
                several: scopes = [\"read\", \"write\"], or --scope read --scope write";
    if text.is_empty() {
        return Err(Fault::of(text, "is empty", hint));
    }
    if !text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
        return Err(Fault::of(text, "has a character that a scope cannot have", hint));
    }
    Ok(text.to_owned())
}

/// Parses a client identifier (RFC 6749 appendix A.1).
pub(super) fn client_id(text: &str) -> Result<String, Fault> {
    let hint = "a client identifier is printable ASCII, as the authorization server gave it; leave it out to let \
                Lamplighter register itself";
    if text.is_empty() {
        return Err(Fault::of(text, "is empty", hint));
    }
    if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Err(Fault::of(text, "has a character that a client identifier cannot have", hint));
    }
    Ok(text.to_owned())
}

/// Parses the name of a header (RFC 9110 section 5.1). What is refused is not shown: it may be a name with its value.
pub(super) fn header(text: &str) -> Result<String, Fault> {
    let hint = "a header's name has neither spaces nor colons, such as X-Api-Key; its value is a secret, and \
                stands in no file of settings: lamplighter add NAME URL --header K=V";
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.is_empty() || !text.bytes().all(token) {
        return Err(Fault::unshown("holds something other than a header's name", hint));
    }
    if OURS.iter().any(|ours| text.eq_ignore_ascii_case(ours)) {
        let hint = "Lamplighter sets this header itself; a fixed Authorization is --grant bearer --bearer-stdin";
        return Err(Fault::of(text, "is a header that cannot be set here", hint));
    }
    Ok(text.to_owned())
}

/// Parses how a grant is obtained.
pub(super) fn grant(text: &str) -> Result<GrantKind, Fault> {
    choice(
        text,
        &[
            ("authorization_code", GrantKind::AuthorizationCode),
            ("client_credentials", GrantKind::ClientCredentials),
            ("bearer", GrantKind::Bearer),
        ],
    )
}

/// Parses where secrets are kept.
pub(super) fn secret_store(text: &str) -> Result<SecretStoreKind, Fault> {
    choice(
        text,
        &[
            ("keychain", SecretStoreKind::Keychain),
            ("file", SecretStoreKind::File),
            ("memory", SecretStoreKind::Memory),
        ],
    )
}

/// Parses the colours of the window.
pub(super) fn theme(text: &str) -> Result<Theme, Fault> {
    choice(text, &[Theme::System, Theme::Light, Theme::Dark].map(|theme| (theme.as_str(), theme)))
}

fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    if let Some((_, chosen)) = choices.iter().find(|(word, _)| *word == text) {
        return Ok(*chosen);
    }
    let words = || choices.iter().map(|(word, _)| *word);
    let example = nearest(text, words()).or_else(|| words().next()).unwrap_or_default();
    let allowed = words().collect::<Vec<_>>().join(", ");
    Err(Fault::of(text, "is not one of the choices", format!("one of {allowed}; for example {example:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_tokens() {
        for text in ["read", "mcp:tools", "https://example.com/auth", "!#[]~"] {
            assert_eq!(scope(text), Ok(text.to_owned()));
        }
        for text in ["", "a b", "a\"b", "a\\b", "é", "a\n"] {
            assert!(scope(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn headers_are_names_that_the_proxy_does_not_need() {
        for text in ["X-Api-Key", "x_key", "Cookie"] {
            assert_eq!(header(text), Ok(text.to_owned()));
        }
        for text in ["", "X Key", "X-Key:", "Authorization", "HOST", "Transfer-Encoding", "é"] {
            assert!(header(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_header_given_with_its_value_is_not_shown() {
        for text in ["X-Api-Key=s3cret!(", "X-Api-Key: s3cret"] {
            let fault = header(text).expect_err(text);
            assert!(!format!("{fault:?}").contains("s3cret"), "{fault:?}");
        }
    }

    #[test]
    fn client_identifiers_are_printable() {
        assert_eq!(client_id("a b"), Ok("a b".to_owned()));
        for text in ["", "a\tb", "é"] {
            assert!(client_id(text).is_err(), "{text:?}");
        }
    }
}
