//! Taking a token back (RFC 7009).

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::exchange::{BODY_BOUND, form, shown, unreachable};
use super::{Client, SignInError};
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
    let request = form(endpoint, client, [("token", token.expose_secret()), ("token_type_hint", hint)])?;
    let answer = http.fetch(request, BODY_BOUND).await.map_err(|error| unreachable(endpoint, &error))?;
    if answer.status == http::StatusCode::OK {
        return Ok(());
    }
    Err(SignInError {
        problem: format!("{} answered the revocation with {}", shown(endpoint), answer.status),
        hint: None,
    })
}
