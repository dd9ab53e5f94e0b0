//! The web UI, and how a browser comes to its key.

use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::server::Site;
use crate::server::stage::{Stage, json, read, status, upstream};

async fn stage() -> Stage {
    Stage::before(&upstream(async |_| status(200)).await).await
}

/// Asks without a key, as a browser does at first.
async fn ask(stage: &Stage, request: &str, body: impl Into<Body>) -> Response<Incoming> {
    let (method, path) = request.split_once(' ').unwrap();
    let host = stage.address.to_string();
    let request = Request::builder().method(method).uri(path).header("host", &host);
    stage.send(request.header("origin", format!("http://{host}")).body(body.into()).unwrap()).await
}

async fn exchanged(stage: &Stage, body: Value) -> (StatusCode, Value) {
    let answer = ask(stage, "POST /signin", body.to_string()).await;
    assert_eq!(answer.headers().get("cache-control").map(|value| value == "no-store"), Some(true));
    (answer.status(), json(answer.into_body()).await)
}

#[tokio::test]
async fn the_page_is_at_its_three_addresses() {
    let stage = stage().await;
    for path in ["/", "/index.html", "/signin"] {
        let answer = ask(&stage, &format!("GET {path}"), Body::empty()).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["cache-control"]), (200, &"no-cache".parse().unwrap()));
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8", "{path}");
        assert_eq!(read(answer.into_body()).await, "<!doctype html>", "{path}");
        let head = ask(&stage, &format!("HEAD {path}"), Body::empty()).await;
        assert_eq!((head.status().as_u16(), read(head.into_body()).await.len()), (200, 0), "{path}");
    }
}

#[tokio::test]
async fn assets_last_since_their_names_do_not() {
    let stage = stage().await;
    let answer = ask(&stage, "GET /assets/index-1a2b.js", Body::empty()).await;
    assert_eq!(answer.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(answer.headers()["cache-control"], "max-age=31536000, immutable");
    for path in ["/assets/other.js", "/assets/", "/assets", "/favicon.ico"] {
        let answer = ask(&stage, &format!("GET {path}"), Body::empty()).await;
        assert_eq!((answer.status().as_u16(), &json(answer.into_body()).await["code"]), (404, &json!("not_found")));
    }
}

#[tokio::test]
async fn nothing_foreign_runs_in_the_page_or_frames_it() {
    let stage = stage().await;
    for path in ["/", "/assets/index-1a2b.js"] {
        let answer = ask(&stage, &format!("GET {path}"), Body::empty()).await;
        let field = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let policy = field("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(policy.contains("connect-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            assert_eq!(field(name), "same-origin");
        }
        assert_eq!(
            (field("x-content-type-options"), field("referrer-policy")),
            ("nosniff".into(), "no-referrer".into())
        );
    }
}

#[tokio::test]
async fn the_page_is_only_read() {
    let stage = stage().await;
    for (path, methods) in [("/", "GET, HEAD"), ("/assets/index-1a2b.js", "GET, HEAD"), ("/signin", "GET, HEAD, POST")]
    {
        let answer = ask(&stage, &format!("DELETE {path}"), Body::empty()).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["allow"]), (405, &methods.parse().unwrap()), "{path}");
    }
}

#[tokio::test]
async fn a_build_without_a_web_ui_says_how_it_gets_one() {
    let answer = Site(|_| None).answer("/");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let problem: Value = serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!(problem["code"], "no_web_ui");
    assert!(problem["hint"].as_str().unwrap().contains("`cargo xtask ui`"), "{problem}");
}

#[tokio::test]
async fn a_code_brings_a_key_that_opens_the_control_api_once() {
    let stage = stage().await;
    let code = stage.code();
    let (status, session) = exchanged(&stage, json!({"code": code})).await;
    assert_eq!(status, StatusCode::OK, "{session}");
    let key = session["key"].as_str().unwrap();
    let request = Request::get("/api/v1/workloads").header("host", stage.address.to_string());
    let answer =
        stage.send(request.header("authorization", format!("Bearer {key}")).body(Body::empty()).unwrap()).await;
    assert_eq!(read(answer.into_body()).await, "the control API");

    let (status, problem) = exchanged(&stage, json!({"code": code})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("code_refused")));
    assert!(problem["hint"].as_str().unwrap().contains("`lamplighter open`"), "{problem}");
}

#[tokio::test]
async fn a_code_is_too_old_by_the_engines_clock() {
    let stage = stage().await;
    let code = stage.code();
    stage.clock.advance(std::time::Duration::from_mins(15));
    assert_eq!(exchanged(&stage, json!({"code": code})).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_exchange_that_makes_no_sense_uses_up_nothing() {
    let stage = stage().await;
    let code = stage.code();
    let long = json!({"code": "x".repeat(4096)}).to_string();
    for (body, status, word) in [
        ("{", 400, "malformed"),
        ("{\"code\": 7}", 422, "invalid"),
        ("{}", 422, "invalid"),
        (long.as_str(), 413, "too_large"),
        ("{\"code\": \"\"}", 403, "code_refused"),
    ] {
        let answer = ask(&stage, "POST /signin", body.to_owned()).await;
        assert_eq!((answer.status().as_u16(), &json(answer.into_body()).await["code"]), (status, &json!(word)));
    }
    let elsewhere = Request::post("/signin").header("host", stage.address.to_string());
    let elsewhere = elsewhere.header("origin", "http://evil.example").body(json!({"code": code}).to_string().into());
    assert_eq!(stage.send(elsewhere.unwrap()).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(exchanged(&stage, json!({"code": code})).await.0, StatusCode::OK);
}
