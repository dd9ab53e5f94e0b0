//! Nothing is lost or added on the way, but for what the contract takes out or puts in.

use std::collections::BTreeSet;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, request};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use crate::server::stage::{Stage, TOKEN, json, read, status, upstream};

/// An upstream that passes on what it gets and answers `{}`.
pub(super) async fn recorder() -> (String, mpsc::UnboundedReceiver<(request::Parts, Bytes)>) {
    let (record, recorded) = mpsc::unbounded_channel();
    let url = upstream(move |request| {
        let record = record.clone();
        async move {
            let (head, body) = request.into_parts();
            record.send((head, body.collect().await.unwrap().to_bytes())).unwrap();
            Response::new(Body::from("{}"))
        }
    })
    .await;
    (url, recorded)
}

fn lines(fields: &HeaderMap) -> BTreeSet<String> {
    fields.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

#[tokio::test]
async fn the_fields_of_a_request_go_up_with_the_workloads_token() {
    let (url, mut recorded) = recorder().await;
    let stage = Stage::before(&url).await;
    let request = stage
        .request("POST", "/linear/mcp")
        .header("origin", format!("http://{}", stage.address))
        .header("connection", "x-local, keep-alive")
        .header("x-local", "for this connection only")
        .header("keep-alive", "timeout=5")
        .header("proxy-connection", "keep-alive")
        .header("te", "trailers, deflate;q=0.5")
        .header("upgrade", "h2c")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-11-25")
        .header("mcp-session-id", "s-1")
        .header("mcp-param-unheard-of", "a")
        .header("mcp-param-unheard-of", "b")
        .header("last-event-id", "7")
        .header("x-given", "by the client")
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(stage.send(request).await.status(), 200);

    let (head, body) = recorded.recv().await.unwrap();
    let host = url.strip_prefix("http://").unwrap().strip_suffix("/mcp").unwrap();
    let expected = [
        "accept: application/json, text/event-stream",
        &format!("authorization: {TOKEN}"),
        "content-length: 2",
        &format!("host: {host}"),
        "last-event-id: 7",
        "mcp-param-unheard-of: a",
        "mcp-param-unheard-of: b",
        "mcp-protocol-version: 2025-11-25",
        "mcp-session-id: s-1",
        "te: trailers",
        "x-given: by the person",
    ];
    assert_eq!(lines(&head.headers), expected.into_iter().map(str::to_owned).collect());
    assert_eq!(head.uri, "/mcp");
    assert_eq!(body, "{}");
}

#[tokio::test]
async fn transfer_codings_that_a_client_takes_are_its_own_affair() {
    let (url, mut recorded) = recorder().await;
    let stage = Stage::before(&url).await;
    for (codings, expected) in [("deflate;q=0.5", None), ("gzip, Trailers;q=0.1", Some("trailers"))] {
        let request = stage.request("POST", "/linear/mcp").header("te", codings).body(Body::from("{}")).unwrap();
        stage.send(request).await;
        let (head, _) = recorded.recv().await.unwrap();
        assert_eq!(head.headers.get("te").map(|value| value.to_str().unwrap()), expected, "{codings}");
    }
}

#[tokio::test]
async fn the_local_key_stays_here_when_there_is_no_token() {
    let (url, mut recorded) = recorder().await;
    let stage = Stage::before(&url).await;
    stage.publish(lamplighter_core::Phase::Running, lamplighter_core::status::Gate::Open, None);
    stage.post("{}").await;
    let (head, _) = recorded.recv().await.unwrap();
    assert!(!head.headers.contains_key("authorization"));
}

#[tokio::test]
async fn the_fields_of_an_answer_come_down_without_challenges() {
    let url = upstream(async |_| {
        Response::builder()
            .header("www-authenticate", "Bearer resource_metadata=\"https://mcp.example/\"")
            .header("www-authenticate", "Basic")
            .header("connection", "x-hop")
            .header("x-hop", "for this connection only")
            .header("keep-alive", "timeout=5")
            .header("mcp-session-id", "s-1")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .header("x-unheard-of", "kept")
            .header("content-type", "application/json")
            .body(Body::from("{}"))
            .unwrap()
    })
    .await;
    let stage = Stage::before(&url).await;
    let answer = stage.post("{}").await;
    let expected = [
        "content-length: 2",
        "content-type: application/json",
        "mcp-session-id: s-1",
        "set-cookie: a=1",
        "set-cookie: b=2",
        "x-unheard-of: kept",
    ];
    assert_eq!(lines(answer.headers()), expected.into_iter().map(str::to_owned).collect());
    assert_eq!(read(answer.into_body()).await, "{}");
}

#[tokio::test]
async fn every_status_but_401_passes_without_its_challenge_and_unfollowed() {
    let url = upstream(async |request: http::Request<hyper::body::Incoming>| {
        let code = request.uri().query().unwrap().parse().unwrap();
        let mut answer = status(code);
        answer.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer error=\"invalid_token\""));
        answer.headers_mut().insert("location", HeaderValue::from_static("/elsewhere"));
        answer
    })
    .await;
    let stage = Stage::before(&url).await;
    for code in
        [200, 201, 202, 204, 301, 302, 304, 307, 400, 403, 404, 405, 406, 409, 410, 418, 429, 500, 502, 503, 504]
    {
        let request = stage.request("POST", &format!("/linear/mcp?{code}")).body(Body::empty()).unwrap();
        let answer = stage.send(request).await;
        assert_eq!(answer.status(), code);
        assert!(!answer.headers().contains_key("www-authenticate"), "{code}");
        assert_eq!(answer.headers()["location"], "/elsewhere", "{code}");
    }
}

#[tokio::test]
async fn methods_paths_and_queries_pass_as_they_are() {
    let (url, mut recorded) = recorder().await;
    let stage = Stage::before(&format!("{url}?key=own")).await;
    for (method, path, expected) in [
        ("GET", "/linear/mcp", "/mcp?key=own"),
        ("DELETE", "/linear/mcp/", "/mcp/?key=own"),
        ("PUT", "/linear/mcp/messages/%C3%A9?a=1&a=%20", "/mcp/messages/%C3%A9?key=own&a=1&a=%20"),
        ("PROPFIND", "/linear/mcp/a//b", "/mcp/a//b?key=own"),
    ] {
        let answer = stage.send(stage.request(method, path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 200);
        let (head, _) = recorded.recv().await.unwrap();
        assert_eq!((head.method.as_str(), head.uri.to_string().as_str()), (method, expected));
    }
}

#[tokio::test]
async fn the_token_goes_nowhere_but_to_the_endpoint_and_below() {
    let (url, mut recorded) = recorder().await;
    let stage = Stage::before(&url).await;
    for path in ["/linear/mcp/../admin", "/linear/mcp/%2e%2e/admin", "/linear/mcp/a/..%2f../admin"] {
        let answer = stage.send(stage.request("GET", path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 400, "{path}");
        assert!(json(answer.into_body()).await["detail"].as_str().unwrap().contains("endpoint"));
    }
    let trace = stage.send(stage.request("TRACE", "/linear/mcp").body(Body::empty()).unwrap()).await;
    assert_eq!(trace.status(), 400);
    assert!(recorded.try_recv().is_err());
}
