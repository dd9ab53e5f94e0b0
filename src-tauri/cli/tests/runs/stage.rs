//! A profile with a scripted engine, a clock that stands still, and what a run leaves behind.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use jiff::tz::TimeZone;
use lamplighter_cli::{Browser, ExitCode, Out, Ports, Terminal};
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::ports::Clock as _;
use lamplighter_engine::profile::{EngineFile, Lock, Profile};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncRead;
use tokio::sync::oneshot;

/// What the engine answers.
pub(crate) enum Answer {
    /// A status code with a JSON body; none where it is `null`.
    Json(u16, Value),
    /// An event stream with these events, which then ends.
    Events(String),
    /// An event stream in which nothing happens.
    Silence,
    /// Nothing, for as long as somebody waits.
    Never,
}

/// A profile, and whoever answers in it.
pub(crate) struct Stage {
    pub(crate) home: TempDir,
    pub(crate) clock: VirtualClock,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) terminal: Terminal,
    pub(crate) input: Option<Box<dyn AsyncRead + Send + Unpin>>,
    pub(crate) browser: Result<(), &'static str>,
    pub(crate) opened: Arc<Mutex<Vec<String>>>,
    /// Whether an interruption would be caught.
    pub(crate) caught: Arc<AtomicBool>,
    engine: Arc<Engine>,
    lock: Option<Lock>,
}

#[derive(Default)]
struct Engine {
    script: Mutex<BTreeMap<String, VecDeque<Answer>>>,
    heard: Mutex<Vec<String>>,
}

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: ExitCode,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

const KEY: &str = "the-api-key";

impl Stage {
    /// A profile without an engine.
    pub(crate) fn empty() -> Self {
        let home = tempfile::tempdir().unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let environment = BTreeMap::from([("LAMPLIGHTER_HOME".to_owned(), home.path().display().to_string())]);
        Self {
            home,
            clock: VirtualClock::new(),
            environment,
            terminal: Terminal::default(),
            input: None,
            browser: Ok(()),
            opened: Arc::default(),
            caught: Arc::default(),
            engine: Arc::default(),
            lock: None,
        }
    }

    /// A profile with an engine that answers as it is told.
    pub(crate) async fn with_engine() -> Self {
        let mut stage = Self::empty();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&stage.engine));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let profile = stage.profile();
        stage.lock = Some(profile.lock().unwrap().unwrap());
        let engine = EngineFile {
            pid: 4114,
            address,
            api_key: KEY.into(),
            version: "0.1.0".to_owned(),
            started_at: stage.clock.now().wall,
        };
        profile.publish(&engine).unwrap();
        stage
    }

    pub(crate) fn profile(&self) -> Profile {
        Profile::inside(self.home.path())
    }

    /// From now on `request` (`GET /workloads`) is answered so; the last answer is given again and again.
    pub(crate) fn on(&self, request: &str, answer: Answer) -> &Self {
        self.engine.script.lock().unwrap().entry(request.to_owned()).or_default().push_back(answer);
        self
    }

    /// The requests that the engine heard, with their bodies.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.engine.heard.lock().unwrap().clone()
    }

    /// Waits until the engine has heard `request`.
    pub(crate) async fn until_heard(&self, request: &str) {
        while !self.heard().iter().any(|heard| heard.starts_with(request)) {
            tokio::task::yield_now().await;
        }
    }

    /// Runs a command line to its end.
    pub(crate) async fn run(&mut self, line: &str) -> Run {
        let (_nobody, run) = self.begin(line);
        run.await
    }

    /// Runs a command line; the sender interrupts it.
    pub(crate) fn begin(&mut self, line: &str) -> (oneshot::Sender<()>, impl Future<Output = Run> + Send + use<>) {
        let args = std::iter::once("lamplighter").chain(line.split_whitespace()).map(Into::into).collect();
        let (interrupt, interrupted) = oneshot::channel();
        let caught = Arc::clone(&self.caught);
        let ports = Ports {
            environment: self.environment.clone(),
            clock: Arc::new(self.clock.clone()),
            zone: TimeZone::UTC,
            input: self.input.take().unwrap_or_else(|| Box::new(tokio::io::empty())),
            browser: Box::new(Opened { result: self.browser, opened: Arc::clone(&self.opened) }),
            interrupted: Box::pin(async move {
                caught.store(true, Ordering::Relaxed);
                if interrupted.await.is_err() {
                    std::future::pending::<()>().await;
                }
            }),
        };
        let (stdout, stderr) = (Shared::default(), Shared::default());
        let out = Out::new(Box::new(stdout.clone()), Box::new(stderr.clone()), self.terminal);
        let run = async move {
            let code = lamplighter_cli::run(args, ports, out).await;
            Run { code, stdout: stdout.text(), stderr: stderr.text() }
        };
        (interrupt, run)
    }

    /// Lets time pass second by second until `run` has ended.
    pub(crate) async fn wait_out(&self, run: impl Future<Output = Run> + Send + 'static) -> Run {
        let run = tokio::spawn(run);
        while !run.is_finished() {
            // Only somebody who sleeps is waiting for time.
            if self.clock.next_wake().is_some() {
                self.clock.advance(Duration::from_secs(1));
            }
            tokio::task::yield_now().await;
        }
        run.await.unwrap()
    }
}

