//! Asking the person: the authorization request, and what may be believed of its answer.

use std::borrow::Cow;

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope};
use secrecy::SecretString;
use url::{Url, form_urlencoded};

use super::words::tame;
use super::{Authorization, Client, Server, SignInError};

/// Builds an authorization request (PKCE S256, `state`, `resource`).
#[must_use]
pub fn authorize(
    server: &Server,
    client: &Client,
    redirect_uri: &Url,
    scopes: &[String],
    resource: Option<&str>,
) -> Authorization {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let asking = BasicClient::new(ClientId::new(client.id.clone()))
        .set_auth_uri(AuthUrl::from_url(server.authorization_endpoint.clone()));
    let mut request = asking
        .authorize_url(|| CsrfToken::new_random_len(32))
        .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect_uri.clone())))
        .set_pkce_challenge(challenge)
        .add_scopes(scopes.iter().cloned().map(Scope::new));
    if let Some(resource) = resource {
        request = request.add_extra_param("resource", resource);
    }
    // OIDC Core section 11: without it `offline_access` must be ignored.
    if scopes.iter().any(|scope| scope == "offline_access") {
        request = request.add_extra_param("prompt", "consent");
    }
    let (url, state) = request.url();
    Authorization {
        url,
        state: state.into_secret().into(),
        verifier: verifier.into_secret().into(),
        redirect_uri: redirect_uri.clone(),
        issuer: server.issuer.clone(),
        iss_required: server.authorization_response_iss_parameter_supported,
    }
}

/// What a callback brought, checked against the flow that its `state` belongs to.
///
/// # Errors
/// When `iss` is wrong or missing where it must be there (RFC 9207), the server refused (`error=`), or there is no code.
pub fn accept_callback(flow: &Authorization, query: &str) -> Result<SecretString, SignInError> {
    let issuers: Vec<String> = values(query, "iss").collect();
    if issuers.iter().any(|issuer| *issuer != flow.issuer) {
        return Err(SignInError {
            problem: format!("the answer did not come from {}, so nothing of it was used", flow.issuer),
            hint: Some("sign in again; if this repeats, something between browser and server interferes".to_owned()),
        });
    }
    if issuers.is_empty() && flow.iss_required {
        return Err(SignInError {
            problem: format!("the answer does not say that it came from {}, as that server promises", flow.issuer),
            hint: Some("sign in again".to_owned()),
        });
    }
    if let Some(error) = values(query, "error").next() {
        let word = tame(&error, 64);
        let problem = match values(query, "error_description").next().map(|text| tame(&text, 200)) {
            Some(text) if !text.is_empty() => format!("the server refused the sign-in: {text} ({word})"),
            Some(_) | None => format!("the server refused the sign-in: {word}"),
        };
        return Err(SignInError { problem, hint: None });
    }
    match values(query, "code").next() {
        Some(code) if !code.is_empty() => Ok(code.into()),
        Some(_) | None => Err(SignInError {
            problem: "the answer holds neither a code nor an error".to_owned(),
            hint: Some("sign in again".to_owned()),
        }),
    }
}

/// The `state` of a callback query.
#[must_use]
pub fn callback_state(query: &str) -> Option<String> {
    values(query, "state").next().filter(|state| !state.is_empty())
}

fn values<'q>(query: &'q str, name: &'q str) -> impl Iterator<Item = String> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.filter(move |(key, _)| key == name).map(|(_, value)| value.into_owned())
}
