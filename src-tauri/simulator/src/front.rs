//! Where every request comes in: find its endpoint, count it, let it meet its fault, have it answered.

use std::sync::Arc;

use bytes::Bytes;
use http::header::DATE;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;

use crate::authorization::{self, Form};
use crate::counts::{GrantType, Outcome, TokenEvent, UnderWay};
use crate::fault::Endpoint;
use crate::resource;
use crate::server::Host;
use crate::tenant::Tenant;
use crate::wire::{self, Answer, Body, Cut};

/// The longest request body taken, in bytes.
const LONGEST: usize = 64 << 20;

/// Answers one request to `host`.
pub(crate) async fn answer(tenant: Arc<Tenant>, host: Host, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Some(endpoint) = tenant.endpoint(host, head.uri.path()) else {
        return Ok(wire::page(StatusCode::NOT_FOUND, "Not found", "There is nothing here."));
    };
    let body = Limited::new(body, LONGEST).collect().await.map_err(|_| Cut::Close)?.to_bytes();
    let form = Form::read(&body);
    let under_way = count(&tenant, endpoint, &form);
    let met = tenant.desk().script.next(endpoint);
    let entry = (endpoint == Endpoint::Token).then(|| log(&tenant, &form, met.as_ref().map(|met| met.fault.name())));
    let work = || work(&tenant, endpoint, &head, &body, &form, entry);
    let answer = match met {
        None => work(),
        Some(met) => met.play(tenant.time(), work).await?,
    };
    let ahead = if host == Host::AuthorizationServer { tenant.desk().authorization.date_ahead } else { <_>::default() };
    let date = tenant.time().wall().saturating_add(ahead).unwrap_or(jiff::Timestamp::MAX);
    Ok(wire::holding(wire::with(answer, DATE, &wire::http_date(date)), under_way))
}

fn work(
    tenant: &Tenant,
    endpoint: Endpoint,
    head: &Parts,
    body: &Bytes,
    form: &Form,
    entry: Option<usize>,
) -> Response<Body> {
    match endpoint {
        Endpoint::ResourceMetadata => resource::metadata(tenant),
        Endpoint::ServerMetadata => authorization::metadata(tenant),
        Endpoint::Registration => authorization::register(tenant, body),
        Endpoint::Authorization => authorization::authorize(tenant, head),
        Endpoint::DeviceAuthorization => authorization::authorize_device(tenant, head, form),
        Endpoint::Verification => authorization::verify(tenant, head),
        Endpoint::Token => {
            let (outcome, response) = authorization::token(tenant, head, form);
            if let Some(entry) = entry {
                tenant.desk().token_log[entry].outcome = outcome;
            }
            response
        }
        Endpoint::Revocation => authorization::revoke(tenant, head, form),
        Endpoint::UserInfo => authorization::user_info(tenant, head),
        Endpoint::Mcp => resource::answer(tenant, head, body),
    }
}

fn count(tenant: &Tenant, endpoint: Endpoint, form: &Form) -> Option<UnderWay> {
    let counts = &mut tenant.desk().counts;
    match endpoint {
        Endpoint::ResourceMetadata | Endpoint::ServerMetadata => counts.metadata_requests += 1,
        Endpoint::Authorization => counts.authorization_requests += 1,
        Endpoint::Token => {
            counts.token_requests += 1;
            if form.grant_type() == GrantType::RefreshToken {
                counts.refreshes += 1;
                return Some(tenant.refreshes.enter());
            }
        }
        Endpoint::Mcp => {
            counts.mcp_requests += 1;
            return Some(tenant.mcp_answers.enter());
        }
        Endpoint::Registration
        | Endpoint::DeviceAuthorization
        | Endpoint::Verification
        | Endpoint::Revocation
        | Endpoint::UserInfo => {}
    }
    None
}

/// Notes a token request, and says where.
fn log(tenant: &Tenant, form: &Form, fault: Option<&'static str>) -> usize {
    let at = tenant.time().now();
    let log = &mut tenant.desk().token_log;
    log.push(TokenEvent { at, grant_type: form.grant_type(), outcome: Outcome::Untouched, fault });
    log.len() - 1
}
