//! The running engine's control API, as this program speaks it: loopback, one connection a request, no proxy.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lamplighter_engine::api::Problem;
use lamplighter_engine::profile::{EngineFile, Profile};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sse_stream::{Sse, SseStream};
use tokio::net::TcpStream;
use url::Url;

use crate::exit::ExitCode;
use crate::failure::Failure;

/// The running engine, as `engine.json` tells of it.
pub(crate) struct Client {
    address: SocketAddr,
    key: SecretString,
    pid: u32,
}

/// The engine's event stream.
pub(crate) struct Stream(SseStream<Incoming>);

impl Client {
    /// The engine that runs in `profile`.
    pub(crate) fn of(profile: &Profile) -> Result<Self, Failure> {
        match profile.running() {
            Ok(Some(engine)) => Ok(Self::to(engine)),
            Ok(None) => Err(Failure::no_engine("no engine is running")),
            Err(error) => Err(Failure::failed(format!("{} cannot be read: {error}", profile.engine_file().display()))
                .hint("see that LAMPLIGHTER_HOME, where it is set, names a folder; an engine that is restarted writes the file anew")),
        }
    }

    /// The engine that `engine.json` tells of.
    pub(crate) fn to(engine: EngineFile) -> Self {
        Self { address: engine.address, key: engine.api_key, pid: engine.pid }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        self.ask(Method::GET, self.url(path)?, &()).await
    }

    /// As [`Client::get`], with a query.
    pub(crate) async fn query<T: DeserializeOwned>(&self, path: &[&str], pairs: &[(&str, &str)]) -> Result<T, Failure> {
        let mut url = self.url(path)?;
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        self.ask(Method::GET, url, &()).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Failure> {
        self.ask(Method::POST, self.url(path)?, body).await
    }

    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        self.ask(Method::DELETE, self.url(path)?, &()).await
    }

    /// The event stream: the journal's rows after the one with the number `seen` come first.
    pub(crate) async fn events(&self, seen: i64) -> Result<Stream, Failure> {
        let request = self.request(Method::GET, &self.url(&["events"])?).header("last-event-id", seen);
        let response = self.send(request.body(Full::default()).map_err(unexpected)?).await?;
        if response.status() != StatusCode::OK {
            let status = response.status();
            return Err(refusal(status, &read(response).await?));
        }
        Ok(Stream(SseStream::new(response.into_body())))
    }

    /// Sends `body` as JSON (none where it is `null`), and reads the answer as a `T` (`null` where it is empty).
    async fn ask<T: DeserializeOwned>(&self, method: Method, url: Url, body: &impl Serialize) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(unexpected)?;
        let body = if body == b"null" { Bytes::new() } else { Bytes::from(body) };
        let request = self.request(method, &url).header(header::CONTENT_TYPE, "application/json");
        let response = self.send(request.body(Full::new(body)).map_err(unexpected)?).await?;
        let status = response.status();
        let answer = read(response).await?;
        if !status.is_success() {
            return Err(refusal(status, &answer));
        }
        let answer = if answer.is_empty() { b"null" } else { answer.as_ref() };
        serde_json::from_slice(answer).map_err(|error| {
            Failure::failed(format!("the engine's answer cannot be understood: {error}"))
                .hint("engine and command are of different versions: restart the engine")
        })
    }

    fn url(&self, path: &[&str]) -> Result<Url, Failure> {
        let mut url = Url::parse(&format!("http://{}/api/v1", self.address)).map_err(unexpected)?;
        // Only addresses without a path have no segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        // What stands for another place in every address is nobody's name.
        if let Some(name) = path.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
            return Err(Failure::new(ExitCode::NoSuchWorkload, format!("no workload is called {name:?}"))
                .hint("`lamplighter list --all` shows the names that there are"));
        }
        Ok(url)
    }

    fn request(&self, method: Method, url: &Url) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(&url[url::Position::BeforePath..])
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key.expose_secret()))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
        let silent = |error: &dyn std::error::Error| {
            Failure::new(ExitCode::NoEngine, format!("the engine at {} does not answer: {error}", self.address)).hint(
                format!("try again; if that does not help, end process {} and start `lamplighter serve`", self.pid),
            )
        };
        let stream = TcpStream::connect(self.address).await.map_err(|error| silent(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| silent(&error))?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|_| stopped())
    }
}

impl Stream {
    /// The next event; `None` when the engine has stopped.
    pub(crate) async fn next(&mut self) -> Option<Sse> {
        loop {
            let event = futures_util::StreamExt::next(&mut self.0).await?.ok()?;
            if event.is_event() {
                return Some(event);
            }
        }
    }
}

async fn read(response: Response<Incoming>) -> Result<Bytes, Failure> {
    match response.into_body().collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(_) => Err(stopped()),
    }
}

fn refusal(status: StatusCode, answer: &[u8]) -> Failure {
    match serde_json::from_slice::<Problem>(answer) {
        Ok(problem) => problem.into(),
        Err(_) => Failure::failed(format!("the engine answered {status}"))
            .hint("engine and command may be of different versions: restart the engine"),
    }
}

fn stopped() -> Failure {
    Failure::no_engine("the engine stopped before it had answered")
}

fn unexpected(error: impl std::error::Error) -> Failure {
    Failure::failed(format!("the request cannot be written: {error}"))
}
