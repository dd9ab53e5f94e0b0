//! The control API over its router, in front of a real engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::StreamExt as _;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use lamplighter_core::config::{Config, Environment, SecretStoreKind};
use lamplighter_engine::clock::{SystemClock, within};
use lamplighter_engine::engine::{Engine, Ports};
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use lamplighter_engine::{api, journal, secrets};
use lamplighter_simulator::{World, person};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

struct Stage {
    router: Router,
    engine: Engine,
    _home: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let profile = Profile::inside(home.path());
        let environment = Environment::new();
        let config = Config::parse("test", "listen = \"127.0.0.1:0\"", &environment).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ports = Ports {
            secrets: secrets::open(SecretStoreKind::Memory, &profile, Arc::clone(&clock)),
            journal: journal::in_memory(Arc::clone(&clock)),
            clock,
        };
        let engine = Engine::start(profile, &environment, config, ports).await.unwrap();
        Self { router: api::router(engine.handle()), engine, _home: home }
    }

    async fn ask(&self, request: &str, body: impl ToString) -> (StatusCode, Value) {
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

    async fn document(&self) -> Value {
        self.ask("GET /openapi.json", "").await.1
    }

    /// Adds a workload whose server cannot be reached.
    async fn add(&self, name: &str) {
        let (status, added) = self.ask("POST /workloads", json!({"name": name, "url": nobody()})).await;
        assert_eq!(status, StatusCode::CREATED, "{added}");
    }
}

/// A loopback address where nobody listens.
fn nobody() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}/mcp")
}

const SERVED: [&str; 18] = [
    "DELETE /workloads/{name}",
    "GET /doctor",
    "GET /events",
    "GET /journal",
    "GET /openapi.json",
    "GET /workloads",
    "GET /workloads/{name}",
    "GET /workloads/{name}/endpoint",
    "GET /workloads/{name}/login/{flow}",
    "POST /callback-paste",
    "POST /workloads",
    "POST /workloads/{name}/cancel-login",
    "POST /workloads/{name}/login",
    "POST /workloads/{name}/logout",
    "POST /workloads/{name}/restart",
    "POST /workloads/{name}/retry",
    "POST /workloads/{name}/start",
    "POST /workloads/{name}/stop",
];

#[tokio::test]
async fn what_is_documented_is_what_is_served() {
    let stage = Stage::new().await;
    let document = stage.document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut documented: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let known = item.get(method.as_str().to_lowercase()).is_some();
            if known {
                documented.push(format!("{method} {path}"));
            }
            let filled = path.replace("{name}", "x").replace("{flow}", "1");
            let request = Request::builder().method(&method).uri(&filled).body(Body::empty()).unwrap();
            let status = stage.router.clone().oneshot(request).await.unwrap().status();
            assert_eq!(status != StatusCode::METHOD_NOT_ALLOWED, known, "{method} {filled} answered {status}");
        }
    }
    documented.sort_unstable();
    assert_eq!(documented, SERVED);
}

