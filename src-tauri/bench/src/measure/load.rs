//! Clients that call one after the other, each on a connection of its own that stays open. An answer that is not
//! what was asked for ends the measurement: a figure made of failures is none.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::measure::stopwatch::Stopwatch;

/// A tool call, as MCP clients send it.
pub(crate) const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a lamp in the window"}}}"#;

/// Where requests go.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// The whole value of `Authorization`.
    pub(crate) authorization: String,
}

/// What a number of calls took.
pub(crate) struct Sample {
    pub(crate) elapsed: Duration,
    /// The time of each call, in nanoseconds.
    pub(crate) latencies: Histogram<u64>,
}

/// A client's connection.
pub(crate) struct Caller {
    sender: SendRequest<Full<Bytes>>,
    target: Target,
}

/// When a client stops calling.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// After this long.
    Span(Duration),
    /// After as many calls.
    Calls(u64),
}

/// `connections` clients call `target` for `span`.
pub(crate) async fn calls(target: &Target, connections: usize, span: Duration) -> Result<Sample> {
    answers(StatusCode::OK, target, connections, Until::Span(span)).await
}

/// `connections` clients call `target`, each `until` then, and are all answered with `expected`.
pub(crate) async fn answers(expected: StatusCode, target: &Target, connections: usize, until: Until) -> Result<Sample> {
    let callers = try_join_all((0..connections).map(|_| Caller::connect(target.clone()))).await?;
    let watch = Stopwatch::start();
    let histograms = try_join_all(callers.into_iter().map(|caller| caller.until(expected, watch, until))).await?;
    let elapsed = watch.elapsed();
    let mut latencies = Histogram::new(3)?;
    for histogram in histograms {
        latencies.add(histogram)?;
    }
    Ok(Sample { elapsed, latencies })
}

impl Target {
    /// The place `below` this one.
    pub(crate) fn below(&self, below: &str) -> Self {
        Self { path: format!("{}{below}", self.path), ..self.clone() }
    }

    /// One question on a connection of its own, answered whole.
    pub(crate) async fn ask(&self, method: Method, body: impl Into<Bytes>) -> Result<Bytes> {
        let answer = Caller::connect(self.clone()).await?.send(method, body).await?;
        if !answer.status().is_success() {
            bail!("{} answered {}", self.path, answer.status());
        }
        Ok(answer.into_body().collect().await?.to_bytes())
    }
}

impl Caller {
    pub(crate) async fn connect(target: Target) -> Result<Self> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, target })
    }

    /// One tool call, answered whole.
    pub(crate) async fn call(&mut self) -> Result<Bytes> {
        self.answered(StatusCode::OK).await
    }

    /// One tool call, answered whole, and with the status `expected`.
    pub(crate) async fn answered(&mut self, expected: StatusCode) -> Result<Bytes> {
        let answer = self.send(Method::POST, CALL).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status != expected {
            bail!("{} answered {status}: {}", self.target.path, String::from_utf8_lossy(&body));
        }
        self.sender.ready().await?;
        Ok(body)
    }

    /// What a GET is answered with, as it streams. The connection lasts as long as the answer.
    pub(crate) async fn open(mut self) -> Result<Incoming> {
        let answer = self.send(Method::GET, "").await?;
        if answer.status() != StatusCode::OK {
            bail!("{} answered {}", self.target.path, answer.status());
        }
        Ok(answer.into_body())
    }

    async fn send(&mut self, method: Method, body: impl Into<Bytes>) -> Result<Response<Incoming>> {
        let request = Request::builder()
            .method(method)
            .uri(&self.target.path)
            .header(HOST, self.target.address.to_string())
            .header(AUTHORIZATION, &self.target.authorization)
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body.into()))?;
        self.sender.send_request(request).await.context("no answer")
    }

    async fn until(mut self, expected: StatusCode, watch: Stopwatch, until: Until) -> Result<Histogram<u64>> {
        let mut latencies = Histogram::new(3)?;
        let unfinished = |calls| match until {
            Until::Span(span) => watch.elapsed() < span,
            Until::Calls(count) => calls < count,
        };
        while unfinished(latencies.len()) {
            let call = Stopwatch::start();
            self.answered(expected).await?;
            latencies.record(u64::try_from(call.elapsed().as_nanos())?)?;
        }
        Ok(latencies)
    }
}

impl Sample {
    pub(crate) fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of calls is far below 2^52")]
        let calls = self.latencies.len() as f64;
        calls / self.elapsed.as_secs_f64()
    }

    /// The time within which this share of the calls was answered.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.latencies.value_at_quantile(share))
    }
}
