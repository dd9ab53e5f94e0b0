//! What the tests of the port and of the request path play on: real loopback sockets, an upstream that does
//! as it is told, a clock that stands still, and the place of the monitor taken by the test.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lamplighter_core::condition::Cause;
use lamplighter_core::config::{Environment, GrantKind, Name};
use lamplighter_core::status::Gate;
use lamplighter_core::{Event, Lease, LeaseId, Moment, Phase, Reading, Snapshot, Status};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{File, Limits, Parts, Site, Workloads, serve};
use crate::control::CallbackPage;
use crate::http::HttpClient;
use crate::keys::Keyring;
use crate::metrics::Metrics;
use crate::ports::Clock;
use crate::proxy::Proxy;
use crate::route::{Access, Credential, Route};

/// The only workload of the stage.
pub(crate) const NAME: &str = "linear";

/// The token of lease 1.
pub(crate) const TOKEN: &str = "Bearer token-1";

/// A running port with one workload, signed in with lease 1.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) route: Arc<Route>,
    reports: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) client_key: String,
    pub(crate) api_key: String,
    keyring: Arc<Keyring>,
    stop: CancellationToken,
    served: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// A clock that moves when it is told to.
pub(crate) struct StillClock {
    millis: watch::Sender<u64>,
}

struct Cast {
    route: Arc<Route>,
}

impl Stage {
    /// A port before the upstream at `url`.
    pub(crate) async fn before(url: &str) -> Self {
        Self::with(url, Limits::default()).await
    }

    /// A port before the upstream at `url`, within `limits`.
    pub(crate) async fn with(url: &str, limits: Limits) -> Self {
        let clock = Arc::new(StillClock::new());
        let metrics = Arc::new(Metrics::default());
        let (report, reports) = mpsc::unbounded_channel();
        let caller_wait = Duration::from_secs(10);
        let upstream = Url::parse(url).unwrap();
        let access = access(Phase::Running, Gate::Open, Some(credential(1)));
        let route = Arc::new(Route::new(Name::parse(NAME).unwrap(), upstream, caller_wait, access, report));

        let folder = tempfile::tempdir().unwrap();
        let keyring = Arc::new(Keyring::open(&folder.path().join("keys.json")).unwrap());
        let client_key = keyring.mint("test").unwrap().expose_secret().to_owned();
        let api_key = keyring.api_key().expose_secret().to_owned();
        let http = HttpClient::new(&Environment::new()).unwrap();
        let parts = Parts {
            workloads: Arc::new(Cast { route: Arc::clone(&route) }),
            keyring: Arc::clone(&keyring),
            proxy: Proxy::new(http, Arc::clone(&clock) as Arc<dyn Clock>, Arc::clone(&metrics)),
            site: Site(ui),
            api: Router::new().route("/workloads", axum::routing::get(async || "the control API")),
            metrics: Arc::clone(&metrics),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            limits,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, parts, stop.clone().cancelled_owned()));
        let reports = tokio::sync::Mutex::new(reports);
        Self { address, route, reports, clock, metrics, client_key, api_key, keyring, stop, served, _folder: folder }
    }

    /// A request to `path` with the client key; its body and other fields are the caller's.
    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("authorization", format!("Bearer {}", self.client_key))
    }

    /// A one-time code, of now.
    pub(crate) fn code(&self) -> String {
        self.keyring.begin_session(self.clock.now().moment).unwrap().expose_secret().to_owned()
    }

    /// Sends a request over a connection of its own.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Incoming> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        promptly(sender.send_request(request)).await.unwrap()
    }

    /// POSTs `body` to the workload's endpoint.
    pub(crate) async fn post(&self, body: impl Into<Body>) -> Response<Incoming> {
        self.send(self.request("POST", "/linear/mcp").body(body.into()).unwrap()).await
    }

    /// Writes `text` as it is, with `{host}` and `{key}` filled in, and reads until the server closes.
    pub(crate) async fn raw(&self, text: &str) -> String {
        let mut stream = self.write(text).await;
        let mut answer = Vec::new();
        // A reset after the answer is as good as a close.
        let _ = promptly(stream.read_to_end(&mut answer)).await;
        String::from_utf8(answer).unwrap()
    }

    /// Writes `text` as it is, with `{host}` and `{key}` filled in.
    pub(crate) async fn write(&self, text: &str) -> TcpStream {
        let text = text.replace("{host}", &self.address.to_string()).replace("{key}", &self.client_key);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// The same without letting the server come to its turn.
    pub(crate) fn call_at_once(&self, text: &str) -> std::net::TcpStream {
        let text = text.replace("{host}", &self.address.to_string()).replace("{key}", &self.client_key);
        let mut stream = std::net::TcpStream::connect(self.address).unwrap();
        std::io::Write::write_all(&mut stream, text.as_bytes()).unwrap();
        stream
    }

    /// Takes the monitor's place: puts a new state before the request path.
    pub(crate) fn publish(&self, phase: Phase, gate: Gate, credential: Option<Arc<Credential>>) {
        self.route.publish(access(phase, gate, credential));
    }

    /// The next report of the request path.
    pub(crate) async fn report(&self) -> Event {
        promptly(async { self.reports.lock().await.recv().await.unwrap() }).await
    }

    /// Asserts that nothing else was reported.
    pub(crate) async fn reported_nothing(&self) {
        assert_eq!(self.reports.lock().await.recv().now_or_never(), None);
    }

    /// Tells the server to stop.
    pub(crate) fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// Ready when the server has stopped.
    pub(crate) async fn stopped(self) {
        promptly(self.served).await.unwrap();
    }
}

