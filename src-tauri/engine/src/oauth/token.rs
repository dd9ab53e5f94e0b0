//! The token endpoint: one request out, built by the oauth2 crate; one answer in, read and classified here.
//!
//! The crate's own sending and reading are not used: it refuses what real servers send (a status other than 200, a
//! numeric string in `expires_in`, another Content-Type) and forgets what a verdict hangs on.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use lamplighter_core::condition::Transport;
use lamplighter_core::verdict::{Answer, Content};
use oauth2::{AuthorizationCode, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope, TokenUrl};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::excerpt::excerpt;
use super::exchange::{BODY_BOUND, form, sign};
use super::reply::{self, Body};
use super::written::{text, unsent, writer, written};
use super::{Client, DEVICE_CODE, TokenFailure, TokenRequest, Tokens};
use crate::http::{Fault, Fetched, HttpClient};

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
    wall: Timestamp,
) -> Result<Tokens, Box<TokenFailure>> {
    let secrets = secrets_of(client, request);
    let Some(mut built) = build(endpoint, client, resource, request) else {
        // The endpoint cannot be written as a request, so nothing was sent.
        return Err(Box::new(no_answer(Fault::Transport(Transport::Unreachable))));
    };
    sign(built.headers_mut());
    match http.fetch(built, BODY_BOUND).await {
        Ok(answer) => {
            tracing::debug!(status = %answer.status, "the token endpoint answered");
            read_token_answer(&answer, &secrets, wall)
        }
        Err(error) => Err(Box::new(no_answer(error.fault))),
    }
}

/// The request, unsent.
fn build(
    endpoint: &Url,
    client: &Client,
    resource: Option<&str>,
    request: TokenRequest<'_>,
) -> Option<http::Request<Vec<u8>>> {
    let writer = writer(client).set_token_uri(TokenUrl::from_url(endpoint.clone()));
    match request {
        TokenRequest::Code { code, verifier, redirect_uri } => {
            let mut request = writer
                .exchange_code(AuthorizationCode::new(text(code)))
                .set_pkce_verifier(PkceCodeVerifier::new(text(verifier)))
                .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect_uri.clone())));
            if let Some(resource) = resource {
                request = request.add_extra_param("resource", resource);
            }
            written(request.request(&unsent))
        }
        TokenRequest::DeviceCode { device_code } => {
            // The crate writes this request only within a loop of its own, which waits and judges by itself.
            let fields = [("grant_type", DEVICE_CODE), ("device_code", device_code.expose_secret())];
            let resource = resource.map(|resource| ("resource", resource));
            form(endpoint, client, fields.into_iter().chain(resource)).ok()
        }
        TokenRequest::Refresh { refresh_token } => {
            let refresh_token = RefreshToken::new(text(refresh_token));
            let mut request = writer.exchange_refresh_token(&refresh_token);
            if let Some(resource) = resource {
                request = request.add_extra_param("resource", resource);
            }
            written(request.request(&unsent))
        }
        TokenRequest::ClientCredentials { scopes } => {
            let mut request = writer.exchange_client_credentials().add_scopes(scopes.iter().cloned().map(Scope::new));
            if let Some(resource) = resource {
                request = request.add_extra_param("resource", resource);
            }
            written(request.request(&unsent))
        }
    }
}

/// What this request carries and no log may hold, should the server repeat it.
fn secrets_of<'a>(client: &'a Client, request: TokenRequest<'a>) -> Vec<&'a SecretString> {
    let mut secrets: Vec<_> = client.secret.iter().collect();
    match request {
        TokenRequest::Code { code, verifier, .. } => secrets.extend([code, verifier]),
        TokenRequest::DeviceCode { device_code } => secrets.push(device_code),
        TokenRequest::Refresh { refresh_token } => secrets.push(refresh_token),
        TokenRequest::ClientCredentials { .. } => {}
    }
    secrets
}

fn no_answer(fault: Fault) -> TokenFailure {
    let answer = match fault {
        Fault::Transport(transport) => Answer::Transport(transport),
        Fault::Tls => Answer::Tls,
    };
    TokenFailure { answer, skew: None, excerpt: None }
}

/// Reads what a token endpoint answered to a request that carried `secrets`, at `wall` on the local clock. Tokens with
/// a 2xx are a success; everything else is a failure of the kind that its content tells.
///
/// # Errors
/// When there are no usable tokens in it; classified for core.
pub fn read_token_answer(
    answer: &Fetched,
    secrets: &[&SecretString],
    wall: Timestamp,
) -> Result<Tokens, Box<TokenFailure>> {
    let date = answer.headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?));
    let skew = date.map(|date| date.duration_since(wall));
    let body = answer.body.as_deref().map(Vec::as_slice);
    let success = answer.status.is_success();
    let unreadable = Body::Other(Content::Unreadable);
    let content = match body.map_or(unreadable, |body| reply::read(body, success, secrets, date.unwrap_or(wall))) {
        Body::Tokens(tokens) if success => return Ok(Tokens { skew, ..*tokens }),
        Body::Tokens(_) => Content::Token,
        Body::Other(content) => content,
    };
    let excerpt = body.filter(|_| content != Content::Token).map(|body| excerpt(body, secrets));
    let retry_after = retry_after(&answer.headers, date.unwrap_or(wall));
    Err(Box::new(TokenFailure {
        answer: Answer::Http { status: answer.status.as_u16(), content, retry_after },
        skew,
        excerpt: excerpt.filter(|excerpt| !excerpt.is_empty()),
    }))
}

/// `Retry-After` in seconds, or as a date on the server's clock (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    Duration::try_from(http_date(value)?.duration_since(now)).ok()
}

fn http_date(value: &str) -> Option<Timestamp> {
    let date: SystemTime = httpdate::parse_http_date(value.trim()).ok()?;
    Timestamp::try_from(date).ok()
}
