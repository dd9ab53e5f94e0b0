//! Plain HTTP to servers on this machine.

use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::patience::within;

/// A client that keeps connections.
#[derive(Clone)]
pub struct Wire(Client<HttpConnector, Full<bytes::Bytes>>);

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The header section.
    pub headers: HeaderMap,
    /// The body, which is text.
    pub body: String,
}

impl Default for Wire {
    fn default() -> Self {
        Self::new()
    }
}

impl Wire {
    /// A client without connections yet.
    pub fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// What is at `url`.
    pub async fn get(&self, url: &str) -> Answer {
        self.get_with(url, &HeaderMap::new()).await
    }

    /// The same, asked for with these `headers`.
    pub async fn get_with(&self, url: &str, headers: &HeaderMap) -> Answer {
        let answer = self.send(Method::GET, url, headers, String::new()).await;
        answer.unwrap_or_else(|| panic!("{url} gave no answer"))
    }

    /// The answer to `body`, sent with these `headers`.
    pub async fn post(&self, url: &str, headers: &HeaderMap, body: String) -> Answer {
        self.try_post(url, headers, body).await.unwrap_or_else(|| panic!("{url} gave no answer"))
    }

    /// The same where there may be nobody, or nobody any more: `None` when no whole answer came.
    pub async fn try_post(&self, url: &str, headers: &HeaderMap, body: String) -> Option<Answer> {
        self.send(Method::POST, url, headers, body).await
    }

    async fn send(&self, method: Method, url: &str, headers: &HeaderMap, body: String) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(url).body(Full::from(body)).unwrap();
        request.headers_mut().extend(headers.clone());
        let exchange = async {
            let answer = self.0.request(request).await.ok()?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some(Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.into()).unwrap() })
        };
        within(&format!("an answer from {url}"), exchange).await
    }

    /// What `url` answers, line by line as it comes, for as long as it comes.
    pub async fn lines(&self, url: &str) -> tokio::sync::mpsc::UnboundedReceiver<String> {
        let request = Request::get(url).body(Full::default()).unwrap();
        let mut body = within(&format!("an answer from {url}"), self.0.request(request)).await.unwrap().into_body();
        let (lines, received) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut begun = Vec::new();
            while let Some(Ok(frame)) = body.frame().await {
                begun.extend_from_slice(&frame.into_data().unwrap_or_default());
                while let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = begun.drain(..=end).collect();
                    // Whoever listened may have gone.
                    let _ = lines.send(String::from_utf8(line).unwrap());
                }
            }
        });
        received
    }
}