impl StillClock {
    /// A clock that stands at 1,000 s.
    pub(crate) fn new() -> Self {
        Self { millis: watch::Sender::new(1_000_000) }
    }

    /// Moves on.
    pub(crate) fn advance(&self, span: Duration) {
        self.millis.send_modify(|millis| *millis += u64::try_from(span.as_millis()).unwrap());
    }

    /// Ready when somebody waits for a later moment.
    pub(crate) async fn awaited(&self) {
        promptly(async {
            while self.millis.receiver_count() == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

impl Clock for StillClock {
    fn jumps(&self) -> watch::Receiver<crate::clock::Jumps> {
        watch::channel(crate::clock::Jumps::default()).1
    }

    fn now(&self) -> Reading {
        let millis = *self.millis.borrow();
        Reading {
            moment: Moment::from_millis(millis),
            awake: Duration::from_millis(millis),
            wall: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn sleep_until(&self, moment: Moment) -> BoxFuture<'static, ()> {
        let mut millis = self.millis.subscribe();
        Box::pin(async move {
            let _ = millis.wait_for(|millis| *millis >= moment.as_millis()).await;
        })
    }
}

impl Workloads for Cast {
    fn route(&self, name: &str) -> Option<Arc<Route>> {
        (name == NAME).then(|| Arc::clone(&self.route))
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::default()
    }

    fn callback<'a>(&'a self, query: &'a str) -> BoxFuture<'a, CallbackPage> {
        Box::pin(async move { CallbackPage::SignedIn(format!("{NAME} ({query})")) })
    }
}

/// A web UI of two files.
fn ui(path: &str) -> Option<File> {
    let (kind, content) = match path {
        "index.html" => ("text/html", "<!doctype html>"),
        "assets/index-1a2b.js" => ("text/javascript", "void 0"),
        _ => return None,
    };
    Some(File { kind: kind.to_owned(), content: content.as_bytes().into() })
}

/// What `wanted` gives; a test that would wait for ever fails instead.
#[expect(clippy::disallowed_methods, reason = "sockets are real, and so is the patience with them")]
async fn promptly<Wanted>(wanted: impl Future<Output = Wanted>) -> Wanted {
    tokio::time::timeout(Duration::from_secs(20), wanted).await.expect("it comes within 20 s")
}

/// An upstream on loopback that answers as `answer` says. Gives its address with the path `/mcp`.
pub(crate) async fn upstream<Answer, Answered>(answer: Answer) -> String
where
    Answer: Fn(Request<Incoming>) -> Answered + Clone + Send + 'static,
    Answered: Future<Output = Response<Body>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |request| {
                let answered = answer(request);
                async move { Ok::<_, Infallible>(answered.await) }
            });
            let mut http = server::Builder::new();
            tokio::spawn(http.auto_date_header(false).serve_connection(TokioIo::new(stream), service));
        }
    });
    format!("http://{address}/mcp")
}

/// An answer with `status` and no body.
pub(crate) fn status(status: u16) -> Response<Body> {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

/// The token that a request to an upstream carries.
pub(crate) fn token(request: &Request<Incoming>) -> Option<String> {
    request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned())
}

/// A body read whole.
pub(crate) async fn read(body: impl http_body::Body<Data = Bytes, Error: std::fmt::Debug>) -> Bytes {
    body.collect().await.unwrap().to_bytes()
}

/// A body read as JSON.
pub(crate) async fn json(body: impl http_body::Body<Data = Bytes, Error: std::fmt::Debug>) -> serde_json::Value {
    serde_json::from_slice(&read(body).await).unwrap()
}

/// The credential of lease `number`, without an expiry.
pub(crate) fn credential(number: u64) -> Arc<Credential> {
    expiring(number, None)
}

/// The credential of lease `number`.
pub(crate) fn expiring(number: u64, expires_at: Option<Moment>) -> Arc<Credential> {
    let issued_at = Moment::from_millis(1_000_000);
    let lease = Lease { id: LeaseId(number), issued_at, expires_at, renewable: true };
    let mut authorization = HeaderValue::try_from(format!("Bearer token-{number}")).unwrap();
    authorization.set_sensitive(true);
    Arc::new(Credential::new(lease, authorization))
}

fn access(phase: Phase, gate: Gate, credential: Option<Arc<Credential>>) -> Access {
    let cause = (phase == Phase::AuthRetrying).then_some(Cause::Firewall { status: 403, page: true });
    let status = Status {
        grant: GrantKind::AuthorizationCode,
        phase,
        cause,
        since: jiff::Timestamp::UNIX_EPOCH,
        gate,
        usable: credential.as_ref().map(|credential| credential.lease.id),
        next_attempt: (phase == Phase::AuthRetrying).then(|| Moment::from_millis(1_000_000 + 411_500)),
        ends: None,
        expires: None,
        last_success: None,
        signing_in: false,
        under_way: false,
        mends_quietly: false,
        conditions: Vec::new(),
    };
    let given = (HeaderName::from_static("x-given"), HeaderValue::from_static("by the person"));
    Access { status: Arc::new(status), credential, headers: Arc::new([given]), ends: CancellationToken::new() }
}
