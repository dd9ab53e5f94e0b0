//! Signing in, against a simulated authorization server.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use lamplighter_engine::clock::{SystemClock, within};
use lamplighter_simulator::{Server, World, person};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::stage::Stage;

/// A stage with one workload that asks for a sign-in, and the sign-in that was begun.
async fn signing_in(world: &World) -> (Stage, Server, Value) {
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
    let Stage { router, engine, home: _home } = stage;
    let wait =
        Request::builder().uri(format!("/workloads/linear/login/{}", begun["flow"])).body(Body::empty()).unwrap();
    let clock = SystemClock::new();
    let both = futures_util::future::join(router.oneshot(wait), engine.stop());
    let (ended, ()) = within(&clock, Duration::from_secs(5), both).await.unwrap();
    let ended = ended.unwrap().into_body().collect().await.unwrap().to_bytes();
    let ended: Value = serde_json::from_slice(&ended).unwrap();
    assert_eq!((&ended["signed_in"], &ended["reason"]), (&json!(false), &json!("the engine stopped")));
}

#[tokio::test]
async fn a_sign_in_on_another_device_says_what_is_entered_where() {
    let world = World::new();
    let (stage, server, in_browser) = signing_in(&world).await;
    assert!(in_browser.get("user_code").is_none(), "{in_browser}");
    let (status, begun) = stage.ask("POST /workloads/linear/login", json!({"device": true})).await;
    assert_eq!((status, &begun["expires_in"]), (StatusCode::ACCEPTED, &json!(600)), "{begun}");
    let code = begun["user_code"].as_str().unwrap();
    let complete = format!("{}?user_code={code}", begun["verification_uri"].as_str().unwrap());
    assert_eq!(begun["authorization_url"], complete);
    let documented = &stage.document().await["components"]["schemas"]["DeviceCode"]["properties"];
    assert_eq!(documented.as_object().unwrap().len(), 3);

    server.authorization(|rules| rules.devices = None);
    let (status, problem) = stage.ask("POST /workloads/linear/login", json!({"device": true})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_GATEWAY, &json!("sign_in_failed")));
    assert!(problem["hint"].as_str().unwrap().contains("--no-browser"), "{problem}");
}
