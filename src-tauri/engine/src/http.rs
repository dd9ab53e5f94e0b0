//! The one HTTP stack: system trust store plus extra CAs, proxies from the environment, bounded bodies
//! and times, failures classified where they arise. It knows nothing of OAuth or MCP.

mod connector;
mod dialer;
mod failure;
mod link;
mod proxies;
mod trust;
mod ways;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, PROXY_AUTHORIZATION};
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use lamplighter_core::condition::Transport;
use lamplighter_core::config::Environment;
use zeroize::Zeroizing;

use self::connector::Connector;
pub(crate) use self::dialer::Tcp;
pub use self::dialer::{Dialer, Wire};
use self::proxies::Proxies;
pub(crate) use self::proxies::is_loopback;
pub(crate) use self::ways::{has_network, way_out};
use crate::machine::{HasNetwork, Machine};

/// A body on its way up.
pub type Outgoing = BoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// An idle connection is kept this long.
const IDLE: Duration = Duration::from_secs(90);

/// As many idle connections to one server are kept: after a burst of calls the others are given back.
const IDLE_TO_ONE: usize = 64;

/// Header sections of answers are at most about this long, in bytes.
const HEADER_BOUND: u32 = 64 * 1024;

/// An HTTP/2 connection that is in use is asked for a sign of life this often, and given as long to answer.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// The stack; cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    stack: Arc<Stack>,
}

struct Stack {
    /// Keeps connections for the next request.
    pooled: ArcSwap<Client<Connector, Outgoing>>,
    /// Opens one for every request.
    unpooled: Client<Connector, Outgoing>,
    connector: Connector,
    proxies: Arc<Proxies>,
    has_network: HasNetwork,
}

/// Why the stack could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct SetupError {
    /// What is wrong, where.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct SendError {
    /// The kind.
    pub fault: Fault,
    /// The chain below, without addresses' credentials or secrets.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kind of a failure without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The way failed.
    #[error("the way to the server failed: {0:?}")]
    Transport(Transport),
    /// TLS failed.
    #[error("no trusted TLS connection")]
    Tls,
}

/// An answer read whole. Its `Debug` shows no body.
pub struct Fetched {
    /// The status code.
    pub status: StatusCode,
    /// The header section.
    pub headers: HeaderMap,
    /// The body, wiped when dropped; `None` when it was longer than the bound, or broke off.
    pub body: Option<Zeroizing<Vec<u8>>>,
}

impl HttpClient {
    /// Sets up the stack: `SSL_CERT_FILE` and `LAMPLIGHTER_EXTRA_CA_CERTS` (PEM) beside the system's trust
    /// store, `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.
    ///
    /// # Errors
    /// When a certificate file or a proxy address cannot be used.
    pub fn new(environment: &Environment) -> Result<Self, SetupError> {
        Self::over(Arc::new(Tcp::new()), environment)
    }

    /// The same stack over streams that `dialer` opens.
    ///
    /// # Errors
    /// As [`HttpClient::new`].
    pub fn over(dialer: Arc<dyn Dialer>, environment: &Environment) -> Result<Self, SetupError> {
        let proxies = Arc::new(Proxies::read(environment)?);
        let connector = Connector::new(trust::configuration(environment)?, Arc::clone(&proxies), dialer);
        let pooled = ArcSwap::from_pointee(client(connector.clone(), IDLE_TO_ONE));
        let unpooled = client(connector.clone(), 0);
        let has_network = HasNetwork::default();
        Ok(Self { stack: Arc::new(Stack { pooled, unpooled, connector, proxies, has_network }) })
    }

    /// The same stack, not yet used, that asks `machine` whether any way leads out of it when one fails; without that it
    /// takes one for granted.
    #[must_use]
    pub fn on(mut self, machine: &Machine) -> Self {
        if let Some(stack) = Arc::get_mut(&mut self.stack) {
            stack.has_network = machine.has_network();
        }
        self
    }

    /// Forgets idle connections, and gives up those that are just being opened: after a sleep or a change of networks they
    /// lead nowhere, and a request on one would only find out by waiting. Exchanges under way go on, as
    /// long as their answer can come.
    pub fn forget_connections(&self) {
        self.stack.connector.give_up();
        self.stack.pooled.store(Arc::new(client(self.stack.connector.clone(), IDLE_TO_ONE)));
    }

