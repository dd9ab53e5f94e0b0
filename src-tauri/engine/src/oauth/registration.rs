//! Dynamic client registration (RFC 7591): who we are to a server that has never heard of us.

use http::{Method, StatusCode};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::exchange::{BODY_BOUND, request, unreachable};
use super::words::tame;
use super::{AuthMethod, Client, DEVICE_CODE, Server, SignInError};
use crate::http::HttpClient;

/// Client metadata (RFC 7591 section 2, and `application_type` of OIDC registration).
#[derive(Serialize)]
struct Metadata<'a> {
    client_name: &'static str,
    application_type: &'static str,
    grant_types: &'a [String],
    response_types: [&'static str; 1],
    redirect_uris: [&'a str; 1],
    token_endpoint_auth_method: AuthMethod,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

/// Client information (RFC 7591 section 3.2.1).
#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Option<SecretString>,
    client_secret_expires_at: Option<serde_json::Number>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
}

/// An error answer (RFC 7591 section 3.2.2).
#[derive(Deserialize)]
struct Refused {
    error: String,
    error_description: Option<String>,
}

/// Registers a native client with `redirect_uri`, or with its `localhost` form where the server takes only that; with
/// `scopes` and, where the server has a device authorization endpoint, the device grant, or without where it takes
/// none of them.
///
/// # Errors
/// When the server offers no registration, or refuses it.
pub async fn register(
    http: &HttpClient,
    server: &Server,
    redirect_uri: &Url,
    scopes: &[String],
) -> Result<Client, SignInError> {
    let Some(endpoint) = &server.registration_endpoint else {
        return Err(SignInError {
            problem: format!("{} does not let clients register themselves", server.issuer),
            hint: Some(BY_HAND.to_owned()),
        });
    };
    let mut grant_types = vec!["authorization_code".to_owned(), "refresh_token".to_owned()];
    if server.device_authorization_endpoint.is_some() {
        grant_types.push(DEVICE_CODE.to_owned());
    }
    let mut asked = Asked { redirect_uri: redirect_uri.clone(), scopes, grant_types: &grant_types };
    loop {
        match attempt(http, endpoint, server, &asked).await? {
            Ok(client) => return Ok(client),
            Err(refused)
                if refused.error == "invalid_redirect_uri" && asked.redirect_uri.host_str() == Some("127.0.0.1") =>
            {
                // Another host always fits an http address.
                let _ = asked.redirect_uri.set_host(Some("localhost"));
            }
            // Some servers register no scope that belongs to a resource, and grant it all the same.
            Err(refused) if refused.error == "invalid_client_metadata" && !asked.scopes.is_empty() => {
                asked.scopes = &[];
            }
            // Some have the device grant for others only.
            Err(refused) if refused.error == "invalid_client_metadata" && asked.grant_types.len() > 2 => {
                asked = Asked { scopes, grant_types: &grant_types[..2], ..asked };
            }
            Err(refused) => return Err(refused.describe(server)),
        }
    }
}

/// What is asked for, as far as it depends on what the server takes.
struct Asked<'a> {
    redirect_uri: Url,
    scopes: &'a [String],
    grant_types: &'a [String],
}

const BY_HAND: &str = "register an application there by hand and give its identifier with --client-id";

async fn attempt(
    http: &HttpClient,
    endpoint: &Url,
    server: &Server,
    asked: &Asked<'_>,
) -> Result<Result<Client, Refused>, SignInError> {
    let method = method_for(server);
    let metadata = Metadata {
        client_name: "Lamplighter",
        application_type: "native",
        grant_types: asked.grant_types,
        response_types: ["code"],
        redirect_uris: [asked.redirect_uri.as_str()],
        token_endpoint_auth_method: method,
        scope: (!asked.scopes.is_empty()).then(|| asked.scopes.join(" ")),
    };
    let body = serde_json::to_vec(&metadata).unwrap_or_default();
    let request = request(Method::POST, endpoint, Some("application/json"), body)?;
    let answer = http.fetch(request, BODY_BOUND).await.map_err(|error| unreachable(endpoint, &error))?;
    let body = answer.body.as_deref().map_or(&[][..], Vec::as_slice);
    if matches!(answer.status, StatusCode::OK | StatusCode::CREATED) {
        let registered = serde_json::from_slice(body).ok().and_then(|found| client(found, method, asked));
        return registered.map(Ok).ok_or_else(|| SignInError {
            problem: format!("{} answered the registration with something that cannot be used", server.issuer),
            hint: Some(BY_HAND.to_owned()),
        });
    }
    match serde_json::from_slice(body) {
        Ok(refused) => Ok(Err(refused)),
        Err(_) => Err(SignInError {
            problem: format!("{} answered the registration with {}", server.issuer, answer.status),
            hint: Some(BY_HAND.to_owned()),
        }),
    }
}

impl Refused {
    fn describe(&self, server: &Server) -> SignInError {
        let word = tame(&self.error, 64);
        let said = self.error_description.as_deref().map(|text| tame(text, 200)).filter(|text| !text.is_empty());
        SignInError {
            problem: match said {
                Some(text) => format!("{} refused to register Lamplighter: {text} ({word})", server.issuer),
                None => format!("{} refused to register Lamplighter: {word}", server.issuer),
            },
            hint: Some(BY_HAND.to_owned()),
        }
    }
}

/// A public client where the server takes one or does not say.
fn method_for(server: &Server) -> AuthMethod {
    let supported = &server.token_endpoint_auth_methods_supported;
    [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost]
        .into_iter()
        .find(|method| supported.iter().any(|name| AuthMethod::named(name) == Some(*method)))
        .unwrap_or(AuthMethod::None)
}

/// The client that a server made of us; `None` when it wants a method that we have not.
fn client(registered: Registered, wanted: AuthMethod, asked: &Asked<'_>) -> Option<Client> {
    let method = match (&registered.token_endpoint_auth_method, &registered.client_secret) {
        (Some(name), _) => AuthMethod::named(name)?,
        (None, None) => AuthMethod::None,
        (None, Some(_)) if wanted == AuthMethod::None => AuthMethod::ClientSecretBasic,
        (None, Some(_)) => wanted,
    };
    let secret = registered.client_secret.filter(|_| method != AuthMethod::None);
    let expires =
        registered.client_secret_expires_at.and_then(|seconds| seconds.as_i64()).filter(|seconds| *seconds != 0);
    Some(Client {
        id: Some(registered.client_id).filter(|id| !id.is_empty())?,
        method: if secret.is_some() { method } else { AuthMethod::None },
        secret_expires_at: secret.as_ref().and(expires).and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()),
        secret,
        registered: true,
        // What the server does not speak of is as it was asked for (RFC 7591 section 3.2.1).
        grant_types: registered.grant_types.unwrap_or_else(|| asked.grant_types.to_vec()),
        redirect_uri: Some(asked.redirect_uri.clone()),
    })
}
