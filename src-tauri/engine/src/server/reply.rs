//! The answers that this port gives of itself: JSON, text, and problem documents (RFC 9457).

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use lamplighter_core::admission::Refusal;
use serde::Serialize;

/// A problem document, of the same shape as those of the control API.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl<'a> Problem<'a> {
    fn new(status: StatusCode, code: &'a str, detail: &'a str) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        Self { r#type: "about:blank", title, status: status.as_u16(), detail, code, hint: None }
    }
}

/// `value` as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    typed(status, "application/json", serde_json::to_vec(value).unwrap_or_default())
}

/// `body` of the media type `kind`.
pub(crate) fn text(kind: &'static str, body: String) -> Response<Body> {
    typed(StatusCode::OK, kind, body)
}

fn typed(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A problem document: `code` for programs, `detail` for people.
pub(crate) fn problem(status: StatusCode, code: &str, detail: &str) -> Response<Body> {
    document(status, &Problem::new(status, code, detail))
}

/// The same with what to do about it.
pub(crate) fn hinted(status: StatusCode, code: &str, detail: &str, hint: &str) -> Response<Body> {
    document(status, &Problem { hint: Some(hint), ..Problem::new(status, code, detail) })
}

/// The answer to a request that was not admitted: it says how it would be.
pub(crate) fn forbidden(refusal: Refusal) -> Response<Body> {
    let status = StatusCode::FORBIDDEN;
    let problem = Problem::new(status, refusal.code(), refusal.detail());
    document(status, &Problem { title: refusal.title(), hint: Some(refusal.hint()), ..problem })
}

fn document(status: StatusCode, problem: &Problem<'_>) -> Response<Body> {
    typed(status, "application/problem+json", serde_json::to_vec(problem).unwrap_or_default())
}