    /// Passes one request on and gives its answer as it streams. Adds nothing, follows nothing; `Host` is
    /// that of the address. Connecting is bounded by 10 s, the rest is the caller's.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(&self, request: Request<Outgoing>) -> Result<Response<Incoming>, SendError> {
        self.send_over(&self.stack.pooled.load_full(), request).await
    }

    /// The same for a request of our own, over a connection of its own: one that was kept may lead into a network that is
    /// gone, and a refresh token that was sent there may have arrived, so that nothing could be done but wait.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn ask(&self, request: Request<Outgoing>) -> Result<Response<Incoming>, SendError> {
        self.send_over(&self.stack.unpooled, request).await
    }

    async fn send_over(
        &self,
        client: &Client<Connector, Outgoing>,
        mut request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, SendError> {
        request.headers_mut().remove(HOST);
        // The version is each hop's own: the connection decides.
        *request.version_mut() = Version::HTTP_11;
        if request.uri().scheme_str() == Some("http")
            && let Some(credentials) =
                self.stack.proxies.towards(request.uri()).as_ref().and_then(Intercept::basic_auth)
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, credentials.clone());
        }
        client.request(request).await.map_err(|error| {
            let fault = self.without_network(Fault::of(&error, error.is_connect()));
            SendError { fault, source: Some(Box::new(error)) }
        })
    }

    /// `fault`, or what is behind it where this machine has no network.
    fn without_network(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Transport(Transport::Dns | Transport::Unreachable) if !self.stack.has_network.is_so() => {
                Fault::Transport(Transport::Offline)
            }
            Fault::Transport(_) | Fault::Tls => fault,
        }
    }

    /// Sends one request of our own and reads its answer whole, at most `bound` bytes of body. Follows nothing.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn fetch(&self, request: Request<Vec<u8>>, bound: usize) -> Result<Fetched, SendError> {
        let request = request.map(|body| outgoing(Bytes::from_owner(Zeroizing::new(body))));
        Ok(Fetched::read(self.ask(request).await?, bound).await)
    }

    /// The addresses that a request to `destination` would go to; none when its name has none now, or when a
    /// proxy is asked, which looks names up itself.
    pub(crate) async fn addresses(&self, destination: &Uri) -> Vec<IpAddr> {
        let Some(host) = destination.host().filter(|_| self.stack.proxies.towards(destination).is_none()) else {
            return Vec::new();
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((host, 0)).await;
        found.map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default()
    }
}

impl Fetched {
    /// Reads an answer whole, at most `bound` bytes of body.
    pub async fn read(answer: Response<Incoming>, bound: usize) -> Self {
        let (head, body) = answer.into_parts();
        let body = whole(body, &head.headers, bound).await;
        Self { status: head.status, headers: head.headers, body }
    }
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Fetched").field("status", &self.status).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("HttpClient").field("proxies", &self.stack.proxies).finish_non_exhaustive()
    }
}

/// A body that is there already.
#[must_use]
pub fn outgoing(body: Bytes) -> Outgoing {
    Full::new(body).map_err(|never| match never {}).boxed()
}

fn client(connector: Connector, idle_to_one: usize) -> Client<Connector, Outgoing> {
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(idle_to_one)
        .http1_max_buf_size(HEADER_BOUND as usize)
        .http2_max_header_list_size(HEADER_BOUND)
        .http2_keep_alive_interval(SIGN_OF_LIFE)
        .http2_keep_alive_timeout(SIGN_OF_LIFE)
        .build(connector)
}

/// The whole body, or nothing when it is longer than `bound` or breaks off.
async fn whole(mut body: Incoming, headers: &HeaderMap, bound: usize) -> Option<Zeroizing<Vec<u8>>> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > bound) {
        return None;
    }
    // Room for all of it at once: a vector that grows leaves copies behind.
    let mut read = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(16 * 1024)));
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.ok()?.into_data() {
            if read.len() + data.len() > bound {
                return None;
            }
            read.extend_from_slice(&data);
        }
    }
    Some(read)
}
