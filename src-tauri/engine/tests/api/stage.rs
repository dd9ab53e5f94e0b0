//! A router in front of an engine with a profile of its own.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use lamplighter_core::config::{Config, Environment, SecretStoreKind};
use lamplighter_engine::clock::SystemClock;
use lamplighter_engine::engine::{Engine, Ports};
use lamplighter_engine::machine::Machine;
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use lamplighter_engine::{api, journal, secrets};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) struct Stage {
    pub(crate) router: Router,
    pub(crate) engine: Engine,
    /// The profile is gone with it.
    pub(crate) home: TempDir,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::under(&[], "").await
    }

    /// With these variables, and this for a `config.toml`.
    pub(crate) async fn under(variables: &[(&str, &str)], text: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let profile = Profile::inside(home.path());
        if !text.is_empty() {
            std::fs::write(profile.config_file(), text).unwrap();
        }
        let said = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let environment: Environment =
            said.chain([("LAMPLIGHTER_LISTEN".to_owned(), "127.0.0.1:0".to_owned())]).collect();
        let config = Config::parse("test", text, &environment).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ports = Ports {
            secrets: secrets::open(SecretStoreKind::Memory, &profile, Arc::clone(&clock)),
            journal: journal::in_memory(Arc::clone(&clock)),
            clock,
            machine: Machine::silent(),
        };
        let engine = Engine::start(profile, &environment, config, ports).await.unwrap();
        Self { router: api::router(engine.handle()), engine, home }
    }

    pub(crate) async fn ask(&self, request: &str, body: impl ToString) -> (StatusCode, Value) {
        let (method, path) = request.split_once(' ').unwrap();
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        if status.is_client_error() || status.is_server_error() {
            assert_eq!(kind.as_deref(), Some("application/problem+json"), "{path}");
        }
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        if status.is_client_error() || status.is_server_error() {
            assert_eq!((&body["type"], &body["status"]), (&json!("about:blank"), &json!(status.as_u16())), "{path}");
        }
        (status, body)
    }

    pub(crate) async fn document(&self) -> Value {
        self.ask("GET /openapi.json", "").await.1
    }

    /// Adds a workload whose server cannot be reached.
    pub(crate) async fn add(&self, name: &str) {
        let (status, added) = self.ask("POST /workloads", json!({"name": name, "url": nobody()})).await;
        assert_eq!(status, StatusCode::CREATED, "{added}");
    }
}

/// A loopback address where nobody listens.
pub(crate) fn nobody() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}/mcp")
}

pub(crate) const SERVED: [&str; 25] = [
    "DELETE /workloads/{name}",
    "GET /doctor",
    "GET /events",
    "GET /history",
    "GET /journal",
    "GET /openapi.json",
    "GET /settings",
    "GET /workloads",
    "GET /workloads/{name}",
    "GET /workloads/{name}/endpoint",
    "GET /workloads/{name}/login/{flow}",
    "PATCH /settings",
    "POST /callback-paste",
    "POST /session",
    "POST /simulated-server",
    "POST /window",
    "POST /workloads",
    "POST /workloads/{name}/cancel-login",
    "POST /workloads/{name}/login",
    "POST /workloads/{name}/logout",
    "POST /workloads/{name}/reauthenticate",
    "POST /workloads/{name}/restart",
    "POST /workloads/{name}/retry",
    "POST /workloads/{name}/start",
    "POST /workloads/{name}/stop",
];
