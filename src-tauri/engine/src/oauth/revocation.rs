//! Taking a token back (RFC 7009).

use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use super::exchange::{BODY_BOUND, request, shown, unreachable};
use super::{AuthMethod, Client, SignInError};
use crate::http::HttpClient;

/// Revokes one token (RFC 7009); `hint` is its `token_type_hint`.
///
/// The request is built here and not by the oauth2 crate, which refuses http even on loopback.
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
    let (body, authorization) = form(client, token, hint);
    let mut request = request(Method::POST, endpoint, Some("application/x-www-form-urlencoded"), body)?;
    if let Some(authorization) = authorization {
        request.headers_mut().insert(AUTHORIZATION, authorization);
    }
    let answer = http.fetch(request, BODY_BOUND).await.map_err(|error| unreachable(endpoint, &error))?;
    if answer.status == http::StatusCode::OK {
        return Ok(());
    }
    Err(SignInError {
        problem: format!("{} answered the revocation with {}", shown(endpoint), answer.status),
        hint: None,
    })
}

/// The body, and the `Authorization` of a client that authenticates by it.
fn form(client: &Client, token: &SecretString, hint: &str) -> (Vec<u8>, Option<HeaderValue>) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token.expose_secret()).append_pair("token_type_hint", hint);
    let mut authorization = None;
    match (client.method, &client.secret) {
        (AuthMethod::ClientSecretBasic, Some(secret)) => authorization = Some(basic(&client.id, secret)),
        (AuthMethod::ClientSecretPost, Some(secret)) => {
            form.append_pair("client_id", &client.id).append_pair("client_secret", secret.expose_secret());
        }
        (AuthMethod::None, _) | (AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost, None) => {
            form.append_pair("client_id", &client.id);
        }
    }
    (form.finish().into_bytes(), authorization)
}

/// HTTP Basic with both halves form-encoded first (RFC 6749 section 2.3.1).
fn basic(id: &str, secret: &SecretString) -> HeaderValue {
    use base64::Engine as _;
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(id), encode(secret.expose_secret()));
    let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let mut value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}