#[tokio::test]
async fn the_document_is_whole() {
    let document = Stage::new().await.document().await;
    let text = document.to_string();
    let mut schemas = 0;
    for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference} points nowhere");
        schemas += 1;
    }
    assert!(schemas > 30, "every answer has its schema");
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            assert!(operation["summary"].is_string() || operation["description"].is_string(), "{operation}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert_ne!(response["description"], "", "{operation}");
                if status.starts_with(['4', '5']) {
                    let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
                    assert_eq!(problem, "#/components/schemas/Problem", "{status} of {operation}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_workload_lives_from_add_to_removal() {
    let stage = Stage::new().await;
    let url = nobody();
    let (status, added) = stage.ask("POST /workloads", json!({"name": "a", "url": url})).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!((&added["name"], &added["url"]), (&json!("a"), &json!(url)));
    assert!(added["look"]["unreachable"].is_string(), "{added}");

    let (_, list) = stage.ask("GET /workloads", "").await;
    let (status, one) = stage.ask("GET /workloads/a", "").await;
    assert_eq!((status, &list["workloads"][0]), (StatusCode::OK, &one));
    for field in ["next_attempt_at", "ends_at", "account", "issuer", "reason_code", "conditions"] {
        assert!(one.as_object().unwrap().contains_key(field), "{field} is always there");
    }
    let (status, endpoint) = stage.ask("GET /workloads/a/endpoint", "").await;
    assert_eq!((status, &endpoint["url"]), (StatusCode::OK, &one["endpoint"]));
    assert!(endpoint["headers"]["Authorization"].as_str().unwrap().starts_with("Bearer "));

    for order in ["retry", "stop", "start", "restart", "cancel-login"] {
        assert_eq!(stage.ask(&format!("POST /workloads/a/{order}"), "").await.0, StatusCode::ACCEPTED, "{order}");
    }
    let (status, out) = stage.ask("POST /workloads/a/logout", "").await;
    assert_eq!((status, out), (StatusCode::ACCEPTED, json!({"revocation": "nothing_held"})));
    let (status, gone) = stage.ask("DELETE /workloads/a", "").await;
    assert_eq!((status, gone), (StatusCode::OK, json!({"revocation": "nothing_held"})));
    assert_eq!(stage.ask("GET /workloads/a", "").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_name_is_given_once() {
    let stage = Stage::new().await;
    stage.add("a").await;
    let (status, problem) = stage.ask("POST /workloads", json!({"name": "a", "url": nobody()})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("name_taken")));
}

#[tokio::test]
async fn an_unknown_name_brings_the_nearest_one() {
    let stage = Stage::new().await;
    stage.add("linear").await;
    for request in SERVED.iter().filter(|request| request.contains("{name}") && !request.contains("{flow}")) {
        let (status, problem) = stage.ask(&request.replace("{name}", "linaer"), "").await;
        assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("no_such_workload")), "{request}");
        assert!(problem["hint"].as_str().unwrap().contains("`linear`"), "{problem}");
    }
    assert_eq!(stage.ask("GET /journal?workload=linaer", "").await.1["code"], "no_such_workload");
}

#[tokio::test]
async fn the_field_at_fault_is_named_and_no_value_of_a_secret_quoted() {
    let stage = Stage::new().await;
    let url = "https://a.example/mcp";
    for (body, field, words) in [
        (json!({"name": "a"}), "url", "missing"),
        (json!({"name": "a", "url": url, "client_i": "x"}), "client_i", "client_id"),
        (json!({"name": "a", "url": url, "zzz": "x"}), "zzz", "allowed: "),
        (json!({"name": "a", "url": url, "scopes": "read"}), "scopes", "a list"),
        (json!({"name": "a", "url": url, "scopes": ["read", 7]}), "scopes[1]", "a string"),
        (json!({"name": "a", "url": url, "no_resource": "yes"}), "no_resource", "true or false"),
        (json!({"name": "a", "url": url, "grant": "password"}), "grant", "client_credentials"),
        (json!({"name": "a", "url": url, "headers": {"X-Team": ["hush"]}}), "headers.X-Team", "a string"),
        (json!({"name": "a", "url": url, "bearer": {"hush": "hush"}}), "bearer", "a string"),
        (json!({"name": "Api", "url": url}), "name", "a-z"),
        (json!({"name": "a", "url": "http://a.example"}), "url", "https"),
        (json!({"name": "a", "url": url, "headers": {"X-Team": "hush\n"}}), "headers.X-Team", "header"),
        (json!({"name": "a", "url": url, "headers": {"Host": "hush"}}), "headers.Host", "Host"),
        (json!({"name": "a", "url": url, "grant": "client_credentials"}), "client_id", "needs"),
        (json!({"name": "a", "url": url, "grant": "bearer"}), "bearer", "needs"),
        (json!({"name": "a", "url": url, "grant": "authorization_code", "bearer": "hush"}), "bearer", "grant"),
        (json!({"name": "a", "url": url, "resource": "https://a", "no_resource": true}), "no_resource", "contradict"),
    ] {
        let (status, problem) = stage.ask("POST /workloads", &body).await;
        let said = problem.to_string();
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}: {said}");
        assert!(said.contains(words) && !said.contains("hush"), "{body}: {said}");
    }
    assert_eq!(stage.ask("GET /workloads", "").await.1, json!({"workloads": []}), "nothing was kept");
}

#[tokio::test]
async fn a_body_that_is_no_object_or_too_long_is_refused() {
    let stage = Stage::new().await;
    for body in ["{", "[]", "7", "name=a"] {
        let (status, problem) = stage.ask("POST /workloads", body).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("malformed")), "{body}");
    }
    let (status, problem) = stage.ask("POST /workloads", "a".repeat((1 << 20) + 1)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
}

