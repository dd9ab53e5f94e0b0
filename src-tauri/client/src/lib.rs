//! The control API's client: how command line and window speak to the running engine. Loopback, one connection a
//! request, no proxy. It knows paths and problems; what a face says about them is the face's.

mod error;
mod events;

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
use serde_json::Value;
use tokio::net::TcpStream;
use url::Url;

pub use self::error::Error;
pub use self::events::{Event, Events};

/// The running engine, as `engine.json` tells of it. Its `Debug` shows no key.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    key: SecretString,
    pid: u32,
}

/// What the engine answered, good or bad: for a face that hands it on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The body; `null` where there is none.
    pub json: Value,
}

impl Client {
    /// The engine that runs in `profile`.
    ///
    /// # Errors
    /// When none runs there, or its `engine.json` cannot be read.
    pub fn of(profile: &Profile) -> Result<Self, Error> {
        match profile.running() {
            Ok(Some(engine)) => Ok(Self::to(engine)),
            Ok(None) => Err(Error::NoEngine),
            Err(source) => Err(Error::Unreadable { file: profile.engine_file(), source }),
        }
    }

    /// The engine that `engine.json` tells of.
    #[must_use]
    pub fn to(engine: EngineFile) -> Self {
        Self { address: engine.address, key: engine.api_key, pid: engine.pid }
    }

    /// Where the engine listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads what is at `path`, given in segments below `/api/v1`.
    ///
    /// # Errors
    /// When the engine does not answer, refuses, or answers something that is no `T`.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Error> {
        self.query(path, &[]).await
    }

    /// As [`Client::get`], with a query.
    ///
    /// # Errors
    /// As there.
    pub async fn query<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, Error> {
        self.ask(Method::GET, path, query, &()).await
    }

    /// Sends `body` as JSON; `()` is none.
    ///
    /// # Errors
    /// As with [`Client::get`].
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, Error> {
        self.ask(Method::POST, path, &[], body).await
    }

    /// Deletes what is at `path`.
    ///
    /// # Errors
    /// As with [`Client::get`].
    pub async fn delete<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Error> {
        self.ask(Method::DELETE, path, &[], &()).await
    }

    /// Sends any request to a path below `/api/v1`, `body` as JSON (none where it is `null`). A refusal is an answer
    /// like any other.
    ///
    /// # Errors
    /// When the engine does not answer, or with something that is no JSON.
    pub async fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer, Error> {
        let (status, answer) = self.exchange(method, path, query, body).await?;
        match read(&answer) {
            Ok(json) => Ok(Answer { status, json }),
            Err(error) if status.is_success() => Err(error),
            Err(_) => Err(Error::Strange(status)),
        }
    }

    /// The event stream. After the row of the journal with the number `seen` its next ones come first; `None` begins
    /// with now.
    ///
    /// # Errors
    /// When the engine does not answer, or refuses.
    pub async fn events(&self, seen: Option<i64>) -> Result<Events, Error> {
        let mut request = self.head(Method::GET, &self.url(&["events"], &[])?);
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen);
        }
        let response = self.send(request.body(Full::default()).map_err(Error::unwritable)?).await?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(Events::of(response.into_body()));
        }
        Err(refusal(status, &whole(response).await?))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let (status, answer) = self.exchange(method, path, query, body).await?;
        if status.is_success() { read(&answer) } else { Err(refusal(status, &answer)) }
    }

    /// One request, and the whole answer to it.
    async fn exchange(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<(StatusCode, Bytes), Error> {
        let body = serde_json::to_vec(body).map_err(Error::unwritable)?;
        let body = if body == b"null" { Bytes::new() } else { Bytes::from(body) };
        let request = self.head(method, &self.url(path, query)?).header(header::CONTENT_TYPE, "application/json");
        let response = self.send(request.body(Full::new(body)).map_err(Error::unwritable)?).await?;
        Ok((response.status(), whole(response).await?))
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Error> {
        // What stands for another place in every address is nobody's name.
        if let Some(name) = path.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
            return Err(Error::NoSuchName((*name).to_owned()));
        }
        let mut url = Url::parse(&format!("http://{}/api/v1", self.address)).map_err(Error::unwritable)?;
        // Only addresses without a path have no segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn head(&self, method: Method, url: &Url) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(&url[url::Position::BeforePath..])
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key.expose_secret()))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Error> {
        let silent = |source| Error::Silent { address: self.address, pid: self.pid, source };
        let stream = TcpStream::connect(self.address).await.map_err(silent)?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| silent(std::io::Error::other(error)))?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|_| Error::Stopped)
    }
}

async fn whole(response: Response<Incoming>) -> Result<Bytes, Error> {
    response.into_body().collect().await.map(http_body_util::Collected::to_bytes).map_err(|_| Error::Stopped)
}

/// Reads an answer as a `T`; an empty one is `null`.
fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Error> {
    let answer = if answer.is_empty() { b"null" } else { answer };
    serde_json::from_slice(answer).map_err(Error::NotUnderstood)
}

fn refusal(status: StatusCode, answer: &[u8]) -> Error {
    serde_json::from_slice::<Problem>(answer).map_or(Error::Strange(status), Error::Refused)
}
