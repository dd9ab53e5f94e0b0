//! Sign-in: discovery, registration, authorization, and the token endpoint.

use http::HeaderMap;
use jiff::SignedDuration;
use lamplighter_core::verdict::Answer;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::http::HttpClient;

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
    /// The `redirect_uri` it was registered with, where that matters.
    pub redirect_uri: Option<Url>,
    /// When `secret` expires (RFC 7591 section 3.2.1).
    pub secret_expires_at: Option<jiff::Timestamp>,
}

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

/// Authorization server metadata (RFC 8414, or OpenID Connect Discovery), checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names of RFC 8414 section 2")]
pub struct Server {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
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
#[derive(Debug)]
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

impl Challenge {
    /// Reads every `WWW-Authenticate` of `headers`; `None` when no Bearer challenge is among them.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let _ = headers;
        unimplemented!()
    }
}

/// Finds the authorization server of the MCP server at `url`.
///
/// # Errors
/// When none is found, or what is found must not be used; the sentence says which and why.
pub async fn discover(
    http: &HttpClient,
    url: &Url,
    challenge: Option<&Challenge>,
    issuer: Option<&Url>,
) -> Result<Discovered, SignInError> {
    let _ = (http, url, challenge, issuer);
    unimplemented!()
}

/// Registers a native client with `redirect_uri` (RFC 7591).
///
/// # Errors
/// When the server offers no registration, or refuses it.
pub async fn register(
    http: &HttpClient,
    server: &Server,
    redirect_uri: &Url,
    scopes: &[String],
) -> Result<Client, SignInError> {
    let _ = (http, server, redirect_uri, scopes);
    unimplemented!()
}

/// Builds an authorization request (PKCE S256, `state`, `resource`).
#[must_use]
pub fn authorize(
    server: &Server,
    client: &Client,
    redirect_uri: &Url,
    scopes: &[String],
    resource: Option<&str>,
) -> Authorization {
    let _ = (server, client, redirect_uri, scopes, resource);
    unimplemented!()
}

/// What a callback brought, checked against the flow that its `state` belongs to.
///
/// # Errors
/// When `iss` is wrong or missing where it must be there, the server refused (`error=`), or there is no code.
pub fn accept_callback(flow: &Authorization, query: &str) -> Result<SecretString, SignInError> {
    let _ = (flow, query);
    unimplemented!()
}

/// The `state` of a callback query.
#[must_use]
pub fn callback_state(query: &str) -> Option<String> {
    let _ = query;
    unimplemented!()
}

/// One request to a token endpoint. Not bounded in time: the caller's clock does that.
///
/// # Errors
/// When no usable tokens came; classified for core.
pub async fn request_tokens(
    http: &HttpClient,
    endpoint: &Url,
    client: &Client,
    resource: Option<&str>,
    request: TokenRequest<'_>,
    wall: jiff::Timestamp,
) -> Result<Tokens, Box<TokenFailure>> {
    let _ = (http, endpoint, client, resource, request, wall);
    unimplemented!()
}

/// Revokes one token (RFC 7009).
///
/// # Errors
/// When the server did not answer 200; the sentence says what it did.
pub async fn revoke(
    http: &HttpClient,
    endpoint: &Url,
    client: &Client,
    token: &SecretString,
    hint: &'static str,
) -> Result<(), SignInError> {
    let _ = (http, endpoint, client, token, hint);
    unimplemented!()
}
