//! The authorization server's endpoints: requests in, answers out. What is remembered is the ledger's.

mod client;
mod consent;
mod device;
mod form;
mod token;

use std::time::Duration;

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::fault::Endpoint;
use crate::rules::{AuthorizationRules, Discovery, IssParameter, Registration, ResourceParameter};
use crate::tenant::Tenant;
use crate::wire::{self, Body};
use crate::{ledger::Refusal, resource};

pub(crate) use client::register;
pub(crate) use consent::authorize;
pub(crate) use device::{authorize_device, verify};
pub(crate) use form::Form;
pub(crate) use token::token;

/// RFC 8414, and the same for OIDC discovery.
pub(crate) fn metadata(tenant: &Tenant) -> Response<Body> {
    let url = |endpoint| tenant.url(endpoint).to_string();
    let issuer = tenant.issuer().to_string();
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": url(Endpoint::Authorization),
        "token_endpoint": url(Endpoint::Token),
        "revocation_endpoint": url(Endpoint::Revocation),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    let devices = url(Endpoint::DeviceAuthorization);
    let registration = url(Endpoint::Registration);
    let user_info = url(Endpoint::UserInfo);
    let rules = &tenant.desk().authorization;
    document["scopes_supported"] = json!(rules.scopes);
    match rules.registration {
        Registration::Open | Registration::Expiring(_) => document["registration_endpoint"] = json!(registration),
        Registration::Absent => {}
    }
    if rules.devices.is_some() {
        document["device_authorization_endpoint"] = json!(devices);
        document["grant_types_supported"] =
            json!(["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE]);
    }
    if rules.account.is_some() {
        document["userinfo_endpoint"] = json!(user_info);
    }
    if rules.iss == IssParameter::Unsupported {
        remove(&mut document, "authorization_response_iss_parameter_supported");
    }
    match rules.discovery {
        Discovery::WithoutPkce => remove(&mut document, "code_challenge_methods_supported"),
        Discovery::WrongIssuer => document["issuer"] = json!(format!("{issuer}/elsewhere")),
        Discovery::OAuth | Discovery::OpenIdInserted | Discovery::OpenIdAppended | Discovery::Nothing => {}
    }
    wire::json(StatusCode::OK, &document)
}

/// `grant_type` of RFC 8628 section 3.4.
pub(crate) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RFC 7009. Unknown tokens are no error.
pub(crate) fn revoke(tenant: &Tenant, head: &Parts, form: &Form) -> Response<Body> {
    if head.method != Method::POST {
        return wire::empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    let mut desk = tenant.desk();
    let client = match client::authenticate(&desk.ledger, head, form) {
        Ok(client) => client,
        Err(refusal) => return refused(refusal),
    };
    match form.value("token") {
        None => refused(Refusal("invalid_request", "token is missing")),
        Some(token) => {
            desk.ledger.revoke(token, &client);
            wire::empty(StatusCode::OK)
        }
    }
}

/// OIDC Core section 5.3.
pub(crate) fn user_info(tenant: &Tenant, head: &Parts) -> Response<Body> {
    let now = tenant.time().now();
    let desk = tenant.desk();
    let known = resource::bearer(head).and_then(|token| desk.ledger.scope_of(token, now));
    match (known, &desk.authorization.account) {
        (Some(_), Some(account)) => wire::json(StatusCode::OK, &json!({ "sub": account, "email": account })),
        (Some(_), None) => wire::empty(StatusCode::NOT_FOUND),
        (None, _) => wire::with(wire::empty(StatusCode::UNAUTHORIZED), WWW_AUTHENTICATE, "Bearer"),
    }
}

/// RFC 6749 section 5.2.
fn refused(Refusal(word, description): Refusal) -> Response<Body> {
    if word == "invalid_client" {
        let answer = wire::oauth_error(StatusCode::UNAUTHORIZED, word, description);
        return wire::with(answer, WWW_AUTHENTICATE, "Basic");
    }
    wire::oauth_error(StatusCode::BAD_REQUEST, word, description)
}

/// RFC 8707 section 2, as strictly as the rules say. `own` is the resource there is.
fn check_resource(rules: &AuthorizationRules, own: &str, asked: Option<&str>) -> Result<(), Refusal> {
    const WORD: &str = "invalid_target";
    match (rules.resource, asked) {
        (ResourceParameter::Required, None) => Err(Refusal(WORD, "resource is missing")),
        (ResourceParameter::Rejected, Some(_)) => Err(Refusal(WORD, "resource is not understood here")),
        (ResourceParameter::Required | ResourceParameter::Checked, Some(asked)) if asked != own => {
            Err(Refusal(WORD, "there is no such resource"))
        }
        (
            ResourceParameter::Required
            | ResourceParameter::Checked
            | ResourceParameter::Ignored
            | ResourceParameter::Rejected,
            _,
        ) => Ok(()),
    }
}

/// What `asked` gets: itself, or every scope there is when nothing is asked for.
fn granted_scope(rules: &AuthorizationRules, asked: Option<&str>) -> Result<String, Refusal> {
    let all = rules.scopes.join(" ");
    match asked {
        None => Ok(all),
        Some(asked) if crate::ledger::covers(&all, asked) => Ok(asked.to_owned()),
        Some(_) => Err(Refusal("invalid_scope", "there is no such scope")),
    }
}

fn remove(document: &mut Value, key: &str) {
    if let Some(members) = document.as_object_mut() {
        members.remove(key);
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

fn as_json(body: &Bytes) -> Option<Value> {
    serde_json::from_slice(body).ok()
}
