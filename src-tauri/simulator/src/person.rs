//! The person and their browser: goes where an authorization request leads, and presses a button there.
//! Works with the simulator's authorization servers only.

use bytes::Bytes;
use http::header::LOCATION;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use url::Url;

/// Why a sign-in did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// Nobody answered, or the answer broke off.
    #[error("{url} does not answer")]
    Unreachable {
        /// Where the person went.
        url: Url,
        /// What was in the way.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There was no way back from the authorization endpoint.
    #[error("the authorization endpoint sent nobody back, but answered {status}: {page}")]
    Stuck {
        /// The status.
        status: StatusCode,
        /// The page shown.
        page: String,
    },
}

/// Approves; the address of the callback that the browser is sent to.
///
/// # Errors
/// When the authorization server does not answer, or shows an error page.
pub async fn approve(authorization_url: &Url) -> Result<Url, PersonError> {
    decide(authorization_url, "approve").await
}

/// Denies; the address of the callback that the browser is sent to.
///
/// # Errors
/// When the authorization server does not answer, or shows an error page.
pub async fn deny(authorization_url: &Url) -> Result<Url, PersonError> {
    decide(authorization_url, "deny").await
}

/// Approves and lets the browser follow; the status and page that the client shows.
///
/// # Errors
/// When either side does not answer, or the authorization server shows an error page.
pub async fn sign_in(authorization_url: &Url) -> Result<(StatusCode, String), PersonError> {
    visit(&approve(authorization_url).await?).await
}

/// Enters the code of a sign-in on another device and approves (RFC 8628 section 3.3); the status and page shown.
///
/// # Errors
/// When the authorization server does not answer.
pub async fn approve_device(verification_uri: &Url, user_code: &str) -> Result<(StatusCode, String), PersonError> {
    enter(verification_uri, user_code, "approve").await
}

/// Enters the code and denies; the status and page shown.
///
/// # Errors
/// When the authorization server does not answer.
pub async fn deny_device(verification_uri: &Url, user_code: &str) -> Result<(StatusCode, String), PersonError> {
    enter(verification_uri, user_code, "deny").await
}

/// Opens an address; its status and page.
///
/// # Errors
/// When nobody answers.
pub async fn visit(url: &Url) -> Result<(StatusCode, String), PersonError> {
    let (head, page) = fetch(url).await?.into_parts();
    Ok((head.status, page))
}

async fn enter(verification_uri: &Url, user_code: &str, decision: &str) -> Result<(StatusCode, String), PersonError> {
    let mut url = verification_uri.clone();
    url.query_pairs_mut().append_pair("user_code", user_code).append_pair("decision", decision);
    visit(&url).await
}

async fn decide(authorization_url: &Url, decision: &str) -> Result<Url, PersonError> {
    let mut url = authorization_url.clone();
    url.query_pairs_mut().append_pair("decision", decision);
    let answer = fetch(&url).await?;
    let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    match location.and_then(|location| url.join(location).ok()) {
        Some(callback) if answer.status().is_redirection() => Ok(callback),
        Some(_) | None => Err(PersonError::Stuck { status: answer.status(), page: answer.into_body() }),
    }
}

async fn fetch(url: &Url) -> Result<Response<String>, PersonError> {
    let unreachable =
        |source: Box<dyn std::error::Error + Send + Sync>| PersonError::Unreachable { url: url.clone(), source };
    // This person trusts every certificate; and every server here serves the same without one.
    let mut plain = url.clone();
    let _ = plain.set_scheme("http");
    let uri = plain.as_str().parse::<http::Uri>().map_err(|error| unreachable(error.into()))?;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.get(uri).await.map_err(|error| unreachable(error.into()))?.into_parts();
    let body = body.collect().await.map_err(|error| unreachable(error.into()))?.to_bytes();
    Ok(Response::from_parts(head, String::from_utf8_lossy(&body).into_owned()))
}
