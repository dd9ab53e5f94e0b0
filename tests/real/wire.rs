//! Plain HTTP to servers on this machine.

use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::patience::within;

/// A client that keeps connections.
#[derive(Clone)]
pub(crate) struct Wire(Client<HttpConnector, Full<bytes::Bytes>>);

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.send(Method::GET, url, &HeaderMap::new(), String::new()).await
    }

    pub(crate) async fn post(&self, url: &str, headers: &HeaderMap, body: String) -> Answer {
        self.send(Method::POST, url, headers, body).await
    }

    async fn send(&self, method: Method, url: &str, headers: &HeaderMap, body: String) -> Answer {
        let mut request = Request::builder().method(method).uri(url).body(Full::from(body)).unwrap();
        request.headers_mut().extend(headers.clone());
        let exchange = async {
            let answer = self.0.request(request).await.unwrap();
            let (head, body) = answer.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.into()).unwrap() }
        };
        within(&format!("an answer from {url}"), exchange).await
    }
}
