//! The `OpenAPI` document, held against what is served.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use tower::ServiceExt as _;

use crate::stage::{SERVED, Stage};

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
async fn every_operation_has_a_name_of_its_own() {
    let document = Stage::new().await.document().await;
    assert_eq!(document, serde_json::to_value(lamplighter_engine::api::document()).unwrap());
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let mut names: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), SERVED.len(), "{names:?}");
}

#[tokio::test]
async fn what_may_be_null_is_there_in_answers_and_may_be_left_out_of_requests() {
    let document = Stage::new().await.document().await;
    let required = |schema: &str| {
        let names = document["components"]["schemas"][schema]["required"].as_array().unwrap();
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let workload = required("Workload");
    for field in ["name", "reason_code", "next_attempt_at", "account", "remedy"] {
        assert!(workload.iter().any(|name| name == field), "{field}: {workload:?}");
    }
    assert_eq!(required("Outcome"), ["workload", "signed_in", "reason"]);
    assert_eq!(required("Problem"), ["type", "title", "status", "detail", "code"]);
    assert_eq!(required("NewWorkloadRequest"), ["name", "url"]);
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
    assert!(!text.contains("\"allOf\":[{\"description\""), "a description beside an inlined schema contradicts it");
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
