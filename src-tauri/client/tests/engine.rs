//! The client before a real engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use http::{Method, StatusCode};
use lamplighter_client::{Client, Error};
use lamplighter_core::Snapshot;
use lamplighter_core::config::{Config, Environment, SecretStoreKind};
use lamplighter_core::status::Workload;
use lamplighter_engine::api::Word;
use lamplighter_engine::clock::SystemClock;
use lamplighter_engine::engine::{Engine, Ports};
use lamplighter_engine::machine::Machine;
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use lamplighter_engine::{journal, secrets};
use serde_json::{Value, json};

async fn engine(profile: &Profile) -> Engine {
    let environment = Environment::new();
    let config = Config::parse("test", "listen = \"127.0.0.1:0\"", &environment).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ports = Ports {
        secrets: secrets::open(SecretStoreKind::Memory, profile, Arc::clone(&clock)),
        journal: journal::in_memory(Arc::clone(&clock)),
        clock,
        machine: Machine::silent(),
    };
    Engine::start(profile.clone(), &environment, config, ports).await.unwrap()
}

#[tokio::test]
async fn answers_are_typed_and_refusals_are_problems() {
    let home = tempfile::tempdir().unwrap();
    let profile = Profile::inside(home.path());
    let engine = engine(&profile).await;
    let client = Client::of(&profile).unwrap();
    let none: Snapshot = client.get(&["workloads"]).await.unwrap();
    assert!(none.workloads.is_empty());
    match client.get::<Workload>(&["workloads", "no/body?"]).await {
        Err(Error::Refused(problem)) => {
            assert_eq!(problem.code, Word::NoSuchWorkload);
            assert!(problem.detail.contains("no/body?"), "a name stays one segment: {}", problem.detail);
        }
        other => panic!("{other:?}"),
    }
    match client.get::<Workload>(&["workloads", ".."]).await {
        Err(Error::NoSuchName(name)) => assert_eq!(name, ".."),
        other => panic!("{other:?}"),
    }
    assert!(matches!(client.get::<u64>(&["workloads"]).await, Err(Error::NotUnderstood(_))));
    engine.stop().await;
}

#[tokio::test]
async fn a_raw_request_hands_on_whatever_was_answered() {
    let home = tempfile::tempdir().unwrap();
    let profile = Profile::inside(home.path());
    let engine = engine(&profile).await;
    let client = Client::of(&profile).unwrap();
    let list = client.request(Method::GET, &["workloads"], &[], &Value::Null).await.unwrap();
    assert_eq!((list.status, &list.json["workloads"]), (StatusCode::OK, &json!([])));
    let misread = client.request(Method::GET, &["journal"], &[("limit", "many")], &Value::Null).await.unwrap();
    assert_eq!((misread.status, &misread.json["code"]), (StatusCode::BAD_REQUEST, &json!("malformed")));
    let refused = client.request(Method::POST, &["workloads"], &[], &json!({"name": "a"})).await.unwrap();
    assert_eq!((refused.status, &refused.json["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("url")));
    engine.stop().await;
}

#[tokio::test]
async fn events_are_told_until_the_engine_stops() {
    let home = tempfile::tempdir().unwrap();
    let profile = Profile::inside(home.path());
    assert!(matches!(Client::of(&profile), Err(Error::NoEngine)));
    let engine = engine(&profile).await;
    let client = Client::of(&profile).unwrap();
    assert_eq!(client.address(), engine.address());
    let mut events = client.events(None).await.unwrap();
    assert_eq!(events.next().await.unwrap().event, "snapshot");
    engine.stop().await;
    while events.next().await.is_some() {}
    assert!(matches!(client.get::<Snapshot>(&["workloads"]).await, Err(Error::Silent { .. })));
}
