//! One request at the door: admitted first (Host, Origin, key), then sent to the room that answers it.

use std::net::SocketAddr;

use axum::body::Body;
use http::header::{ACCEPT, ALLOW, AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use lamplighter_core::admission::{Area, Key, Refusal, admit};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::strangers::Visitor;
use super::{Parts, page, reply, signin, site, streams};
use crate::metrics::Format;
use crate::proxy::Call;

/// Where the control API begins.
pub(super) const API: &str = "/api/v1";

/// The way in.
pub(super) struct Door {
    pub(super) parts: Parts,
    /// Where we listen, as `Host` and `Origin` must name it.
    pub(super) address: SocketAddr,
    /// Cancelled when the server stops.
    pub(super) draining: CancellationToken,
}

/// Which room answers a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room<'a> {
    Health,
    Metrics,
    Callback,
    SignIn,
    Site,
    Api,
    Workload {
        name: &'a str,
        /// Empty, or from a `/` on.
        below: &'a str,
    },
    Nowhere,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

impl Door {
    /// Answers one request of `visitor`.
    pub(super) async fn answer(&self, request: Request<Incoming>, visitor: &Visitor) -> Response<Body> {
        let method = request.method().clone();
        let answer = match self.admit(&request) {
            Ok(key) => {
                if key != Key::Unknown {
                    visitor.shows_key();
                }
                self.dispatch(request).await
            }
            Err(refusal) => reply::forbidden(refusal),
        };
        streams::tracked(answer, &method, &self.parts.metrics, &self.draining)
    }

    /// Host, Origin, key: before anything else. What the key opened, where nothing stands against the request.
    fn admit(&self, request: &Request<Incoming>) -> Result<Key, Refusal> {
        let fields = request.headers();
        let key = bearer(fields).map_or(Key::Unknown, |key| self.parts.keyring.check(key));
        let area = Area::of(request.uri().path());
        // Where the request line names an authority (RFC 9112 section 3.2.2), it must be ours as well.
        if let Some(authority) = request.uri().authority() {
            admit(Some(authority.as_str()), None, key, area, self.address)?;
        }
        admit(
            only(fields, HOST),
            fields.contains_key(ORIGIN).then(|| only(fields, ORIGIN).unwrap_or_default()),
            key,
            area,
            self.address,
        )?;
        Ok(key)
    }

    async fn dispatch(&self, request: Request<Incoming>) -> Response<Body> {
        let parts = &self.parts;
        match Room::of(request.uri().path()) {
            // A link that is only looked at must not use up the code of a sign-in.
            Room::Callback if request.method() != Method::GET => not_allowed("GET"),
            Room::SignIn if request.method() == Method::POST => {
                signin::exchange(request.into_body(), &parts.keyring, &*parts.clock).await
            }
            Room::SignIn if !reads(request.method()) => not_allowed("GET, HEAD, POST"),
            Room::Health | Room::Metrics | Room::Site if !reads(request.method()) => not_allowed("GET, HEAD"),
            Room::SignIn | Room::Site => parts.site.answer(request.uri().path()),
            Room::Health => reply::json(StatusCode::OK, &Health { status: "ok", version: env!("CARGO_PKG_VERSION") }),
            Room::Metrics => {
                let format = Format::wanted(only(request.headers(), ACCEPT));
                reply::text(format.content_type(), parts.metrics.render(&parts.workloads.snapshot(), format))
            }
            Room::Callback => page::render(&parts.workloads.callback(request.uri().query().unwrap_or_default()).await),
            Room::Api => match parts.api.clone().oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            },
            Room::Workload { name, below } => {
                let Some(route) = parts.workloads.route(name) else {
                    return reply::problem(
                        StatusCode::NOT_FOUND,
                        "no_such_workload",
                        &format!("no workload is called {name:?}"),
                    );
                };
                let below = below.to_owned();
                let (head, body) = request.into_parts();
                parts.proxy.answer(&route, Call { head, below }, body).await
            }
            Room::Nowhere => reply::problem(StatusCode::NOT_FOUND, "not_found", "nothing is at this path"),
        }
    }
}

impl<'a> Room<'a> {
    /// The room behind `path`; what a key must open is decided first, so that no room is behind a lesser door.
    fn of(path: &'a str) -> Self {
        match (Area::of(path), path) {
            (Area::Public, "/healthz") => Self::Health,
            (Area::Public, "/callback") => Self::Callback,
            (Area::Public, "/signin") => Self::SignIn,
            (Area::Public, "/" | "/index.html" | "/favicon.ico") => Self::Site,
            (Area::Public, _) if path.starts_with(site::ASSETS) => Self::Site,
            (Area::Control, "/metrics") => Self::Metrics,
            (Area::Control, _) if path == API || path.strip_prefix(API).is_some_and(|rest| rest.starts_with('/')) => {
                Self::Api
            }
            (Area::Mcp, _) => Self::of_workload(path).unwrap_or(Self::Nowhere),
            (Area::Public | Area::Control, _) => Self::Nowhere,
        }
    }

    fn of_workload(path: &'a str) -> Option<Self> {
        let (name, rest) = path.strip_prefix('/')?.split_once('/')?;
        let below = rest.strip_prefix("mcp")?;
        (below.is_empty() || below.starts_with('/')).then_some(Self::Workload { name, below })
    }
}

/// The value of a field that is there once; `None` too where two readers could disagree about it.
fn only(fields: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = fields.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The key of `Authorization: Bearer KEY`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = only(headers, AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| key.trim())
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn not_allowed(methods: &'static str) -> Response<Body> {
    let detail = format!("this path answers {methods} only");
    let mut answer = reply::problem(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &detail);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}
