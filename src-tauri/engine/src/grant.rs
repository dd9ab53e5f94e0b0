//! What the secret store holds of one workload: one document, updated in place.

use std::collections::BTreeMap;

use lamplighter_core::condition::StoreFault;
use lamplighter_core::config::{Resource, WorkloadConfig};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

use crate::ports::StoreError;

/// The document of one workload.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// What the authorization server gave.
    pub grant: Option<Grant>,
    /// Headers that the person gave, values and all.
    pub headers: BTreeMap<String, SecretString>,
    /// The secret of a pre-registered client.
    pub client_secret: Option<SecretString>,
}

/// A grant: tokens, and all that is needed to renew or revoke them.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Sent to the workload.
    pub access_token: SecretString,
    /// Sent to the token endpoint only.
    pub refresh_token: Option<SecretString>,
    /// When it was issued, on the wall clock.
    pub issued_at: jiff::Timestamp,
    /// When the access token expires, on the wall clock.
    pub expires_at: Option<jiff::Timestamp>,
    /// The scope granted, where the server told it.
    pub scope: Option<String>,
    /// The word with which the authorization server ended the refresh token: it is never sent again.
    pub ended: Option<String>,
    /// Who gave it; `None` for a pasted bearer token.
    pub origin: Option<Origin>,
    /// Who is signed in, where the server told it.
    pub account: Option<String>,
}

/// Where a grant came from, and how it is renewed and revoked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The authorization server (RFC 8414 `issuer`).
    pub issuer: String,
    /// Where it is renewed.
    pub token_endpoint: url::Url,
    /// Where it is revoked (RFC 7009), where that is offered.
    pub revocation_endpoint: Option<url::Url>,
    /// Who we are to it.
    pub client: crate::oauth::Client,
    /// The `resource` sent (RFC 8707), to the letter.
    pub resource: Option<String>,
}

impl Grant {
    /// A token that somebody pasted at `now`: nothing is known of it, and nothing renews it.
    pub(crate) fn pasted(token: SecretString, now: jiff::Timestamp) -> Self {
        Self {
            access_token: token,
            refresh_token: None,
            issued_at: now,
            expires_at: None,
            scope: None,
            ended: None,
            origin: None,
            account: None,
        }
    }
}

/// The document that keeps the registration at `issuer`: never replayed to another.
pub(crate) fn registration_document(issuer: &str) -> String {
    format!("registration/{issuer}")
}

/// `resource` of RFC 8707, to the letter: the person's, else the metadata's, else the workload's address.
pub(crate) fn resource(config: &WorkloadConfig, found: Option<String>) -> Option<String> {
    match &config.resource {
        Resource::Discovered => Some(found.unwrap_or_else(|| config.url.as_str().to_owned())),
        Resource::Fixed(resource) => Some(resource.clone()),
        Resource::Omitted => None,
    }
}

/// The document as it is written.
#[derive(Serialize, Deserialize)]
struct Document {
    grant: Option<GrantDocument>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    client_secret: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct GrantDocument {
    access_token: String,
    refresh_token: Option<String>,
    issued_at: jiff::Timestamp,
    expires_at: Option<jiff::Timestamp>,
    scope: Option<String>,
    ended: Option<String>,
    origin: Option<Origin>,
    account: Option<String>,
}

/// `document` in JSON.
fn encoded(document: &impl Serialize) -> Result<SecretSlice<u8>, StoreError> {
    serde_json::to_vec(document).map(Into::into).map_err(|error| StoreError {
        fault: StoreFault::Failed,
        message: format!("the document cannot be written as JSON: {error}"),
    })
}

impl Secrets {
    /// The document as it is stored.
    ///
    /// # Errors
    /// When it cannot be written as JSON: then there is nothing to store, an empty document least of all.
    pub fn encode(&self) -> Result<SecretSlice<u8>, StoreError> {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        let document = Document {
            grant: self.grant.as_ref().map(|grant| GrantDocument {
                access_token: text(&grant.access_token),
                refresh_token: grant.refresh_token.as_ref().map(text),
                issued_at: grant.issued_at,
                expires_at: grant.expires_at,
                scope: grant.scope.clone(),
                ended: grant.ended.clone(),
                origin: grant.origin.clone(),
                account: grant.account.clone(),
            }),
            headers: self.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
            client_secret: self.client_secret.as_ref().map(text),
        };
        encoded(&document)
    }

    /// Reads a stored document; `None` when it is none of ours.
    #[must_use]
    pub fn decode(document: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(document).ok()?;
        Some(Self {
            grant: document.grant.map(|grant| Grant {
                access_token: grant.access_token.into(),
                refresh_token: grant.refresh_token.map(Into::into),
                issued_at: grant.issued_at,
                expires_at: grant.expires_at,
                scope: grant.scope,
                ended: grant.ended,
                origin: grant.origin,
                account: grant.account,
            }),
            headers: document.headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
            client_secret: document.client_secret.map(Into::into),
        })
    }

    /// Whether nothing is held, so that the document may go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.grant.is_none() && self.headers.is_empty() && self.client_secret.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Unwritable;

    impl Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("it has no form"))
        }
    }

    #[test]
    fn a_document_that_cannot_be_encoded_is_an_error_and_no_empty_item() {
        let error = encoded(&Unwritable).unwrap_err();
        assert_eq!(error.fault, StoreFault::Failed);
    }
}
