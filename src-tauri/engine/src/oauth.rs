//! Sign-in: discovery, registration, authorization, and the token endpoint.
//!
//! The types that the parts share; each part is a room of its own. Knows nothing of workloads, monitors or stores.

mod authorization;
mod challenge;
mod client;
mod device;
mod discovery;
mod excerpt;
mod exchange;
mod registration;
mod reply;
mod revocation;
mod token;
mod words;
mod written;

use jiff::SignedDuration;
use lamplighter_core::verdict::Answer;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

pub use self::authorization::{accept_callback, authorize, callback_state};
pub use self::device::{DeviceError, Polled, authorize_device};
pub use self::discovery::discover;
pub(crate) use self::discovery::{public_address, root};
pub(crate) use self::exchange::AGENT;
pub use self::registration::register;
pub use self::revocation::revoke;
pub use self::token::{read_token_answer, request_tokens};
pub(crate) use self::words::tame;

/// Who we are to an authorization server: pre-registered, or registered by RFC 7591.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`, for confidential clients.
    #[serde(default, serialize_with = "reveal", skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretString>,
    /// `token_endpoint_auth_method`.
    pub method: AuthMethod,
    /// Whether it came from dynamic registration.
    pub registered: bool,
    /// The `grant_types` it was registered for; none are known of a client that was registered by hand.
    #[serde(default)]
    pub grant_types: Vec<String>,
    /// The `redirect_uri` it was registered with, where that matters.
    pub redirect_uri: Option<Url>,
    /// When `secret` expires (RFC 7591 section 3.2.1).
    pub secret_expires_at: Option<jiff::Timestamp>,
}

#[expect(clippy::ref_option, reason = "the shape that serde asks for")]
fn reveal<S: serde::Serializer>(secret: &Option<SecretString>, out: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|secret| secrecy::ExposeSecret::expose_secret(secret).to_owned()).serialize(out)
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A public client.
    None,
    /// HTTP Basic.
    ClientSecretBasic,
    /// In the body.
    ClientSecretPost,
}

/// The grants that begin with a person who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInGrant {
    /// With a browser that comes back to this machine (RFC 6749 section 4.1).
    AuthorizationCode,
    /// With a browser on any other (RFC 8628).
    DeviceCode,
}

/// `grant_type` of RFC 8628 section 3.4.
pub(crate) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The challenges of a 401 or 403 that concern us (RFC 9110 section 11.6.1, RFC 6750, RFC 9728 section 5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// `resource_metadata`.
    pub resource_metadata: Option<Url>,
    /// `scope`, split.
    pub scopes: Vec<String>,
    /// `error`.
    pub error: Option<String>,
}

/// What discovery found.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovered {
    /// `resource` of the protected resource metadata, to the letter.
    pub resource: Option<String>,
    /// The scopes to ask for: the challenge's, else all the resource's, `offline_access` added where the server lists it.
    pub scopes: Vec<String>,
    /// The authorization server.
    pub server: Server,
}

/// Authorization server metadata (RFC 8414, or OIDC Discovery), checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names of RFC 8414 section 2")]
pub struct Server {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub device_authorization_endpoint: Option<Url>,
    pub registration_endpoint: Option<Url>,
    pub revocation_endpoint: Option<Url>,
    pub userinfo_endpoint: Option<Url>,
    pub scopes_supported: Vec<String>,
    pub token_endpoint_auth_methods_supported: Vec<String>,
    pub authorization_response_iss_parameter_supported: bool,
    pub client_id_metadata_document_supported: bool,
}

/// Why a sign-in cannot begin: a sentence for people.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct SignInError {
    /// What is wrong, where.
    pub problem: String,
    /// What to do.
    pub hint: Option<String>,
}

/// An authorization request, ready to be opened, with what its answer is checked against.
#[derive(Debug)]
pub struct Authorization {
    /// What the person opens.
    pub url: Url,
    /// `state`.
    pub state: SecretString,
    /// PKCE `code_verifier` (RFC 7636).
    pub verifier: SecretString,
    /// `redirect_uri`, needed again at the token endpoint.
    pub redirect_uri: Url,
    /// `issuer` that the callback's `iss` must equal (RFC 9207).
    pub issuer: String,
    /// Whether `iss` must be there.
    pub iss_required: bool,
}

/// A device authorization (RFC 8628 section 3.2).
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// `device_code`, which is polled with.
    pub device_code: SecretString,
    /// `user_code`, which the person enters.
    pub user_code: String,
    /// `verification_uri`, where the person enters it.
    pub verification_uri: Url,
    /// `verification_uri_complete`, which has the code in it.
    pub verification_uri_complete: Option<Url>,
    /// How long both codes are good for.
    pub expires_in: std::time::Duration,
    /// The least time from one poll to the next.
    pub interval: std::time::Duration,
}

/// Tokens as the token endpoint gave them.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// `access_token`.
    pub access_token: SecretString,
    /// `refresh_token`.
    pub refresh_token: Option<SecretString>,
    /// Lifetime: `expires_in`, else what the `exp` of a JWT hints at; `None` when unknown.
    pub lifetime: Option<std::time::Duration>,
    /// `scope`.
    pub scope: Option<String>,
    /// Who signed in, where an `id_token` tells (`email`, `preferred_username`, `sub`, in that order).
    pub account: Option<String>,
    /// How far the server's `Date` was ahead of `wall`.
    pub skew: Option<SignedDuration>,
}

/// A token request that brought no tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFailure {
    /// For core to judge.
    pub answer: Answer,
    /// How far the server's `Date` was ahead of the wall clock.
    pub skew: Option<SignedDuration>,
    /// The body, redacted and cut to 512 bytes, for the log.
    pub excerpt: Option<String>,
}

/// What is asked of a token endpoint.
#[derive(Clone, Copy, Debug)]
pub enum TokenRequest<'a> {
    /// RFC 6749 section 4.1.3.
    Code {
        /// `code`.
        code: &'a SecretString,
        /// `code_verifier`.
        verifier: &'a SecretString,
        /// `redirect_uri`.
        redirect_uri: &'a Url,
    },
    /// RFC 8628 section 3.4.
    DeviceCode {
        /// `device_code`.
        device_code: &'a SecretString,
    },
    /// RFC 6749 section 6.
    Refresh {
        /// `refresh_token`.
        refresh_token: &'a SecretString,
    },
    /// RFC 6749 section 4.4.
    ClientCredentials {
        /// `scope`.
        scopes: &'a [String],
    },
}

impl AuthMethod {
    /// The method of this name (RFC 7591 section 2); `None` when it is not one of ours.
    fn named(name: &str) -> Option<Self> {
        [Self::None, Self::ClientSecretBasic, Self::ClientSecretPost].into_iter().find(|method| method.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }
}
