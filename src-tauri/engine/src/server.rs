//! The one loopback port: connections in, bounded; each request admitted, then sent to its room. It knows
//! who answers which path, and nothing of what they answer.

mod door;
mod page;
pub(crate) mod reply;
mod signin;
pub(crate) mod site;
#[cfg(test)]
pub(crate) mod stage;
mod strangers;
mod streams;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::BoxFuture;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use lamplighter_core::{Moment, Snapshot};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::control::CallbackPage;
use crate::descriptors;
use crate::handle::Handle;
use crate::keys::Keyring;
use crate::metrics::Metrics;
use crate::ports::Clock;
use crate::proxy::Proxy;
use crate::route::Route;
use door::Door;
use strangers::Strangers;

pub use site::{File, Site};

/// What the port asks of the engine behind it.
pub trait Workloads: Send + Sync + 'static {
    /// The request path to the workload `name`.
    fn route(&self, name: &str) -> Option<Arc<Route>>;

    /// All workloads now.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// The browser came back with this query.
    fn callback<'a>(&'a self, query: &'a str) -> BoxFuture<'a, CallbackPage>;
}

impl Workloads for Handle {
    fn route(&self, name: &str) -> Option<Arc<Route>> {
        Self::route(self, name)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Self::snapshot(self)
    }

    fn callback<'a>(&'a self, query: &'a str) -> BoxFuture<'a, CallbackPage> {
        Box::pin(Self::callback(self, query))
    }
}

/// The rooms behind the port.
pub struct Parts {
    /// The engine.
    pub workloads: Arc<dyn Workloads>,
    /// Which keys open what.
    pub keyring: Arc<Keyring>,
    /// Answers MCP paths.
    pub proxy: Proxy,
    /// Answers what is below `/api/v1`, with paths relative to it.
    pub api: Router,
    /// Answers the paths of the web UI.
    pub site: Site,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Bounds.
    pub limits: Limits,
}

/// Bounds of the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time; further ones wait to be accepted. As many as there are file descriptors for, unless said
    /// otherwise.
    pub connections: usize,
    /// Those among them that have shown no key yet: a further one takes the place of the one that came first.
    pub strangers: usize,
    /// How long a connection may take to send the head of its next request. Longer than clients keep idle
    /// connections in their pools, or they would send into a closing one.
    pub head_time: Duration,
    /// The longest head of a request, in bytes (8,192 at least).
    pub head_length: usize,
    /// How long requests under way may go on when the server stops.
    pub drain: Duration,
}

/// More than any number of clients that all start at once; at a few KiB each, little even when taken by a flood.
const STRANGERS: usize = 1024;

impl Default for Limits {
    fn default() -> Self {
        let connections = descriptors::connections();
        Self {
            connections,
            strangers: STRANGERS.min(connections / 2),
            head_time: Duration::from_mins(2),
            head_length: 64 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}

/// The shortest and the longest pause after the system refused a connection, out of file descriptors as a rule.
const ACCEPT_PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How often it is said at most that connections are refused: it comes and goes many times a second.
const SAID_AGAIN: Duration = Duration::from_mins(10);

/// Serves `listener` until `shutdown` is ready, then drains: accepts nothing more, closes idle connections and
/// event streams that nobody asked a question on, and lets requests under way end, within bounds.
pub async fn serve(listener: TcpListener, parts: Parts, shutdown: impl Future<Output = ()>) {
    let Limits { connections, strangers, head_time, head_length, drain } = parts.limits;
    let clock = Arc::clone(&parts.clock);
    let metrics = Arc::clone(&parts.metrics);
    let address = match listener.local_addr() {
        Ok(address) => address,
        Err(error) => return tracing::error!(%error, "the address listened on is not known"),
    };
    let draining = CancellationToken::new();
    let abandon = CancellationToken::new();
    let parts = Parts { api: Router::new().nest(door::API, parts.api), ..parts };
    let door = Arc::new(Door { parts, address, draining: draining.clone() });

    let mut http = http1::Builder::new();
    // An answer carries the `Date` of its origin, or none.
    http.auto_date_header(false).timer(TokioTimer::new()).header_read_timeout(head_time).max_buf_size(head_length);

    let seats = Arc::new(Semaphore::new(connections));
    let strangers = Strangers::new(strangers);
    let open = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    let mut said = None;
    loop {
        let (stream, seat) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(|| listener.accept(), &seats, &*clock, &mut said) => accepted,
        };
        let visitor = Arc::new(strangers.enter());
        let sent_away = visitor.sent_away();
        let door = Arc::clone(&door);
        let service = service_fn(move |request| {
            let (door, visitor) = (Arc::clone(&door), Arc::clone(&visitor));
            async move { Ok::<_, Infallible>(door.answer(request, &visitor).await) }
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        let counted = metrics.connection();
        let abandoned = abandon.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(error = &error as &dyn std::error::Error, "a local connection broke");
                },
                () = abandoned => {}
                () = sent_away => tracing::debug!("a local connection without a key gave place to another"),
            }
            drop((seat, counted));
        });
        // Whoever has sent a key already is heard before the next one could take the place.
        tokio::task::yield_now().await;
    }
    drop(listener);
    draining.cancel();
    tokio::select! {
        () = open.shutdown() => {}
        () = clock.sleep_until(clock.now().moment + drain) => {
            tracing::info!("requests that were still under way are cut off");
            abandon.cancel();
        }
    }
}

/// The next connection, once there is room for it. When a refusal of the system was last `said`, it is not said again
/// for a while.
async fn accept<Accepted: Future<Output = io::Result<(TcpStream, SocketAddr)>>>(
    next: impl Fn() -> Accepted,
    seats: &Arc<Semaphore>,
    clock: &dyn Clock,
    said: &mut Option<Moment>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let seat = Arc::clone(seats).acquire_owned().await.ok();
    let (mut pause, longest) = ACCEPT_PAUSES;
    loop {
        match next().await {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY is not to be had");
                }
                return (stream, seat);
            }
            Err(error) if is_of_one_connection(error.kind()) => {}
            Err(error) => {
                let now = clock.now().moment;
                if said.is_none_or(|at| now.since(at) >= SAID_AGAIN) {
                    *said = Some(now);
                    tracing::warn!(%error, "no connection can be accepted for now; they wait, and are tried again");
                }
                clock.sleep_until(now + pause).await;
                pause = (pause * 2).min(longest);
            }
        }
    }
}

/// Whether an error concerns the connection that came, and not the listener.
fn is_of_one_connection(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)
}
