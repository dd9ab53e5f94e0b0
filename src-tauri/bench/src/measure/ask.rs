//! One question over HTTP on a connection of its own, answered whole.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What `address` answers; `key` is sent as a bearer token where there is one.
pub(crate) async fn ask(address: SocketAddr, method: Method, path: &str, key: Option<&str>) -> Result<Bytes> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header(HOST, address.to_string());
    if let Some(key) = key {
        request = request.header(AUTHORIZATION, format!("Bearer {key}"));
    }
    let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await.context("no answer")?;
    if !answer.status().is_success() {
        bail!("{path} answered {}", answer.status());
    }
    Ok(answer.into_body().collect().await?.to_bytes())
}