#[tokio::test]
async fn paths_and_queries_that_are_not_known_are_problems_too() {
    let stage = Stage::new().await;
    assert_eq!(stage.ask("GET /nowhere", "").await.1["code"], "not_found");
    assert_eq!(stage.ask("PUT /workloads", "").await.1["code"], "method_not_allowed");
    assert_eq!(stage.ask("GET /journal?limit=many", "").await.1["code"], "malformed");
}

#[tokio::test]
async fn the_journal_is_given_from_where_it_was_left() {
    let stage = Stage::new().await;
    stage.add("a").await;
    stage.add("b").await;
    let (_, all) = stage.ask("GET /journal", "").await;
    let rows = all["events"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["workload"] == "a") && rows.iter().any(|row| row["workload"] == "b"));
    let (_, only) = stage.ask("GET /journal?workload=b", "").await;
    assert!(only["events"].as_array().unwrap().iter().all(|row| row["workload"] == "b"));
    let first = &rows[0]["id"];
    let (_, rest) = stage.ask(&format!("GET /journal?after={first}"), "").await;
    assert_eq!(rest["events"].as_array().unwrap().as_slice(), &rows[1..]);
    let (_, newest) = stage.ask("GET /journal?limit=1", "").await;
    assert_eq!(newest["events"].as_array().unwrap().as_slice(), &rows[rows.len() - 1..]);
}

/// The event stream, as (name, id, data).
async fn listen(
    stage: &Stage,
    seen: Option<&Value>,
) -> impl futures_util::Stream<Item = (String, Option<String>, Value)> + use<> {
    let mut request = Request::builder().uri("/events");
    if let Some(seen) = seen {
        request = request.header("last-event-id", seen.to_string());
    }
    let response = stage.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let events = sse_stream::SseStream::new(response.into_body()).filter_map(async |event| {
        let event = event.unwrap();
        Some((event.event?, event.id, serde_json::from_str(&event.data?).unwrap()))
    });
    Box::pin(events)
}

#[tokio::test]
async fn the_stream_begins_with_a_snapshot_and_tells_every_change() {
    let stage = Stage::new().await;
    let mut events = listen(&stage, None).await;
    let (name, id, first) = events.next().await.unwrap();
    assert_eq!((name.as_str(), id, first), ("snapshot", None, json!({"workloads": []})));
    stage.add("a").await;
    let (mut snapshot, mut row) = (false, false);
    while !(snapshot && row) {
        let (name, id, data) = events.next().await.unwrap();
        match name.as_str() {
            "snapshot" => snapshot |= data["workloads"][0]["name"] == "a",
            "journal" => {
                assert_eq!(id, Some(data["id"].to_string()), "a row is numbered, so that one can go on after it");
                row |= data["workload"] == "a";
            }
            _ => panic!("{name} {data}"),
        }
    }
}

#[tokio::test]
async fn who_missed_rows_is_given_them_first() {
    let stage = Stage::new().await;
    stage.add("a").await;
    let (_, all) = stage.ask("GET /journal", "").await;
    let rows = all["events"].as_array().unwrap();
    let mut events = listen(&stage, Some(&rows[0]["id"])).await;
    assert_eq!(events.next().await.unwrap().0, "snapshot");
    for row in &rows[1..] {
        let (name, _, data) = events.next().await.unwrap();
        assert_eq!((name.as_str(), &data), ("journal", row));
    }
}

#[tokio::test]
async fn the_doctor_looks_at_stores_and_workloads() {
    let stage = Stage::new().await;
    stage.add("a").await;
    let (_, answer) = stage.ask("GET /doctor", "").await;
    let checks = answer["checks"].as_array().unwrap();
    let codes: Vec<&str> = checks.iter().map(|check| check["code"].as_str().unwrap()).collect();
    assert_eq!(codes[..2], ["secret_store", "journal"]);
    assert!(checks.iter().any(|check| check["title"].as_str().unwrap().starts_with("a: ")));
    assert!(checks.iter().all(|check| check.as_object().unwrap().contains_key("remedy")));
}

