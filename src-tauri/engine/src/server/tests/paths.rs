//! Who answers which path.

use axum::body::Body;
use http::{Request, Response};
use hyper::Response as Answer;
use hyper::body::Incoming;

use crate::server::stage::{Stage, json, read, upstream};

async fn stage() -> Stage {
    Stage::before(&upstream(async |_| Response::new(Body::from("ok"))).await).await
}

async fn with_api_key(stage: &Stage, method: &str, path: &str) -> Answer<Incoming> {
    let request = Request::builder().method(method).uri(path).header("host", stage.address.to_string());
    let request = request.header("authorization", format!("Bearer {}", stage.api_key));
    stage.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn health_is_json() {
    let stage = stage().await;
    let answer = with_api_key(&stage, "GET", "/healthz").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(json(answer.into_body()).await["status"], "ok");
}

#[tokio::test]
async fn a_probe_may_ask_for_the_head_alone() {
    let stage = stage().await;
    for path in ["/healthz", "/metrics"] {
        let answer = with_api_key(&stage, "HEAD", path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert!(read(answer.into_body()).await.is_empty(), "{path}");
        let answer = with_api_key(&stage, "POST", path).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["allow"]), (405, &"GET, HEAD".parse().unwrap()));
    }
}

#[tokio::test]
async fn metrics_count_what_was_served() {
    let stage = stage().await;
    stage.post("{}").await;
    let answer = with_api_key(&stage, "GET", "/metrics").await;
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = String::from_utf8(read(answer.into_body()).await.to_vec()).unwrap();
    assert!(text.contains(r#"lamplighter_requests_total{workload="linear",outcome="served"} 1"#), "{text}");
    assert!(!text.contains(&stage.api_key) && !text.contains(&stage.client_key) && !text.contains("token-1"));
}

#[tokio::test]
async fn the_callback_gets_the_query_and_answers_a_page() {
    let stage = stage().await;
    let answer = with_api_key(&stage, "GET", "/callback?code=c%20d&state='s'").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let html = String::from_utf8(read(answer.into_body()).await.to_vec()).unwrap();
    assert!(html.contains("linear (code=c%20d&amp;state=&#39;s&#39;) is signed in"), "{html}");
}

#[tokio::test]
async fn nothing_but_get_finishes_a_sign_in() {
    let stage = stage().await;
    for method in ["HEAD", "POST", "OPTIONS"] {
        let answer = with_api_key(&stage, method, "/callback?code=c&state=s").await;
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(answer.headers()["allow"], "GET");
    }
}

#[tokio::test]
async fn the_control_api_is_below_its_prefix() {
    let stage = stage().await;
    assert_eq!(read(with_api_key(&stage, "GET", "/api/v1/workloads").await.into_body()).await, "the control API");
    assert_eq!(with_api_key(&stage, "GET", "/api/v1/nothing").await.status(), 404);
    assert_eq!(with_api_key(&stage, "GET", "/api/v2/workloads").await.status(), 404);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let stage = stage().await;
    for path in ["/nobody/mcp", "/linear/mcpx", "/linear", "/a/linear/mcp", "/mcp", "/.well-known/x", "/linear/%6dcp"] {
        let answer = with_api_key(&stage, "GET", path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        let problem = json(answer.into_body()).await;
        assert_eq!((&problem["type"], &problem["status"]), (&"about:blank".into(), &404.into()), "{path}");
    }
}
