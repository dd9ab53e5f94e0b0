//! The request path to one workload: authorize, forward, and what follows a 401. Admission (Host, Origin,
//! key) has been passed already. Callers never start a refresh and never change a state: they report.

mod fields;
mod lasting;
mod refusal;
mod target;
#[cfg(test)]
mod tests;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, request};
use hyper::body::Incoming;
use lamplighter_core::condition::{Transport, UpstreamFault};
use lamplighter_core::status::Gate;
use lamplighter_core::{Event, LeaseId};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::http::{Fault, HttpClient, Outgoing};
use crate::metrics::{Metrics, Outcome};
use crate::oauth::Challenge;
use crate::ports::Clock;
use crate::route::{Access, Credential, Route};
use lasting::lasting;
use refusal::Refusal;
use upload::Upload;

pub use fields::{downward, upward};
pub use target::target;

/// How long a refusal waits for the rest of the body it answers.
const BODY_PATIENCE: Duration = Duration::from_secs(2);

/// The way up, shared by all workloads.
#[derive(Clone)]
pub struct Proxy {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

/// A request for a workload.
pub struct Call {
    /// Its head.
    pub head: request::Parts,
    /// What its path has below the workload's endpoint: empty, or from a `/` on.
    pub below: String,
}

/// Leave to go up: with a token, or without where the server has not asked for one.
#[derive(Clone)]
struct Pass {
    credential: Option<Arc<Credential>>,
    headers: Arc<[(HeaderName, HeaderValue)]>,
    ends: CancellationToken,
}

impl Proxy {
    /// A proxy that sends through `http`.
    #[must_use]
    pub fn new(http: HttpClient, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { http, clock, metrics }
    }

    /// Answers one admitted request.
    pub async fn answer(&self, route: &Route, call: Call, body: Incoming) -> Response<Body> {
        let tally = route.meters(&self.metrics).tally();
        let upload = Upload::new(body);
        match self.relay(route, &call, &upload).await {
            Ok(answer) => {
                let failed = answer.status().is_server_error();
                tally.ended(if failed { Outcome::UpstreamError } else { Outcome::Served });
                answer
            }
            Err(refusal) => {
                let id = self.request_id(&upload).await;
                tally.ended(refusal.outcome());
                refusal.answer(route.name.as_str(), &route.access().status, self.clock.now().moment, &id)
            }
        }
    }

    /// Authorize, forward; after a 401 once more, with another token.
    async fn relay(&self, route: &Route, call: &Call, upload: &Upload) -> Result<Response<Body>, Refusal> {
        let pass = self.authorize(route, None).await?;
        let answer = self.forward(route, call, upload, upload.stream(), &pass).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        drop(answer);
        route.report(pass.rejection(false));
        let whole = upload.recall().await.ok_or(Refusal::Soon)?;
        let pass = self.authorize(route, Some(&pass)).await?;
        let answer = self.forward(route, call, upload, whole.body(), &pass).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        drop(answer);
        route.report(pass.rejection(true));
        Err(self.authorize(route, Some(&pass)).await.err().unwrap_or(Refusal::Soon))
    }

    /// Leave to go up, other than the one that was `refused`: at once where there is one, else after waiting,
    /// within bounds, for the refresh in flight.
    async fn authorize(&self, route: &Route, refused: Option<&Pass>) -> Result<Pass, Refusal> {
        if let Some(decided) = self.look(route, refused) {
            return decided;
        }
        let begin = self.clock.now().moment;
        let mut patience = self.clock.sleep_until(begin + route.caller_wait());
        let mut changes = route.changes();
        let decided = loop {
            if let Some(decided) = self.look(route, refused) {
                break decided;
            }
            tokio::select! {
                // The route outlives this borrow, so its changes do not end.
                _ = changes.changed() => {}
                () = &mut patience => break Err(Refusal::Soon),
            }
        };
        route.meters(&self.metrics).waited(self.clock.now().moment.since(begin));
        decided
    }

    /// What the workload's state says now; `None` is to wait for its next change.
    fn look(&self, route: &Route, refused: Option<&Pass>) -> Option<Result<Pass, Refusal>> {
        let access = route.access();
        let Access { status, credential, headers, ends } = &**access;
        let now = self.clock.now().moment;
        let held = credential
            .as_ref()
            .filter(|credential| status.usable == Some(credential.lease.id) && credential.lease.valid_at(now));
        let tokenless = status.usable.is_none() && status.gate == Gate::Open;
        let pass = (held.is_some() || tokenless)
            .then(|| Pass { credential: held.cloned(), headers: Arc::clone(headers), ends: ends.clone() })
            .filter(|pass| refused.is_none_or(|refused| refused.lease() != pass.lease()));
        match (pass, status.gate) {
            (Some(pass), _) => Some(Ok(pass)),
            (None, Gate::Refuse) => Some(Err(Refusal::NoToken)),
            (None, Gate::Open | Gate::Wait) => None,
        }
    }

