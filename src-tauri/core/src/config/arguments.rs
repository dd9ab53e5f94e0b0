//! The same grammar for one value at a time: what `add` and the control API are given.
//!
//! The errors are those of the file, with the argument for a place and the key in
//! [`ConfigError::field`].

use std::time::Duration;

use url::Url;

use super::error::{ConfigError, Fault};
use super::{GrantKind, Resource, address, duration, word};

/// Parses the address of a workload: https, or http on loopback.
///
/// # Errors
/// When it is another address, or has a user, a password or a fragment.
pub fn parse_url(text: &str) -> Result<Url, ConfigError> {
    argument(address::workload(text), "URL", "url")
}

/// Parses a client identifier (RFC 6749 appendix A.1).
///
/// # Errors
/// When it is empty or not printable ASCII.
pub fn parse_client_id(text: &str) -> Result<String, ConfigError> {
    argument(word::client_id(text), "--client-id", "client_id")
}

/// Parses one scope (RFC 6749 section 3.3).
///
/// # Errors
/// When it is not one scope token.
pub fn parse_scope(text: &str) -> Result<String, ConfigError> {
    argument(word::scope(text), "--scope", "scopes")
}

/// Parses a `resource` (RFC 8707 section 2), kept to the letter.
///
/// # Errors
/// When it is no absolute URI, or has a user, a password or a fragment.
pub fn parse_resource(text: &str) -> Result<Resource, ConfigError> {
    argument(address::resource(text), "--resource", "resource")
}

/// Parses an issuer (RFC 8414 section 2).
///
/// # Errors
/// When it is not an https address (http on loopback), or has a user, a password, a query or a fragment.
pub fn parse_issuer(text: &str) -> Result<Url, ConfigError> {
    argument(address::issuer(text), "--issuer", "issuer")
}

/// Parses how a grant is obtained.
///
/// # Errors
/// When it is none of the three words.
pub fn parse_grant(text: &str) -> Result<GrantKind, ConfigError> {
    argument(word::grant(text), "--grant", "grant")
}

/// Parses the name of a header (RFC 9110 section 5.1) that may be set on every request to a workload.
///
/// # Errors
/// When it is not the name of a header, or of one that Lamplighter sets itself.
pub fn parse_header(name: &str) -> Result<String, ConfigError> {
    argument(word::header(name), "--header", "headers")
}

/// Parses a duration given as `argument`: `250ms`, `90s`, `10m`, `24h`, `1h30m`.
///
/// # Errors
/// When it is not a duration, or not above zero.
pub fn parse_duration(argument_name: &str, text: &str) -> Result<Duration, ConfigError> {
    let example = format!("{argument_name} 5m");
    argument(duration::parse(text, &example), argument_name, argument_name.trim_start_matches('-'))
}

fn argument<T>(read: Result<T, Fault>, argument: &str, key: &str) -> Result<T, ConfigError> {
    read.map_err(|fault| fault.in_argument(argument, key))
}
