//! `WWW-Authenticate`, a line for each field.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};
use lamplighter_engine::oauth::Challenge;

pub(crate) fn challenge(input: &[u8]) {
    let fields = input.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    let Some(challenge) = read(fields) else { return };
    for scope in &challenge.scopes {
        assert!(!scope.is_empty() && !scope.contains(|one: char| one.is_ascii_whitespace()), "{scope:?} is one scope");
    }
    assert!(challenge.error.as_ref().is_none_or(|error| !error.is_empty()));
    let again = HeaderValue::try_from(written(&challenge)).expect("it came in a field");
    assert_eq!(read([again]), Some(challenge), "what is written is read again");
}

fn read(fields: impl IntoIterator<Item = HeaderValue>) -> Option<Challenge> {
    let headers: HeaderMap = fields.into_iter().map(|field| (WWW_AUTHENTICATE, field)).collect();
    Challenge::read(&headers)
}

/// The challenge by the letter of RFC 9110 section 11.6.1.
fn written(challenge: &Challenge) -> String {
    let address = challenge.resource_metadata.as_ref().map(|url| ("resource_metadata", url.to_string()));
    let scope = (!challenge.scopes.is_empty()).then(|| ("scope", challenge.scopes.join(" ")));
    let error = challenge.error.clone().map(|error| ("error", error));
    let parameters = [address, scope, error].into_iter().flatten();
    let parameters = parameters.map(|(name, value)| format!("{name}={}", quoted(&value)));
    format!("Bearer {}", parameters.collect::<Vec<_>>().join(", "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