    /// Sends the request up under `pass` and gives the upstream's answer, made fit for the client; a 401 comes
    /// back as it is, for [`Proxy::relay`] alone.
    async fn forward(
        &self,
        route: &Route,
        call: &Call,
        upload: &Upload,
        body: Outgoing,
        pass: &Pass,
    ) -> Result<Response<Body>, Refusal> {
        let request = call.upward(route, body, pass)?;
        let sent = tokio::select! {
            sent = self.http.send(request) => sent,
            () = pass.ends.cancelled() => return Err(Refusal::NoToken),
        };
        let mut answer = match sent {
            Ok(answer) if answer.status() != StatusCode::SWITCHING_PROTOCOLS => answer,
            // Nobody asked for another protocol.
            Ok(_) => return Err(unreachable(route, UpstreamFault::Unreachable(Transport::Closed))),
            Err(_) if upload.is_broken() => return Err(Refusal::BadRequest("the body broke off, or is malformed")),
            Err(error) => {
                tracing::debug!(workload = route.name.as_str(), error = &error as &dyn std::error::Error, "no answer");
                return Err(unreachable(route, error.fault.into()));
            }
        };
        let status = answer.status();
        if status.is_server_error() {
            route.upstream_failed(UpstreamFault::ServerError(status.as_u16()));
        } else {
            route.upstream_reached();
        }
        heed_challenge(route, status, answer.headers())?;
        if status != StatusCode::UNAUTHORIZED {
            upload.forget();
        }
        if status.is_success()
            && let Some(credential) = &pass.credential
            && credential.accept()
        {
            route.report(Event::Accepted { lease: credential.lease.id });
        }
        downward(answer.headers_mut());
        *answer.version_mut() = Version::HTTP_11;
        Ok(answer.map(|body| lasting(body, &pass.ends)))
    }

    /// The JSON-RPC id of the request that is refused; null where its body does not come soon, or has none.
    async fn request_id(&self, upload: &Upload) -> Value {
        let read = async {
            let whole = upload.recall().await;
            upload.drain().await;
            whole.map_or(Value::Null, |whole| whole.request_id())
        };
        tokio::select! {
            id = read => id,
            () = self.clock.sleep_until(self.clock.now().moment + BODY_PATIENCE) => Value::Null,
        }
    }
}

impl Call {
    /// The request as it goes up, under `pass`.
    fn upward(&self, route: &Route, body: Outgoing, pass: &Pass) -> Result<Request<Outgoing>, Refusal> {
        if self.head.method == Method::TRACE {
            return Err(Refusal::BadRequest("TRACE would show the token to whoever sent it"));
        }
        let uri = (route.address.as_ref())
            .and_then(|upstream| target(upstream, &self.below, self.head.uri.query()))
            .ok_or(Refusal::BadRequest("the path leads out of the endpoint, or is malformed"))?;
        let authorization = pass.credential.as_ref().map(|credential| &credential.authorization);
        let mut request = Request::new(body);
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = upward(&self.head.headers, &pass.headers, authorization);
        Ok(request)
    }
}

impl Pass {
    fn lease(&self) -> Option<LeaseId> {
        self.credential.as_ref().map(|credential| credential.lease.id)
    }

    /// What the monitor is told of a 401 to a request that went up under this pass.
    fn rejection(&self, replayed: bool) -> Event {
        self.lease().map_or(Event::Challenged, |lease| Event::Rejected { lease, replayed })
    }
}

/// Keeps what the upstream asks for. An answer that asks for more scope is one that the client does not get.
fn heed_challenge(route: &Route, status: StatusCode, headers: &HeaderMap) -> Result<(), Refusal> {
    if status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN {
        return Ok(());
    }
    let Some(challenge) = Challenge::read(headers) else { return Ok(()) };
    if status == StatusCode::UNAUTHORIZED {
        route.challenged(challenge);
        return Ok(());
    }
    if challenge.error.as_deref() != Some("insufficient_scope") {
        return Ok(());
    }
    let scopes = challenge.scopes.clone();
    route.challenged(challenge);
    route.report(Event::ScopeChallenged { scopes: scopes.clone() });
    Err(Refusal::NeedsMoreAccess(scopes))
}

fn unreachable(route: &Route, fault: UpstreamFault) -> Refusal {
    route.upstream_failed(fault);
    Refusal::Unreachable(fault)
}

impl From<Fault> for UpstreamFault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Transport(transport) => Self::Unreachable(transport),
            Fault::Tls => Self::Tls,
        }
    }
}
