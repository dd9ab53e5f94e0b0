//! Plain requests to authorization servers: how ours look, and what to say when no answer came.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request};
use lamplighter_core::condition::Transport;
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use super::{AuthMethod, Client, SignInError};
use crate::http::{Fault, SendError};

/// Bodies of authorization servers are at most this long, in bytes.
pub(super) const BODY_BOUND: usize = 1024 * 1024;

/// Who asks: some firewalls turn away requests that do not say.
pub(crate) const AGENT: HeaderValue = HeaderValue::from_static(concat!("Lamplighter/", env!("CARGO_PKG_VERSION")));

/// Says who asks, and keeps credentials out of every `Debug`.
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

/// A form of `client`, which authenticates as it was registered to (RFC 6749 section 2.3.1).
pub(super) fn form<'a>(
    url: &Url,
    client: &Client,
    fields: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Result<Request<Vec<u8>>, SignInError> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
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
    let body = form.finish().into_bytes();
    let mut request = request(Method::POST, url, Some("application/x-www-form-urlencoded"), body)?;
    if let Some(authorization) = authorization {
        request.headers_mut().insert(AUTHORIZATION, authorization);
    }
    Ok(request)
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
        Fault::Transport(Transport::Malformed) => "what it sent is no HTTP, or too long to be read",
        Fault::Transport(Transport::Offline) => "this machine has no network to reach it by",
        Fault::Transport(Transport::Exhausted) => "this machine has no file descriptor left for a connection to it",
        Fault::Tls => "its certificate is not trusted, or TLS with it failed",
    };
    SignInError {
        problem: format!("{} gave no answer: {how}", shown(url)),
        hint: Some("check the network and the address, then sign in again".to_owned()),
    }
}
