//! The HTTP stack over real sockets.

#![expect(clippy::unwrap_used, reason = "what a test takes for granted")]

mod faults;
mod plain;
mod proxies;
#[path = "../fixture/tls.rs"]
mod tls;
mod trust;

use bytes::Bytes;
use http::Request;
use lamplighter_core::config::Environment;
use lamplighter_engine::http::{Fetched, HttpClient, Outgoing, SendError, outgoing};

/// The stack in an empty environment.
fn http() -> HttpClient {
    HttpClient::new(&Environment::new()).unwrap()
}

fn empty() -> Outgoing {
    outgoing(Bytes::new())
}

async fn get(http: &HttpClient, url: &str) -> Result<Fetched, SendError> {
    http.fetch(Request::get(url).body(Vec::new()).unwrap(), 1024).await
}

fn text(answer: &Fetched) -> &str {
    std::str::from_utf8(answer.body.as_deref().unwrap()).unwrap()
}
