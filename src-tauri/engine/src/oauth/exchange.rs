//! Plain requests to authorization servers: how ours look, and what to say when no answer came.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request};
use lamplighter_core::condition::Transport;
use url::Url;

use super::SignInError;
use crate::http::{Fault, SendError};

/// Bodies of authorization servers are at most this long, in bytes.
pub(super) const BODY_BOUND: usize = 1024 * 1024;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("Lamplighter/", env!("CARGO_PKG_VERSION")));

/// Says who asks, since some firewalls turn away requests that do not, and keeps credentials out of every `Debug`.
pub(super) fn sign(headers: &mut HeaderMap) {
    headers.insert(USER_AGENT, AGENT);
    if let Some(credentials) = headers.get_mut(AUTHORIZATION) {
        credentials.set_sensitive(true);
    }
}

/// A request for JSON.
pub(super) fn request(
    method: Method,
    url: &Url,
    content_type: Option<&'static str>,
    body: Vec<u8>,
) -> Result<Request<Vec<u8>>, SignInError> {
    let mut request = Request::builder()
        .method(method)
        .uri(url.as_str())
        .body(body)
        .map_err(|_| SignInError { problem: format!("{} is no address that can be asked", shown(url)), hint: None })?;
    let headers = request.headers_mut();
    sign(headers);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(kind) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    Ok(request)
}

/// An address without what may be secret in it: user, password and query.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// No answer came from `url`.
pub(super) fn unreachable(url: &Url, error: &SendError) -> SignInError {
    let how = match error.fault {
        Fault::Transport(Transport::Dns) => "its name cannot be resolved",
        Fault::Transport(Transport::Refused) => "it refused the connection",
        Fault::Transport(Transport::Unreachable) => "it is out of reach",
        Fault::Transport(Transport::Reset) => "the connection was reset",
        Fault::Transport(Transport::Timeout) => "it did not answer in time",
        Fault::Transport(Transport::Closed) => "it closed the connection without an answer",
        Fault::Tls => "its certificate is not trusted, or TLS with it failed",
    };
    SignInError {
        problem: format!("{} gave no answer: {how}", shown(url)),
        hint: Some("check the network and the address, then sign in again".to_owned()),
    }
}
