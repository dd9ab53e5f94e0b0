//! The authorization endpoint (RFC 6749 section 4.1.1): where the person approves or denies.

use http::header::LOCATION;
use http::request::Parts;
use http::{Response, StatusCode};
use url::Url;

use super::{Form, check_resource, client, granted_scope};
use crate::fault::Endpoint;
use crate::ledger::{Approval, Refusal};
use crate::rules::{AuthorizationRules, Consent, IssParameter};
use crate::tenant::Tenant;
use crate::wire::{self, Body};

/// Answers an authorization request by a redirect, or by a page with the question.
///
/// The parameter `decision` (`approve`, `deny`) is what the buttons of that page send; it goes before the
/// consent that the script has set.
pub(crate) fn authorize(tenant: &Tenant, head: &Parts) -> Response<Body> {
    let form = Form::read(head.uri.query().unwrap_or_default().as_bytes());
    let own = tenant.url(Endpoint::Mcp);
    let endpoint = tenant.url(Endpoint::Authorization);
    let issuer = tenant.issuer();
    let now = tenant.time().now();
    let mut desk = tenant.desk();

    // Nothing may be sent to a redirect URI that is not the client's (RFC 6749 section 4.1.2.1).
    let Some(client) = form.value("client_id").and_then(|id| desk.ledger.client(id)).cloned() else {
        return bad_request("The client is unknown.");
    };
    let redirect_uri = form.value("redirect_uri").unwrap_or_default().to_owned();
    if !client::may_return_to(desk.authorization.redirect_uris, &client.redirect_uris, &redirect_uri) {
        return bad_request("The redirect URI is not one that was registered.");
    }
    let Ok(mut callback) = Url::parse(&redirect_uri) else {
        return bad_request("The redirect URI is no URL.");
    };

    let consent = match form.value("decision") {
        Some("approve") => Consent::Approve,
        Some("deny") => Consent::Deny,
        Some(_) | None => desk.authorization.consent,
    };
    let outcome = match (check(&desk.authorization, own.as_str(), &form), consent) {
        (Err(refusal), _) => Err(refusal),
        (Ok(_), Consent::Ask) => return question(tenant.name(), &endpoint, head.uri.query().unwrap_or_default()),
        (Ok(_), Consent::Deny) => Err(Refusal("access_denied", "the person said no")),
        (Ok((code_challenge, scope)), Consent::Approve) => {
            Ok(desk.ledger.approve(Approval { client_id: client.id, redirect_uri, code_challenge, scope }, now))
        }
    };
    {
        let mut query = callback.query_pairs_mut();
        match outcome {
            Ok(code) => query.append_pair("code", &code),
            Err(Refusal(word, description)) => {
                query.append_pair("error", word).append_pair("error_description", description)
            }
        };
        if let Some(state) = form.value("state") {
            query.append_pair("state", state);
        }
        match desk.authorization.iss {
            IssParameter::Sent => query.append_pair("iss", issuer.as_str()),
            IssParameter::Wrong => query.append_pair("iss", "https://elsewhere.example/"),
            IssParameter::Unsupported | IssParameter::Missing => &mut query,
        };
    }
    wire::with(wire::empty(StatusCode::FOUND), LOCATION, callback.as_str())
}

/// The code challenge and the scope to be granted.
fn check(rules: &AuthorizationRules, own: &str, form: &Form) -> Result<(String, String), Refusal> {
    if form.value("response_type") != Some("code") {
        return Err(Refusal("unsupported_response_type", "response_type must be code"));
    }
    let challenge = form.value("code_challenge").ok_or(Refusal("invalid_request", "code_challenge is missing"))?;
    if form.value("code_challenge_method") != Some("S256") {
        return Err(Refusal("invalid_request", "code_challenge_method must be S256"));
    }
    check_resource(rules, own, form.value("resource"))?;
    Ok((challenge.to_owned(), granted_scope(rules, form.value("scope"))?))
}

fn question(name: &str, endpoint: &Url, query: &str) -> Response<Body> {
    let link = |decision| format!("{endpoint}?{}&amp;decision={decision}", query.replace('&', "&amp;"));
    let text = format!(
        "May the application use {name} for you? <a href=\"{}\">Approve</a> <a href=\"{}\">Deny</a>",
        link("approve"),
        link("deny"),
    );
    wire::page(StatusCode::OK, "Sign in", &text)
}

fn bad_request(text: &str) -> Response<Body> {
    wire::page(StatusCode::BAD_REQUEST, "This sign-in cannot go on", text)
}