/// A stage with one workload that asks for a sign-in, and the sign-in that was begun.
async fn signing_in(world: &World) -> (Stage, lamplighter_simulator::Server, Value) {
    let stage = Stage::new().await;
    let server = world.server("linear").unwrap();
    let (status, added) = stage.ask("POST /workloads", json!({"name": "linear", "url": server.mcp_url()})).await;
    assert_eq!((status, &added["look"]), (StatusCode::CREATED, &json!("sign_in_needed")));
    let (status, begun) = stage.ask("POST /workloads/linear/login", "").await;
    assert_eq!(status, StatusCode::ACCEPTED, "{begun}");
    (stage, server, begun)
}

fn address(begun: &Value) -> url::Url {
    begun["authorization_url"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_sign_in_tells_how_it_ended_to_whoever_waits_for_it() {
    let world = World::new();
    let (stage, _server, begun) = signing_in(&world).await;
    let wait = format!("GET /workloads/linear/login/{}", begun["flow"]);
    let address = address(&begun);
    let (ended, visited) = tokio::join!(stage.ask(&wait, ""), person::sign_in(&address));
    visited.unwrap();
    let signed_in = json!({"workload": "linear", "signed_in": true, "reason": null});
    assert_eq!(ended, (StatusCode::OK, signed_in.clone()));
    assert_eq!(stage.ask(&wait, "").await, (StatusCode::OK, signed_in), "it is told again to whoever asks late");
    assert_eq!(stage.ask("GET /workloads/linear", "").await.1["status"], "running");
    assert_eq!(stage.ask("GET /workloads/linear/login/99", "").await.1["code"], "no_such_flow");
    assert_eq!(stage.ask("GET /workloads/linear/login/x", "").await.1["code"], "no_such_flow");
}

#[tokio::test]
async fn a_callback_can_be_pasted_once() {
    let world = World::new();
    let (stage, _server, begun) = signing_in(&world).await;
    let callback = person::approve(&address(&begun)).await.unwrap();
    let (status, outcome) = stage.ask("POST /callback-paste", json!({"url": callback})).await;
    assert_eq!((status, &outcome["signed_in"]), (StatusCode::OK, &json!(true)), "{outcome}");
    let (status, problem) = stage.ask("POST /callback-paste", json!({"url": callback})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("unknown_callback")));
    for url in ["hush", "https://a.example/"] {
        let (status, problem) = stage.ask("POST /callback-paste", json!({"url": url})).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("url")));
        assert!(!problem.to_string().contains("hush"));
    }
}

#[tokio::test]
async fn a_refused_and_a_cancelled_sign_in_say_why() {
    let world = World::new();
    let (stage, _server, begun) = signing_in(&world).await;
    let callback = person::deny(&address(&begun)).await.unwrap();
    let _ = stage.ask("POST /callback-paste", json!({"url": callback})).await;
    let (_, denied) = stage.ask(&format!("GET /workloads/linear/login/{}", begun["flow"]), "").await;
    assert_eq!(denied["signed_in"], json!(false));
    assert!(denied["reason"].as_str().unwrap().contains("access_denied"), "{denied}");

    let (_, again) = stage.ask("POST /workloads/linear/login", json!({"force": true})).await;
    assert_ne!(again["flow"], begun["flow"]);
    assert_eq!(stage.ask("POST /workloads/linear/cancel-login", "").await.0, StatusCode::ACCEPTED);
    let (_, cancelled) = stage.ask(&format!("GET /workloads/linear/login/{}", again["flow"]), "").await;
    assert_eq!(cancelled["signed_in"], json!(false), "{cancelled}");
}

#[tokio::test]
async fn nobody_waits_for_a_sign_in_longer_than_the_engine_runs() {
    let world = World::new();
    let (stage, _server, begun) = signing_in(&world).await;
    let Stage { router, engine, _home } = stage;
    let wait =
        Request::builder().uri(format!("/workloads/linear/login/{}", begun["flow"])).body(Body::empty()).unwrap();
    let clock = SystemClock::new();
    let both = futures_util::future::join(router.oneshot(wait), engine.stop());
    let (ended, ()) = within(&clock, Duration::from_secs(5), both).await.unwrap();
    let ended = ended.unwrap().into_body().collect().await.unwrap().to_bytes();
    let ended: Value = serde_json::from_slice(&ended).unwrap();
    assert_eq!((&ended["signed_in"], &ended["reason"]), (&json!(false), &json!("the engine stopped")));
}
