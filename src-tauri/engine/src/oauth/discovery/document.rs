//! The two metadata documents, and what must hold before they are used.

use serde::{Deserialize, Deserializer};
use url::Url;

use super::lookup::Lookup;
use crate::oauth::words::tame;
use crate::oauth::{Server, SignInError};

/// Protected resource metadata (RFC 9728 section 2).
#[derive(Default, Deserialize)]
pub(super) struct ResourceDocument {
    pub(super) resource: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) authorization_servers: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) scopes_supported: Vec<String>,
}

/// Authorization server metadata as it is published (RFC 8414 section 2).
#[derive(Deserialize)]
pub(super) struct ServerDocument {
    pub(super) issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    registration_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    scopes_supported: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default, deserialize_with = "or_default")]
    client_id_metadata_document_supported: bool,
}

/// Takes `null` for a member that is not there.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(member: D) -> Result<T, D::Error> {
    Option::deserialize(member).map(Option::unwrap_or_default)
}

impl ServerDocument {
    /// The server, if it may be used.
    pub(super) async fn check(self, lookup: &mut Lookup<'_>) -> Result<Server, SignInError> {
        let who = tame(&self.issuer, 200);
        if !self.code_challenge_methods_supported.iter().any(|method| method == "S256") {
            return Err(SignInError {
                problem: format!("{who} does not offer PKCE with S256, without which signing in is not safe"),
                hint: Some("tell who runs it: code_challenge_methods_supported must list S256".to_owned()),
            });
        }
        let authorization_endpoint = endpoint(&who, "authorization_endpoint", self.authorization_endpoint, lookup);
        let authorization_endpoint =
            authorization_endpoint.await?.ok_or_else(|| missing(&who, "authorization_endpoint"))?;
        let token_endpoint = endpoint(&who, "token_endpoint", self.token_endpoint, lookup);
        let token_endpoint = token_endpoint.await?.ok_or_else(|| missing(&who, "token_endpoint"))?;
        Ok(Server {
            authorization_endpoint,
            token_endpoint,
            registration_endpoint: endpoint(&who, "registration_endpoint", self.registration_endpoint, lookup).await?,
            // Signing in by code needs none of these: one that must not be used counts as not offered.
            device_authorization_endpoint: endpoint(&who, "", self.device_authorization_endpoint, lookup)
                .await
                .unwrap_or_default(),
            revocation_endpoint: endpoint(&who, "", self.revocation_endpoint, lookup).await.unwrap_or_default(),
            userinfo_endpoint: endpoint(&who, "", self.userinfo_endpoint, lookup).await.unwrap_or_default(),
            scopes_supported: self.scopes_supported,
            token_endpoint_auth_methods_supported: self.token_endpoint_auth_methods_supported,
            authorization_response_iss_parameter_supported: self.authorization_response_iss_parameter_supported,
            client_id_metadata_document_supported: self.client_id_metadata_document_supported,
            issuer: self.issuer,
        })
    }
}

/// The endpoint that a document names, if it names one.
async fn endpoint(
    who: &str,
    name: &str,
    value: Option<String>,
    lookup: &mut Lookup<'_>,
) -> Result<Option<Url>, SignInError> {
    let Some(value) = value else { return Ok(None) };
    let url = Url::parse(&value).map_err(|_| SignInError {
        problem: format!("the {name} of {who}, \"{}\", is no address", tame(&value, 200)),
        hint: Some("tell who runs it".to_owned()),
    })?;
    lookup.permit(&url).await?;
    Ok(Some(url))
}

fn missing(who: &str, name: &str) -> SignInError {
    SignInError { problem: format!("{who} names no {name}"), hint: Some("tell who runs it".to_owned()) }
}

/// Whether `resource` is the address `url` or one above it: the same origin, and a path whose segments `url` begins with.
pub(super) fn covers(resource: &str, url: &Url) -> bool {
    let Ok(resource) = Url::parse(resource) else { return false };
    let segments =
        |url: &Url| -> Vec<String> { url.path().trim_end_matches('/').split('/').skip(1).map(str::to_owned).collect() };
    resource.has_host() && resource.origin() == url.origin() && segments(url).starts_with(&segments(&resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_covers_what_lies_below_it() {
        let table = [
            ("https://a.example/t/mcp", true),
            ("https://a.example/t/mcp/", true),
            ("https://a.example/t", true),
            ("https://a.example", true),
            ("https://A.example:443/", true),
            ("https://a.example/t/mc", false),
            ("https://a.example/t/mcp/more", false),
            ("https://a.example:8443/t/mcp", false),
            ("http://a.example/t/mcp", false),
            ("https://b.example/t/mcp", false),
            ("urn:mcp", false),
            ("", false),
        ];
        let url = Url::parse("https://a.example/t/mcp?k=1").unwrap();
        for (resource, expected) in table {
            assert_eq!(covers(resource, &url), expected, "{resource}");
        }
    }
}
