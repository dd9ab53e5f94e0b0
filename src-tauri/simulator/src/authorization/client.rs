//! Who a client is: registration (RFC 7591) and authentication (RFC 6749 section 2.3).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use url::{Host, Url};

use super::{Form, as_json, seconds};
use crate::ledger::{Ledger, Refusal};
use crate::rules::{RedirectUris, Registration};
use crate::tenant::Tenant;
use crate::wire::{self, Body};

/// RFC 7591 section 3.
pub(crate) fn register(tenant: &Tenant, body: &Bytes) -> Response<Body> {
    let wall = tenant.time().wall();
    let mut desk = tenant.desk();
    let lifetime = match desk.authorization.registration {
        Registration::Open => None,
        Registration::Expiring(lifetime) => Some(lifetime),
        Registration::Absent => return wire::empty(StatusCode::NOT_FOUND),
    };
    let Some(asked @ Value::Object(_)) = as_json(body) else {
        return refused("invalid_client_metadata", "the body is no JSON object");
    };
    let redirect_uris: Vec<String> = match asked["redirect_uris"].as_array() {
        Some(uris) => uris.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => Vec::new(),
    };
    let rule = desk.authorization.redirect_uris;
    if redirect_uris.is_empty() || !redirect_uris.iter().all(|uri| registrable(rule, uri)) {
        return refused("invalid_redirect_uri", "redirect_uris must be on loopback, in a form that is allowed here");
    }
    let method = asked["token_endpoint_auth_method"].as_str().unwrap_or("client_secret_basic").to_owned();
    let confidential = match method.as_str() {
        "none" => false,
        "client_secret_basic" | "client_secret_post" => true,
        _ => return refused("invalid_client_metadata", "token_endpoint_auth_method is not supported"),
    };
    let grant_types = match asked["grant_types"].as_array() {
        Some(types) => types.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        // RFC 7591 section 2.
        None => vec!["authorization_code".to_owned()],
    };
    let client = desk.ledger.register(redirect_uris, grant_types, confidential);
    desk.counts.registrations += 1;
    let mut answer = asked;
    answer["client_id"] = json!(client.id);
    answer["client_id_issued_at"] = json!(wall.as_second());
    answer["token_endpoint_auth_method"] = json!(method);
    if let Some(secret) = client.secret {
        answer["client_secret"] = json!(secret);
        answer["client_secret_expires_at"] =
            json!(lifetime.map_or(0, |lifetime: Duration| wall.as_second().saturating_add(seconds(lifetime))));
    }
    wire::json(StatusCode::CREATED, &answer)
}

/// The `client_id` of a client that is who it says: by HTTP Basic, by the body, or public.
pub(super) fn authenticate(ledger: &Ledger, head: &Parts, form: &Form) -> Result<String, Refusal> {
    const WORD: &str = "invalid_client";
    let (id, secret) = if let Some(field) = head.headers.get(AUTHORIZATION) {
        let (id, secret) = basic(field.as_bytes()).ok_or(Refusal(WORD, "Authorization is not HTTP Basic"))?;
        (id, Some(secret))
    } else {
        let id = form.value("client_id").ok_or(Refusal(WORD, "client_id is missing"))?;
        (id.to_owned(), form.value("client_secret").map(str::to_owned))
    };
    let client = ledger.client(&id).ok_or(Refusal(WORD, "the client is unknown"))?;
    if client.secret != secret {
        return Err(Refusal(WORD, "the client's secret is wrong, missing, or one too many"));
    }
    Ok(id)
}

/// Whether an authorization request may come back to `asked`.
pub(super) fn may_return_to(rule: RedirectUris, registered: &[String], asked: &str) -> bool {
    registered.iter().any(|uri| match rule {
        RedirectUris::AnyPort => portless(uri).is_some_and(|uri| Some(uri) == portless(asked)),
        RedirectUris::Exact | RedirectUris::AddressesOnly | RedirectUris::LocalhostOnly => uri == asked,
    })
}

fn registrable(rule: RedirectUris, uri: &str) -> bool {
    let Ok(uri) = Url::parse(uri) else { return false };
    let named = uri.host() == Some(Host::Domain("localhost"));
    let address = match uri.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    match rule {
        RedirectUris::AnyPort | RedirectUris::Exact => named || address,
        RedirectUris::AddressesOnly => address,
        RedirectUris::LocalhostOnly => named,
    }
}

fn portless(uri: &str) -> Option<Url> {
    let mut uri = Url::parse(uri).ok()?;
    uri.set_port(None).ok()?;
    Some(uri)
}

/// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
fn basic(field: &[u8]) -> Option<(String, String)> {
    let encoded = std::str::from_utf8(field).ok()?.strip_prefix("Basic ")?;
    let joined = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = joined.split_once(':')?;
    let decode = |half: &str| {
        // A name without "=" is how the form decoder reads one lone value.
        url::form_urlencoded::parse(half.as_bytes()).next().map(|(value, _)| value.into_owned()).unwrap_or_default()
    };
    Some((decode(id), decode(secret)))
}

fn refused(word: &str, description: &str) -> Response<Body> {
    wire::oauth_error(StatusCode::BAD_REQUEST, word, description)
}
