//! An authorization server that rotates refresh tokens (RFC 6749 section 6), counts the requests of every second, and
//! does as it is told.
//!
//! `POST /token` refreshes; `PUT /rules` tells it what to do from now on; `GET /tally` asks what was counted.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::measure::stopwatch::{Stopwatch, pause};

/// What it is told to do.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// Every request is answered with 503.
    pub(crate) down: bool,
    /// How long access tokens last that are issued from now on.
    pub(crate) lifetime: Duration,
    /// How long every answer of the token endpoint takes.
    pub(crate) delay: Duration,
}

/// What it has counted.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Requests to the token endpoint in each second since the start.
    pub(crate) seconds: Vec<u32>,
    /// Requests that were answered with a token.
    pub(crate) renewed: u64,
    /// Refresh tokens that came a second time.
    pub(crate) reused: u64,
}

struct Books {
    watch: Stopwatch,
    rules: Rules,
    tally: Tally,
    /// How often the grant of each workload was rotated.
    rotations: HashMap<String, u64>,
}

impl Default for Rules {
    /// It works, at once, and its tokens outlast any measurement.
    fn default() -> Self {
        Self { down: false, lifetime: Duration::from_hours(10), delay: Duration::ZERO }
    }
}

impl Tally {
    /// Requests to the token endpoint.
    pub(crate) fn requests(&self) -> u64 {
        self.seconds.iter().copied().map(u64::from).sum()
    }
}

pub(super) async fn serve(listener: TcpListener) -> Result<()> {
    let books = Books {
        watch: Stopwatch::start(),
        rules: Rules::default(),
        tally: Tally::default(),
        rotations: HashMap::new(),
    };
    let books = Arc::new(Mutex::new(books));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let books = Arc::clone(&books);
        let answer = service_fn(move |request| answer(Arc::clone(&books), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

async fn answer(books: Arc<Mutex<Books>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let (status, said) = match path.as_str() {
        "/token" => {
            let (answer, delay) = open(&books).token(&body);
            pause(delay).await;
            answer
        }
        "/rules" => open(&books).rule(&body),
        "/tally" => (StatusCode::OK, json!(open(&books).tally)),
        _ => (StatusCode::NOT_FOUND, Value::Null),
    };
    let mut answer = Response::new(Full::from(said.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}

fn open(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Books {
    /// The answer to a refresh, and how long it takes.
    fn token(&mut self, body: &[u8]) -> ((StatusCode, Value), Duration) {
        let second = usize::try_from(self.watch.elapsed().as_secs()).unwrap_or(usize::MAX);
        let seconds = &mut self.tally.seconds;
        seconds.resize(seconds.len().max(second + 1), 0);
        seconds[second] += 1;
        let answer = if self.rules.down {
            (StatusCode::SERVICE_UNAVAILABLE, json!({"error": "temporarily_unavailable"}))
        } else {
            self.rotate(body)
        };
        (answer, self.rules.delay)
    }

    fn rotate(&mut self, body: &[u8]) -> (StatusCode, Value) {
        let refresh_token = url::form_urlencoded::parse(body).find(|(name, _)| name == "refresh_token");
        let refresh_token = refresh_token.map(|(_, value)| value.into_owned()).unwrap_or_default();
        let (name, number) = refresh_token.rsplit_once('.').unwrap_or_default();
        let rotations = self.rotations.entry(name.to_owned()).or_default();
        if number != rotations.to_string() {
            self.tally.reused += 1;
            return (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}));
        }
        *rotations += 1;
        self.tally.renewed += 1;
        let next = json!({
            "access_token": format!("access-{name}.{rotations}"),
            "token_type": "Bearer",
            "expires_in": self.rules.lifetime.as_secs(),
            "refresh_token": format!("{name}.{rotations}"),
        });
        (StatusCode::OK, next)
    }

    fn rule(&mut self, body: &[u8]) -> (StatusCode, Value) {
        match serde_json::from_slice(body) {
            Ok(rules) => {
                self.rules = rules;
                (StatusCode::OK, Value::Null)
            }
            Err(error) => (StatusCode::BAD_REQUEST, json!(error.to_string())),
        }
    }
}
