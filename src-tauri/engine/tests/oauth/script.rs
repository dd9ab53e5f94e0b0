//! A server on loopback that answers by a script and remembers what it was asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lamplighter_core::config::Environment;
use lamplighter_engine::http::HttpClient;
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    /// The fields of a form, in order.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

/// What is answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    endless: bool,
}

/// An answer with `status` and `body`.
pub(crate) fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status: StatusCode::from_u16(status).unwrap(), body: body.into(), ..Reply::default() }
}

impl Reply {
    /// The same with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A stream of events that never come.
    pub(crate) fn endless() -> Self {
        Self { endless: true, ..reply(200, "").with("content-type", "text/event-stream; charset=utf-8") }
    }
}

/// The server; it ends with the test's runtime.
pub(crate) struct Script {
    pub(crate) url: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Script {
    /// Serves `answer`, which is told the server's own origin.
    pub(crate) async fn serve(answer: impl Fn(&str, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let url = Url::parse(&origin).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, log, origin) = (Arc::clone(&answer), Arc::clone(&log), origin.clone());
                let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let (answer, log, origin) = (Arc::clone(&answer), Arc::clone(&log), origin.clone());
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let asked = Asked {
                            method: head.method,
                            path: head.uri.to_string(),
                            headers: head.headers,
                            body: String::from_utf8(body.to_vec()).unwrap(),
                        };
                        log.lock().unwrap().push(asked.clone());
                        let reply = answer(&origin, &asked);
                        let body = Full::new(Bytes::from(reply.body)).map_err(|never| match never {});
                        let never =
                            StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>());
                        let mut response = Response::new(if reply.endless { never.boxed() } else { body.boxed() });
                        *response.status_mut() = reply.status;
                        for (name, value) in reply.headers {
                            response.headers_mut().append(name, value.parse().unwrap());
                        }
                        Ok::<_, Infallible>(response)
                    }
                });
                tokio::spawn(
                    http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { url, asked }
    }

    /// An address on this server.
    pub(crate) fn at(&self, path: &str) -> Url {
        self.url.join(path).unwrap()
    }

    /// Everything asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// The stack, in an empty environment.
pub(crate) fn http() -> HttpClient {
    HttpClient::new(&Environment::new()).unwrap()
}
