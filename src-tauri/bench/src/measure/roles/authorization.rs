//! An authorization server that rotates refresh tokens (RFC 6749 section 6), counts the requests of every second, and
//! fails while it is told to.
//!
//! `POST /token` refreshes; `POST /down` and `POST /up` begin and end an outage; `GET /tally` tells what was counted.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::measure::stopwatch::Stopwatch;

/// How long an access token lives, in seconds: longer than any measurement.
const LIFETIME: u32 = 36_000;

struct Books {
    watch: Stopwatch,
    down: bool,
    /// Requests to the token endpoint in each second since the start.
    seconds: Vec<u32>,
    /// Requests that were answered with a token.
    renewed: u32,
    /// Refresh tokens that came a second time.
    reused: u32,
    /// How often the grant of each workload was rotated.
    rotations: HashMap<String, u64>,
}

pub(super) async fn serve(listener: TcpListener) -> Result<()> {
    let books = Books {
        watch: Stopwatch::start(),
        down: false,
        seconds: Vec::new(),
        renewed: 0,
        reused: 0,
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
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, said) = match path.as_str() {
        "/token" => books.token(&body),
        "/down" => books.turn(true),
        "/up" => books.turn(false),
        "/tally" => (StatusCode::OK, books.tally()),
        _ => (StatusCode::NOT_FOUND, Value::Null),
    };
    let mut answer = Response::new(Full::from(said.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}

impl Books {
    fn token(&mut self, body: &[u8]) -> (StatusCode, Value) {
        let second = usize::try_from(self.watch.elapsed().as_secs()).unwrap_or(usize::MAX);
        self.seconds.resize(self.seconds.len().max(second + 1), 0);
        self.seconds[second] += 1;
        if self.down {
            return (StatusCode::SERVICE_UNAVAILABLE, json!({"error": "temporarily_unavailable"}));
        }
        let refresh_token = url::form_urlencoded::parse(body).find(|(name, _)| name == "refresh_token");
        let refresh_token = refresh_token.map(|(_, value)| value.into_owned()).unwrap_or_default();
        let (name, number) = refresh_token.rsplit_once('.').unwrap_or_default();
        let rotations = self.rotations.entry(name.to_owned()).or_default();
        if number != rotations.to_string() {
            self.reused += 1;
            return (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}));
        }
        *rotations += 1;
        self.renewed += 1;
        let next = json!({
            "access_token": format!("access-{name}.{rotations}"),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "refresh_token": format!("{name}.{rotations}"),
        });
        (StatusCode::OK, next)
    }

    fn turn(&mut self, down: bool) -> (StatusCode, Value) {
        self.down = down;
        (StatusCode::OK, Value::Null)
    }

    fn tally(&self) -> Value {
        json!({"seconds": self.seconds, "renewed": self.renewed, "reused": self.reused})
    }
}
