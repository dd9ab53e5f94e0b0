//! What the window's page may ask for, against a real engine and without a desktop.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::mpsc;

use lamplighter_core::config::{Config, Environment};
use lamplighter_desktop::bridge::{Answer, Bridge, BridgeError};
use lamplighter_engine::api::WindowRequest;
use lamplighter_engine::clock::SystemClock;
use lamplighter_engine::engine::{Engine, Ports};
use lamplighter_engine::host::Screen;
use lamplighter_engine::machine::Machine;
use lamplighter_engine::profile::Profile;
use lamplighter_engine::{journal, secrets};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

struct Stage {
    engine: Engine,
    bridge: Arc<Bridge>,
    copied: mpsc::Receiver<String>,
    home: TempDir,
}

impl Stage {
    async fn set() -> Self {
        let home = tempfile::tempdir().unwrap();
        let profile = Profile::inside(home.path());
        let clock = Arc::new(SystemClock::new());
        let settings = "listen = \"127.0.0.1:0\"\nsecret_store = \"memory\"\n";
        let config = Config::parse("config.toml", settings, &Environment::new()).unwrap();
        let ports = Ports {
            secrets: secrets::open(config.secret_store, &profile, clock.clone()),
            journal: journal::in_memory(clock.clone()),
            clock,
            machine: Machine::silent(),
        };
        let engine = Engine::start(profile.clone(), &Environment::new(), config, ports).await.unwrap();
        let (copy, copied) = mpsc::channel();
        let bridge = Bridge::new(profile, WindowRequest::default(), move |text| {
            copy.send(text).map_err(|error| BridgeError::NoClipboard(error.into()))
        });
        Self { engine, bridge: Arc::new(bridge), copied, home }
    }

    async fn call(&self, operation: &str, parameters: Value, body: Value) -> Answer {
        self.bridge.call(operation, &object(parameters), &body).await.unwrap()
    }
}

fn object(parameters: Value) -> Map<String, Value> {
    let Value::Object(parameters) = parameters else { panic!("parameters are an object") };
    parameters
}

#[tokio::test]
async fn an_operation_is_called_by_its_name_and_answered_as_the_engine_answers() {
    let stage = Stage::set().await;
    let added = stage.call("add", json!({}), json!({ "name": "linear", "url": "http://127.0.0.1:9/mcp" })).await;
    assert_eq!(added.status, 201, "{added:?}");
    let listed = stage.call("list", json!({}), Value::Null).await;
    assert_eq!((listed.status, &listed.body["workloads"][0]["name"]), (200, &json!("linear")));
    let one = stage.call("one", json!({ "name": "linear" }), Value::Null).await;
    assert_eq!(one.body["name"], json!("linear"));
    let refused = stage.call("retry", json!({ "name": "notion" }), Value::Null).await;
    assert_eq!((refused.status, &refused.body["code"]), (404, &json!("no_such_workload")));
    let stopped = stage.call("stop", json!({ "name": "linear" }), Value::Null).await;
    assert_eq!(stopped, Answer { status: 202, body: Value::Null });
    stage.engine.stop().await;
}

#[tokio::test]
async fn nothing_that_the_page_gets_holds_the_key() {
    let stage = Stage::set().await;
    let engine: Value =
        serde_json::from_str(&std::fs::read_to_string(stage.home.path().join("engine.json")).unwrap()).unwrap();
    let key = engine["api_key"].as_str().unwrap();
    for operation in ["list", "settings", "history", "doctor", "rows"] {
        let answer = stage.call(operation, json!({}), Value::Null).await;
        assert_eq!(answer.status, 200, "{operation}: {answer:?}");
        assert!(!answer.body.to_string().contains(key), "{operation}");
    }
    for operation in ["endpoint", "begin_session", "callback_paste", "openapi"] {
        let refused = stage.bridge.call(operation, &object(json!({ "name": "linear" })), &Value::Null).await;
        assert!(matches!(refused, Err(BridgeError::NotAllowed(_))), "{operation}: {refused:?}");
    }
    stage.engine.stop().await;
}

#[tokio::test]
async fn events_begin_with_all_of_it_and_go_to_the_one_page_that_listens() {
    let stage = Stage::set().await;
    let (send, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let listen = |send: tokio::sync::mpsc::UnboundedSender<_>| {
        let bridge = Arc::clone(&stage.bridge);
        tokio::spawn(async move { bridge.events(move |event| send.send(event).is_ok()).await })
    };
    let first = listen(send);
    let snapshot = heard.recv().await.unwrap();
    assert_eq!((snapshot.event.as_str(), &snapshot.data["workloads"]), ("snapshot", &json!([])));

    let (send, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let second = listen(send);
    assert_eq!(heard.recv().await.unwrap().event, "snapshot");
    first.await.unwrap().unwrap();

    stage.engine.stop().await;
    while heard.recv().await.is_some() {}
    second.await.unwrap().unwrap();
    assert!(matches!(stage.bridge.events(|_| true).await, Err(BridgeError::Engine(_))), "there is no engine any more");
}

#[tokio::test]
async fn only_addresses_of_the_web_are_opened() {
    let stage = Stage::set().await;
    for address in ["javascript:alert(1)", "file:///etc/passwd", "ftp://example.com", "/etc/passwd", ""] {
        let refused = stage.bridge.open(address).await;
        assert!(matches!(refused, Err(BridgeError::NoWebAddress(_))), "{address}: {refused:?}");
    }
    stage.engine.stop().await;
}

#[tokio::test]
async fn what_is_copied_reaches_the_clipboard() {
    let stage = Stage::set().await;
    stage.bridge.copy("http://127.0.0.1:4114/linear/mcp".to_owned()).await.unwrap();
    assert_eq!(stage.copied.recv().unwrap(), "http://127.0.0.1:4114/linear/mcp");
    stage.engine.stop().await;
}

#[tokio::test]
async fn the_page_begins_at_the_newest_place_and_is_told_of_later_ones() {
    let stage = Stage::set().await;
    let at = |name: &str| WindowRequest { workload: Some(name.to_owned()), screen: None };
    stage.bridge.go(at("linear"));
    let (told, places) = mpsc::channel();
    let tell = move |place: WindowRequest| told.send(place).unwrap();
    assert_eq!(stage.bridge.place(tell).workload.as_deref(), Some("linear"));
    stage.bridge.go(at("notion"));
    stage.bridge.go(WindowRequest { workload: None, screen: Some(Screen::Settings) });
    assert_eq!(places.recv().unwrap().workload.as_deref(), Some("notion"));
    assert_eq!(places.recv().unwrap().screen, Some(Screen::Settings));
    let reloaded = stage.bridge.place(|_| {});
    assert!(
        reloaded.workload.is_none() && reloaded.screen.is_none(),
        "a page that is loaded anew begins at the beginning"
    );
    stage.engine.stop().await;
}
