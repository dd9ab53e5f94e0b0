//! A local client, as simple as can be. It knows what `endpoint` prints, and nothing of the engine.

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::{Outcome, soon};

pub(super) type Client = legacy::Client<HttpConnector, Full<Bytes>>;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The local address of a workload, with the headers that it takes.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    client: Client,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
}

pub(super) fn new() -> Client {
    legacy::Client::builder(TokioExecutor::new()).build_http()
}

/// The whole answer to `request`.
pub(super) async fn send(client: &Client, request: Request<Full<Bytes>>) -> Outcome<Answer> {
    soon("an answer", async {
        let (head, body) = client.request(request).await?.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body: body.collect().await?.to_bytes() })
    })
    .await?
}

impl Answer {
    pub(crate) fn json(&self) -> Outcome<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("no JSON: {self:?}"))
    }

    /// The value of a header, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The text that a tool gave.
    pub(crate) fn tool_text(&self) -> Outcome<String> {
        let text = self.json()?["result"]["content"][0]["text"].as_str().map(str::to_owned);
        text.with_context(|| format!("no tool's answer: {self:?}"))
    }
}

impl Endpoint {
    /// What `endpoint --json` gives.
    pub(super) fn read(client: Client, document: &Value) -> Outcome<Self> {
        let headers = document["headers"].as_object().context("no headers")?;
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        let url = document["url"].as_str().context("no url")?.to_owned();
        Ok(Self { client, url, headers: headers.collect() })
    }

    /// A request as MCP clients make it.
    pub(crate) fn request(&self, method: Method) -> request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(&self.url)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json");
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// The whole answer to one JSON-RPC message.
    pub(crate) async fn post(&self, message: &Value) -> Outcome<Answer> {
        self.send(self.request(Method::POST).body(message.to_string().into())?).await
    }

    /// The whole answer to `request`.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Outcome<Answer> {
        send(&self.client, request).await
    }

    /// The answer to `request`, its body still to come.
    pub(crate) async fn open(&self, request: Request<Full<Bytes>>) -> Outcome<Response<Incoming>> {
        Ok(soon("the head of an answer", self.client.request(request)).await??)
    }
}
