//! What goes over the wire: bodies, answers, and the ways in which a connection ends early. Must not know
//! what is said.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, SizeHint};
use serde_json::Value;

/// A body on its way to the client.
pub(crate) type Body = UnsyncBoxBody<Bytes, Cut>;

/// An answer, or the end of the connection in its place.
pub(crate) type Answer = Result<Response<Body>, Cut>;

/// How a connection ends before its answer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Cut {
    /// Closed in an orderly way (FIN).
    #[error("the script closes the connection")]
    Close,
    /// Reset (RST).
    #[error("the script resets the connection")]
    Reset,
}

/// `body` under `content_type`.
pub(crate) fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    typed(status, content_type, body)
}

/// A JSON document, not to be cached (RFC 6749 section 5.1).
pub(crate) fn json(status: StatusCode, document: &Value) -> Response<Body> {
    with(reply(status, "application/json", document.to_string()), CACHE_CONTROL, "no-store")
}

/// An error of RFC 6749 section 5.2.
pub(crate) fn oauth_error(status: StatusCode, word: &str, description: &str) -> Response<Body> {
    json(status, &serde_json::json!({ "error": word, "error_description": description }))
}

/// A web page.
pub(crate) fn page(status: StatusCode, title: &str, text: &str) -> Response<Body> {
    let html = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1>\n<p>{text}</p>\n</body></html>\n"
    );
    reply(status, "text/html; charset=utf-8", html)
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

/// A body that comes piece by piece.
pub(crate) fn pieces(pieces: impl Stream<Item = Result<Bytes, Cut>> + Send + 'static) -> Body {
    StreamBody::new(pieces.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

/// An answer whose body comes piece by piece.
pub(crate) fn streamed(
    status: StatusCode,
    content_type: &'static str,
    body: impl Stream<Item = Result<Bytes, Cut>> + Send + 'static,
) -> Response<Body> {
    typed(status, content_type, pieces(body))
}

/// `response` with one more field; a value that no field can hold is left out.
pub(crate) fn with(mut response: Response<Body>, name: HeaderName, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// `response`, keeping `guard` until its body is sent or given up.
pub(crate) fn holding<G: Send + Unpin + 'static>(response: Response<Body>, guard: G) -> Response<Body> {
    response.map(|body| Held { body, _guard: guard }.boxed_unsync())
}

/// An HTTP date (RFC 9110 section 5.6.7).
pub(crate) fn http_date(wall: jiff::Timestamp) -> String {
    let seconds = u64::try_from(wall.as_second()).unwrap_or_default();
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// A body that keeps something for as long as it is there.
struct Held<G> {
    body: Body,
    _guard: G,
}

impl<G: Unpin> hyper::body::Body for Held<G> {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn typed(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