async fn answer(
    State(engine): State<Arc<Engine>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().unwrap().as_str();
    let request = format!("{method} {}", path.strip_prefix("/api/v1").expect("every request is to the control API"));
    let last = headers.get("last-event-id").map(|id| format!(" after {}", id.to_str().unwrap()));
    let body = std::str::from_utf8(&body).unwrap();
    let heard = format!("{request}{} {body}", last.unwrap_or_default());
    engine.heard.lock().unwrap().push(heard.trim().to_owned());
    let key = format!("Bearer {KEY}");
    assert_eq!(headers.get("authorization").and_then(|key| key.to_str().ok()), Some(key.as_str()));
    assert!(headers.get("host").unwrap().to_str().unwrap().starts_with("127.0.0.1:"));
    let next = {
        let mut script = engine.script.lock().unwrap();
        match script.get_mut(&request) {
            None => Answer::Json(404, problem(404, "not_found", "the script has no answer", None)),
            Some(answers) if answers.len() > 1 => answers.pop_front().unwrap(),
            Some(answers) => match &answers[0] {
                Answer::Json(status, body) => Answer::Json(*status, body.clone()),
                Answer::Events(events) => Answer::Events(events.clone()),
                Answer::Silence => Answer::Silence,
                Answer::Never => Answer::Never,
            },
        }
    };
    match next {
        Answer::Json(status, Value::Null) => respond(status, "text/plain", Body::empty()),
        Answer::Json(status, body) => respond(status, "application/json", body.to_string().into()),
        Answer::Events(events) => respond(200, "text/event-stream", events.into()),
        Answer::Silence => respond(200, "text/event-stream", silence()),
        Answer::Never => std::future::pending().await,
    }
}

fn respond(status: u16, kind: &str, body: Body) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    Response::builder().status(status).header("content-type", kind).body(body).unwrap()
}

fn silence() -> Body {
    Body::from_stream(futures_util::stream::pending::<Result<Bytes, io::Error>>())
}

/// A problem document.
pub(crate) fn problem(status: u16, code: &str, detail: &str, hint: Option<&str>) -> Value {
    json!({"type": "about:blank", "title": "No", "status": status, "code": code, "detail": detail, "hint": hint})
}

/// A workload that runs; `changes` say what is different about this one.
pub(crate) fn workload(name: &str, changes: Value) -> Value {
    let mut workload = json!({
        "name": name,
        "url": format!("https://mcp.{name}.example/mcp"),
        "endpoint": format!("http://127.0.0.1:4114/{name}/mcp"),
        "grant": "authorization_code",
        "status": "running",
        "reason_code": null,
        "reason": null,
        "since": "2026-11-21T07:00:00Z",
        "next_attempt_at": "2026-11-21T08:41:00Z",
        "ends_at": null,
        "expires_at": "2026-11-21T08:46:00Z",
        "last_success_at": "2026-11-21T07:46:00Z",
        "account": null,
        "issuer": null,
        "signing_in": false,
        "conditions": [],
        "remedy": null,
    });
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    workload.as_object_mut().unwrap().extend(changes);
    workload
}

/// One of each: well, trying again, needing the person, needing more access, stopped.
pub(crate) fn zoo() -> Value {
    json!({"conditions": [], "workloads": [
        workload("notion", json!({"account": "me@example.com", "issuer": "https://auth.notion.example"})),
        workload("sentry", json!({
            "status": "auth_retrying", "reason_code": "firewall",
            "reason": "the sign-in server answered 403 with a web page",
            "since": "2026-11-21T07:48:00Z", "next_attempt_at": "2026-11-21T08:06:12Z",
            "ends_at": "2026-11-22T07:48:00Z", "expires_at": "2026-11-21T07:50:00Z",
            "conditions": [{
                "code": "firewall", "severity": "warning", "title": "A firewall answers",
                "text": "Something between here and the sign-in server answers in its place.",
                "remedy": "Leave the network that filters, or ask whoever runs it to let the sign-in server through."
            }],
        })),
        workload("linear", json!({
            "status": "unauthenticated", "reason_code": "invalid_grant", "reason": "the server ended this login",
            "since": "2026-11-21T07:59:48Z", "next_attempt_at": null, "expires_at": null,
            "remedy": "Click Sign in, or run `lamplighter login linear`.",
        })),
        workload("github", json!({
            "expires_at": null, "next_attempt_at": null,
            "conditions": [{
                "code": "needs_more_access", "severity": "error", "title": "Needs more access",
                "text": "The server asks for the scope repo.", "remedy": "Sign in again: `lamplighter login github`."
            }],
            "remedy": "Sign in again: `lamplighter login github`.",
        })),
        workload("attic", json!({"status": "stopped", "next_attempt_at": null, "expires_at": null})),
    ]})
}

impl fmt::Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "exit {}", self.code as u8)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(out, "\n--- {name}\n{}", text.trim_end_matches('\n'))?;
            }
        }
        Ok(())
    }
}

struct Opened {
    result: Result<(), &'static str>,
    opened: Arc<Mutex<Vec<String>>>,
}

impl Browser for Opened {
    fn open(&self, address: &str) -> io::Result<()> {
        self.opened.lock().unwrap().push(address.to_owned());
        self.result.map_err(io::Error::other)
    }
}

/// Somewhere to write that can be read afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
