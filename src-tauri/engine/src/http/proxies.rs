//! Which proxy a destination is reached through: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in
//! capitals or not, as curl reads them. Loopback is never proxied.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use lamplighter_core::config::Environment;

use super::SetupError;

/// The proxies in force. `Debug` shows no credentials.
#[derive(Debug)]
pub(super) struct Proxies(Matcher);

impl Proxies {
    pub(super) fn read(environment: &Environment) -> Result<Self, SetupError> {
        let value = |variable: &str| {
            [variable.to_owned(), variable.to_lowercase()]
                .iter()
                .find_map(|variable| environment.get(variable).filter(|value| !value.is_empty()))
                .cloned()
                .unwrap_or_default()
        };
        for variable in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            check(variable, &value(variable))?;
        }
        let matcher = Matcher::builder()
            .all(value("ALL_PROXY"))
            .http(value("HTTP_PROXY"))
            .https(value("HTTPS_PROXY"))
            .no(value("NO_PROXY"));
        Ok(Self(matcher.build()))
    }

    /// The proxy for `destination`, if one is to be used.
    pub(super) fn towards(&self, destination: &Uri) -> Option<Intercept> {
        if destination.host().is_some_and(is_loopback) {
            return None;
        }
        self.0.intercept(destination)
    }
}

/// Whether `host` (as a URI writes it) means this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost"),
    }
}

/// Refuses what the matcher would pass over in silence. The value may hold a password and is not repeated.
fn check(variable: &str, value: &str) -> Result<(), SetupError> {
    let probe = Uri::from_static("https://example.com/");
    let usable = value.is_empty()
        || Matcher::builder()
            .all(value)
            .build()
            .intercept(&probe)
            .is_some_and(|proxy| matches!(proxy.uri().scheme_str(), Some("http" | "https" | "socks5" | "socks5h")));
    if usable {
        return Ok(());
    }
    Err(SetupError {
        problem: format!("{variable} holds no proxy address that can be used"),
        hint: "write http://host:port, https://host:port or socks5://host:port".to_owned(),
    })
}
