//! Signing in on another device (RFC 8628): where it begins, and the page where the person enters the code.

use std::time::Duration;

use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::json;
use url::Url;

use super::{DEVICE_CODE, Form, check_resource, client, granted_scope, refused, seconds};
use crate::fault::Endpoint;
use crate::ledger::{DeviceCodes, Refusal};
use crate::rules::{Consent, DeviceRules};
use crate::tenant::{Desk, Tenant};
use crate::wire::{self, Body};

/// What holds where no interval is told (RFC 8628 section 3.2).
const INTERVAL: Duration = Duration::from_secs(5);

/// RFC 8628 sections 3.1 and 3.2.
pub(crate) fn authorize_device(tenant: &Tenant, head: &Parts, form: &Form) -> Response<Body> {
    if head.method != Method::POST {
        return wire::empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    let own = tenant.url(Endpoint::Mcp);
    let verification = tenant.url(Endpoint::Verification);
    let now = tenant.time().now();
    let mut desk = tenant.desk();
    let Some(rules) = desk.authorization.devices.clone() else { return wire::empty(StatusCode::NOT_FOUND) };
    match begin(&mut desk, head, form, own.as_str(), &rules, now) {
        Ok(codes) => {
            desk.counts.device_authorizations += 1;
            answer(&codes, &rules, &verification)
        }
        Err(refusal) => refused(refusal),
    }
}

fn begin(
    desk: &mut Desk,
    head: &Parts,
    form: &Form,
    own: &str,
    rules: &DeviceRules,
    now: Duration,
) -> Result<DeviceCodes, Refusal> {
    let id = client::authenticate(&desk.ledger, head, form)?;
    let registered = |client: &crate::Client| client.grant_types.iter().any(|grant| grant == DEVICE_CODE);
    if !desk.ledger.client(&id).is_some_and(registered) {
        return Err(Refusal("unauthorized_client", "the client was not registered for this grant"));
    }
    check_resource(&desk.authorization, own, form.value("resource"))?;
    let scope = granted_scope(&desk.authorization, form.value("scope"))?;
    Ok(desk.ledger.begin_device(id, scope, rules.interval.unwrap_or(INTERVAL), now + rules.lifetime))
}

fn answer(codes: &DeviceCodes, rules: &DeviceRules, verification: &Url) -> Response<Body> {
    let mut answer = json!({
        "device_code": codes.device_code,
        "user_code": codes.user_code,
        "verification_uri": verification.as_str(),
        "expires_in": seconds(rules.lifetime),
    });
    if let Some(interval) = rules.interval {
        answer["interval"] = json!(seconds(interval));
    }
    if rules.complete {
        let mut complete = verification.clone();
        complete.query_pairs_mut().append_pair("user_code", &codes.user_code);
        answer["verification_uri_complete"] = json!(complete.as_str());
    }
    wire::json(StatusCode::OK, &answer)
}

/// The page of RFC 8628 section 3.3; `decision` as at the authorization endpoint.
pub(crate) fn verify(tenant: &Tenant, head: &Parts) -> Response<Body> {
    let form = Form::read(head.uri.query().unwrap_or_default().as_bytes());
    let endpoint = tenant.url(Endpoint::Verification);
    let now = tenant.time().now();
    let mut desk = tenant.desk();
    let Some(code) = form.value("user_code") else {
        return wire::page(StatusCode::OK, "Sign in", "Enter the code that your device shows.");
    };
    let consent = match form.value("decision") {
        Some("approve") => Consent::Approve,
        Some("deny") => Consent::Deny,
        Some(_) | None => desk.authorization.consent,
    };
    let agreed = match consent {
        Consent::Approve => true,
        Consent::Deny => false,
        Consent::Ask => {
            let mut link = endpoint;
            link.query_pairs_mut().append_pair("user_code", code);
            let text = format!(
                "<a href=\"{link}&amp;decision=approve\">Approve</a> <a href=\"{link}&amp;decision=deny\">Deny</a>"
            );
            return wire::page(StatusCode::OK, "Sign in", &text);
        }
    };
    if !desk.ledger.answer_device(code, agreed, now) {
        return wire::page(StatusCode::BAD_REQUEST, "Sign in", "No device waits for that code.");
    }
    let text = if agreed { "Your device is signed in." } else { "Your device is not signed in." };
    wire::page(StatusCode::OK, "Sign in", text)
}
