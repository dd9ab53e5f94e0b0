//! The protected MCP server: who is let in (RFC 6750, RFC 9728), and Streamable HTTP. What the methods do
//! is in `rpc`.

mod rpc;
mod stream;

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderName, Method, Response, StatusCode};
use serde_json::json;

use crate::fault::Endpoint;
use crate::ledger::covers;
use crate::rules::{Challenge, Discovery, ReplyForm, ScopeDemand};
use crate::tenant::{Desk, Tenant};
use crate::wire::{self, Body};
use rpc::{Message, Reply};

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// RFC 9728 section 3.2.
pub(crate) fn metadata(tenant: &Tenant) -> Response<Body> {
    let document = json!({
        "resource": tenant.url(Endpoint::Mcp).as_str(),
        "resource_name": tenant.name(),
        "authorization_servers": [tenant.issuer().as_str()],
        "scopes_supported": tenant.desk().authorization.scopes,
        "bearer_methods_supported": ["header"],
    });
    wire::json(StatusCode::OK, &document)
}

/// Answers one request to the MCP endpoint.
pub(crate) fn answer(tenant: &Tenant, head: &Parts, body: &Bytes) -> Response<Body> {
    let message = match (&head.method, rpc::read(body)) {
        (&Method::POST, message) => message,
        _ => None,
    };
    if let Err(refusal) = admit(tenant, head, message.as_ref()) {
        return refusal;
    }
    let mut desk = tenant.desk();
    let session = head.headers.get(SESSION).and_then(|value| value.to_str().ok());
    if let Some(session) = session
        && !desk.sessions.contains(session)
    {
        return rpc_error(StatusCode::NOT_FOUND, -32_001, "there is no such session");
    }
    match head.method {
        Method::POST => match message {
            Some(message) => post(&mut desk, head, &message),
            None => rpc_error(StatusCode::BAD_REQUEST, -32_700, "the body is no JSON-RPC message"),
        },
        Method::GET if accepts_events(head) => {
            let after = head.headers.get(LAST_EVENT).and_then(|value| value.to_str().ok()?.parse().ok());
            stream::standing(desk.resource.stream_interval, after.unwrap_or(0))
        }
        Method::GET => wire::empty(StatusCode::NOT_ACCEPTABLE),
        Method::DELETE => match session.map(|session| desk.sessions.remove(session)) {
            Some(true) => wire::empty(StatusCode::OK),
            Some(false) | None => wire::empty(StatusCode::BAD_REQUEST),
        },
        _ => wire::with(wire::empty(StatusCode::METHOD_NOT_ALLOWED), ALLOW, "GET, POST, DELETE"),
    }
}

/// The token of an `Authorization: Bearer` field (RFC 6750 section 2.1).
pub(crate) fn bearer(head: &Parts) -> Option<&str> {
    let (scheme, token) = head.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Lets the request in, or says what is missing.
#[expect(clippy::result_large_err, reason = "the answer is sent at once, not passed up")]
fn admit(tenant: &Tenant, head: &Parts, message: Option<&Message>) -> Result<(), Response<Body>> {
    let metadata = tenant.url(Endpoint::ResourceMetadata);
    let now = tenant.time().now();
    let mut desk = tenant.desk();
    let calls_tool = message.is_some_and(|message| message.method() == Some("tools/call"));
    let guarded = match desk.resource.challenge {
        Challenge::Always => true,
        Challenge::Late => calls_tool,
        Challenge::Never => false,
    };
    if !guarded {
        return Ok(());
    }
    let token = bearer(head);
    let scope = token
        .filter(|_| !desk.resource.refuses_every_token)
        .and_then(|token| desk.ledger.scope_of(token, now))
        .map(str::to_owned);
    let Some(scope) = scope else {
        desk.counts.mcp_unauthorized += 1;
        let error = token.map(|_| "invalid_token");
        let challenge = challenge(&desk, metadata.as_str(), error, &desk.resource.challenged_scopes);
        let refusal = rpc_error(StatusCode::UNAUTHORIZED, -32_000, "a valid access token is needed");
        return Err(wire::with(refusal, WWW_AUTHENTICATE, &challenge));
    };
    let lacking = match &desk.resource.scope_demand {
        ScopeDemand::None => None,
        ScopeDemand::Having(scopes) => Some(scopes).filter(|scopes| !covers(&scope, &scopes.join(" "))),
        ScopeDemand::Insatiable(scopes) => Some(scopes),
    };
    if calls_tool && let Some(scopes) = lacking {
        let challenge = challenge(&desk, metadata.as_str(), Some("insufficient_scope"), scopes);
        desk.counts.mcp_insufficient_scope += 1;
        let refusal = rpc_error(StatusCode::FORBIDDEN, -32_000, "the access token lacks a scope");
        return Err(wire::with(refusal, WWW_AUTHENTICATE, &challenge));
    }
    Ok(())
}

fn challenge(desk: &Desk, metadata: &str, error: Option<&str>, scopes: &[String]) -> String {
    let names_metadata = desk.resource.names_metadata && desk.authorization.discovery != Discovery::Nothing;
    let mut parameters = vec![r#"realm="mcp""#.to_owned()];
    parameters.extend(error.map(|error| format!(r#"error="{error}""#)));
    parameters.extend((!scopes.is_empty()).then(|| format!(r#"scope="{}""#, scopes.join(" "))));
    parameters.extend(names_metadata.then(|| format!(r#"resource_metadata="{metadata}""#)));
    format!("Bearer {}", parameters.join(", "))
}

fn post(desk: &mut Desk, head: &Parts, message: &Message) -> Response<Body> {
    let streams = accepts_events(head);
    match rpc::answer(message, head) {
        Reply::Nothing => wire::empty(StatusCode::ACCEPTED),
        Reply::Slow { span, progress, result } if streams => stream::slow(span, progress, result),
        Reply::Slow { result, .. } => wire::json(StatusCode::OK, &result),
        Reply::Now(result) => {
            let response = match desk.resource.replies {
                ReplyForm::EventStream if streams => stream::once(&result),
                ReplyForm::EventStream | ReplyForm::Json => wire::json(StatusCode::OK, &result),
            };
            if message.method() == Some("initialize") && desk.resource.sessions {
                let session = desk.ledger.session_id();
                let response = wire::with(response, SESSION, &session);
                desk.sessions.insert(session);
                return response;
            }
            response
        }
    }
}

fn accepts_events(head: &Parts) -> bool {
    head.headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(|text| text.contains("text/event-stream")))
}

fn rpc_error(status: StatusCode, code: i32, message: &str) -> Response<Body> {
    wire::json(status, &json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": message } }))
}
