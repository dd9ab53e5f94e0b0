//! The server: plain HTTP on loopback, in the thread that asks it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lamplighter_core::config::Environment;
use lamplighter_engine::http::HttpClient;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::answer::Answer;

/// What is answered, one after the other; then 404.
pub(super) struct Play(VecDeque<Answer>);

/// Where the plays are given: one place for all of a thread's.
struct Stage {
    runtime: Runtime,
    http: HttpClient,
    origin: Url,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    requests: usize,
}

thread_local! {
    static STAGE: Stage = Stage::new();
}

impl Play {
    /// The play of these answers; `{origin}` in them stands for where the server is.
    pub(super) fn of(answers: Vec<Answer>) -> Self {
        let origin = STAGE.with(|stage| stage.origin.as_str().trim_end_matches('/').to_owned());
        Self(answers.into_iter().map(|answer| answer.at(&origin)).collect())
    }

    /// The next answer, which is then not played.
    pub(super) fn take(&mut self) -> Option<Answer> {
        self.0.pop_front()
    }

    /// What comes of `asking`, and how many requests it sent.
    pub(super) fn run<T>(self, asking: impl AsyncFnOnce(&HttpClient, &Url) -> T) -> (T, usize) {
        STAGE.with(|stage| {
            *stage.script.lock().unwrap() = Script { answers: self.0, requests: 0 };
            let outcome = stage.runtime.block_on(asking(&stage.http, &stage.origin));
            (outcome, stage.script.lock().unwrap().requests)
        })
    }
}

impl Answer {
    fn at(mut self, origin: &str) -> Self {
        for value in self.headers.values_mut() {
            let filled = value.to_str().ok().map(|value| value.replace("{origin}", origin));
            if let Some(filled) = filled.and_then(|value| HeaderValue::try_from(value).ok()) {
                *value = filled;
            }
        }
        let fill = |body: Vec<u8>| match String::from_utf8(body) {
            Ok(text) => text.replace("{origin}", origin).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        Self { body: self.body.map(fill), ..self }
    }

    /// As it goes over the wire, every time on the same connection: a new one for each would use up the ports.
    fn response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.body.unwrap_or_default()));
        if self.status.as_u16() >= 200 {
            *response.status_mut() = self.status;
        }
        for name in [CONTENT_TYPE, LOCATION, RETRY_AFTER] {
            if let Some(value) = self.headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        response
    }
}

impl Stage {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::<Mutex<Script>>::default();
        let played = Arc::clone(&script);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let played = Arc::clone(&played);
                let service = service_fn(move |request: Request<Incoming>| {
                    let played = Arc::clone(&played);
                    async move {
                        let _ = request.into_body().collect().await;
                        let mut script = played.lock().unwrap();
                        script.requests += 1;
                        let missing =
                            || Response::builder().status(StatusCode::NOT_FOUND).body(Full::default()).unwrap();
                        Ok::<_, Infallible>(script.answers.pop_front().map_or_else(missing, Answer::response))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        // Whatever an answer leads to: nothing leaves this machine, and no name is looked up.
        let proxies = ["HTTP_PROXY", "HTTPS_PROXY"].map(|variable| (variable.to_owned(), origin.clone()));
        let http = HttpClient::new(&Environment::from(proxies)).unwrap();
        Self { runtime, http, origin: origin.parse().unwrap(), script }
    }
}
