//! An MCP server with its sign-in server that does everything right, until one of its answers is replaced.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::Outcome;

pub(crate) const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
pub(crate) const METADATA: &str = "/.well-known/oauth-authorization-server";

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Foreign {
    pub(crate) origin: String,
    answers: Arc<Mutex<BTreeMap<String, Said>>>,
}

/// What is answered; `None` breaks the connection off.
type Said = Option<(u16, String, String)>;

impl Foreign {
    /// A server that does everything right.
    pub(crate) async fn set() -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let foreign = Self { origin, answers: Arc::default() };
        let server = foreign.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    let server = server.clone();
                    async move {
                        let path = request.uri().path().to_owned();
                        // Read whole, so that the connection can be used again.
                        let _ = request.into_body().collect().await;
                        server.answer(&path).ok_or("it breaks off")
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        foreign.on(
            "/mcp",
            401,
            "www-authenticate: Bearer resource_metadata=\"{origin}/.well-known/oauth-protected-resource/mcp\"",
            "",
        );
        foreign.on(
            RESOURCE,
            200,
            "",
            &json!({"resource": "{origin}/mcp", "authorization_servers": ["{origin}"]}).to_string(),
        );
        foreign.on(METADATA, 200, "", &Foreign::metadata(&json!({})));
        foreign.on("/register", 201, "", &json!({"client_id": "it"}).to_string());
        foreign.on(
            "/token",
            200,
            "",
            &json!({"access_token": "a-token", "expires_in": 3600, "refresh_token": "another"}).to_string(),
        );
        Ok(foreign)
    }

    /// From now on `path` is answered so; `{origin}` stands for where the server is.
    pub(crate) fn on(&self, path: &str, status: u16, header: &str, body: &str) {
        let filled = |text: &str| text.replace("{origin}", &self.origin);
        self.answers().insert(path.to_owned(), Some((status, filled(header), filled(body))));
    }

    /// From now on whoever asks for `path` hears nothing.
    pub(crate) fn breaks_off(&self, path: &str) {
        self.answers().insert(path.to_owned(), None);
    }

    /// The metadata of the sign-in server, with these members instead.
    pub(crate) fn metadata(changes: &Value) -> String {
        let mut metadata = json!({
            "issuer": "{origin}", "authorization_endpoint": "{origin}/authorize", "token_endpoint": "{origin}/token",
            "registration_endpoint": "{origin}/register", "code_challenge_methods_supported": ["S256"],
        });
        if let (Some(metadata), Some(changes)) = (metadata.as_object_mut(), changes.as_object()) {
            metadata.extend(changes.clone());
            metadata.retain(|_, member| !member.is_null());
        }
        metadata.to_string()
    }

    fn answer(&self, path: &str) -> Option<Response<Full<Bytes>>> {
        let said = self.answers().get(path).cloned();
        let (status, header, body) = said.unwrap_or_else(|| Some((404, String::new(), String::new())))?;
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        if let Some((name, value)) = header.split_once(": ")
            && let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse())
        {
            response.headers_mut().insert(name, value);
        }
        Some(response)
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Said>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
