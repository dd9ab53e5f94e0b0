//! Workloads, and what is said about requests that make no sense.

use http::StatusCode;
use serde_json::json;

use crate::stage::{SERVED, Stage, nobody};

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
async fn a_stopped_workload_is_neither_refreshed_nor_started_by_a_retry() {
    let stage = Stage::new().await;
    stage.add("a").await;
    assert_eq!(stage.ask("POST /workloads/a/stop", "").await.0, StatusCode::ACCEPTED);
    let (status, problem) = stage.ask("POST /workloads/a/retry", "").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not_applicable")));
    assert!(problem["detail"].as_str().unwrap().contains("is stopped"), "{problem}");
    assert!(problem["hint"].as_str().unwrap().contains("`lamplighter start a`"), "{problem}");
    assert_eq!(stage.ask("GET /workloads/a", "").await.1["status"], "stopped");
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
        (json!({"name": "a", "url": url, "grant": "client_credentials"}), "client_id", "--client-id"),
        (json!({"name": "a", "url": url, "grant": "bearer"}), "bearer", "--bearer-stdin"),
        (json!({"name": "a", "url": url, "grant": "authorization_code", "bearer": "hush"}), "bearer", "leave out"),
        (json!({"name": "a", "url": url, "resource": "https://a", "no_resource": true}), "no_resource", "contradict"),
    ] {
        let (status, problem) = stage.ask("POST /workloads", &body).await;
        let said = problem.to_string();
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}: {said}");
        assert!(said.contains(words) && !said.contains("hush"), "{body}: {said}");
    }
    assert_eq!(stage.ask("GET /workloads", "").await.1, json!({"workloads": [], "conditions": []}), "nothing was kept");
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
