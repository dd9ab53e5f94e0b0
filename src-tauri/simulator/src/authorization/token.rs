//! The token endpoint (RFC 6749 section 3.2).

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::json;

use super::{Form, check_resource, client, granted_scope, refused, seconds};
use crate::CANARY;
use crate::counts::{GrantType, Outcome};
use crate::fault::Endpoint;
use crate::ledger::{Issued, Refusal, Terms, unsigned_jwt};
use crate::rules::{AccessTokenForm, AuthorizationRules, ExpiresIn};
use crate::tenant::{Desk, Tenant};
use crate::wire::{self, Body};

/// Answers a token request, and says what became of it.
pub(crate) fn token(tenant: &Tenant, head: &Parts, form: &Form) -> (Outcome, Response<Body>) {
    let own = tenant.url(Endpoint::Mcp);
    let issuer = tenant.issuer();
    let wall = tenant.time().wall();
    let mut desk = tenant.desk();
    let rules = &desk.authorization;
    let terms = Terms {
        now: tenant.time().now(),
        lifetime: rules.access_token_lifetime,
        refresh_tokens: rules.refresh_tokens,
        jwt_issued_at: (rules.access_tokens == AccessTokenForm::Jwt).then_some(wall.as_second()),
    };
    match grant(&mut desk, head, form, own.as_str(), terms) {
        Ok((client, tokens)) => {
            let id_token = desk.authorization.account.as_ref().map(|account| {
                let claims = json!({
                    "iss": issuer.as_str(), "aud": client, "sub": account, "email": account,
                    "iat": wall.as_second(), "exp": wall.as_second().saturating_add(300),
                });
                unsigned_jwt(&claims, &format!("{CANARY}id"))
            });
            (Outcome::Issued, answer(&desk.authorization, tokens, id_token))
        }
        Err(refusal) => (Outcome::Refused(refusal.0), refused(refusal)),
    }
}

fn grant(desk: &mut Desk, head: &Parts, form: &Form, own: &str, terms: Terms) -> Result<(String, Issued), Refusal> {
    let form_encoded = head
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if head.method != Method::POST || !form_encoded {
        return Err(Refusal("invalid_request", "a token request is a POST of application/x-www-form-urlencoded"));
    }
    let client = client::authenticate(&desk.ledger, head, form)?;
    check_resource(&desk.authorization, own, form.value("resource"))?;
    let required = |name, missing| form.value(name).ok_or(Refusal("invalid_request", missing));
    let issued = match form.grant_type() {
        GrantType::AuthorizationCode => desk.ledger.exchange(
            required("code", "code is missing")?,
            &client,
            required("redirect_uri", "redirect_uri is missing")?,
            required("code_verifier", "code_verifier is missing")?,
            terms,
        )?,
        GrantType::RefreshToken => {
            let token = required("refresh_token", "refresh_token is missing")?;
            desk.ledger.refresh(token, &client, form.value("scope"), terms)?
        }
        GrantType::ClientCredentials => {
            if desk.ledger.client(&client).is_none_or(|client| client.secret.is_none()) {
                return Err(Refusal("unauthorized_client", "a public client has no credentials"));
            }
            let scope = granted_scope(&desk.authorization, form.value("scope"))?;
            desk.ledger.client_credentials(&client, scope, terms)
        }
        GrantType::DeviceCode => {
            desk.ledger.poll(required("device_code", "device_code is missing")?, &client, terms)?
        }
        GrantType::Unknown => return Err(Refusal("unsupported_grant_type", "grant_type is not supported here")),
    };
    Ok((client, issued))
}

/// RFC 6749 section 5.1.
fn answer(rules: &AuthorizationRules, tokens: Issued, id_token: Option<String>) -> Response<Body> {
    let mut answer = json!({ "access_token": tokens.access_token, "token_type": "Bearer", "scope": tokens.scope });
    let lifetime = seconds(rules.access_token_lifetime);
    match &rules.expires_in {
        ExpiresIn::Number => answer["expires_in"] = json!(lifetime),
        ExpiresIn::Text => answer["expires_in"] = json!(lifetime.to_string()),
        ExpiresIn::Json(value) => answer["expires_in"] = value.clone(),
        ExpiresIn::Omitted => {}
    }
    if let Some(refresh_token) = tokens.refresh_token {
        answer["refresh_token"] = json!(refresh_token);
    }
    if let Some(id_token) = id_token {
        answer["id_token"] = json!(id_token);
    }
    wire::json(StatusCode::OK, &answer)
}
