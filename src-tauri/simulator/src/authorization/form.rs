//! Form parameters, of a body or of a query (RFC 6749 appendix B).

use super::DEVICE_CODE;
use crate::counts::GrantType;

/// The parameters of a request. Empty ones count as missing (RFC 6749 section 3.1).
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn read(encoded: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(encoded).into_owned().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The first value of `name`.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn grant_type(&self) -> GrantType {
        match self.value("grant_type") {
            Some("authorization_code") => GrantType::AuthorizationCode,
            Some("refresh_token") => GrantType::RefreshToken,
            Some("client_credentials") => GrantType::ClientCredentials,
            Some(DEVICE_CODE) => GrantType::DeviceCode,
            Some(_) | None => GrantType::Unknown,
        }
    }
}
