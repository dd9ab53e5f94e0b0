//! What a client is told while there is no usable token, and when the upstream does not answer.

use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use lamplighter_core::condition::{Transport, UpstreamFault};
use lamplighter_core::status::Gate;
use lamplighter_core::{Event, LeaseId, Moment, Phase};
use serde_json::{Value, json};

use crate::server::stage::{self, Stage, credential, expiring, read, status, upstream};

/// An upstream that says `ok`.
async fn well() -> String {
    upstream(async |_| Response::new(Body::from("ok"))).await
}

/// An address where nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/mcp", listener.local_addr().unwrap())
}

#[tokio::test]
async fn in_auth_retrying_the_refusal_says_when_the_next_try_is() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::AuthRetrying, Gate::Refuse, None);
    let answer = stage.post(r#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "412");
    assert_eq!(answer.headers()["content-type"], "application/json");
    let body = stage::json(answer.into_body()).await;
    let data = &body["error"]["data"];
    let expected = json!({"jsonrpc": "2.0", "id": 7, "error": {"code": -32001,
        "message": "linear is waiting for the network: next try in 7 min",
        "data": {"status": "auth_retrying", "retry_after_seconds": 412, "reason": data["reason"], "remedy": data["remedy"]}}});
    assert_eq!(body, expected);
    assert!(data["reason"].as_str().unwrap().contains("403 with a web page"), "{data}");
    stage.reported_nothing().await;
}

#[tokio::test]
async fn a_next_try_that_is_due_is_a_second_away() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::AuthRetrying, Gate::Refuse, None);
    stage.clock.advance(Duration::from_hours(1));
    assert_eq!(stage.post("{}").await.headers()["retry-after"], "1");
}

#[tokio::test]
async fn unauthenticated_names_the_remedy() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::Unauthenticated, Gate::Refuse, None);
    let answer = stage.post("{}").await;
    assert_eq!(answer.headers()["retry-after"], "60");
    let error = &stage::json(answer.into_body()).await["error"];
    assert_eq!((&error["code"], &error["data"]["status"]), (&json!(-32001), &json!("unauthenticated")));
    assert!(error["data"]["remedy"].as_str().unwrap().contains("lamplighter login linear"), "{error}");
}

#[tokio::test]
async fn the_id_is_that_of_a_json_rpc_request_and_else_null() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::Unauthenticated, Gate::Refuse, None);
    for (body, id) in [
        (r#"{"jsonrpc":"2.0","id":7,"method":"x"}"#, json!(7)),
        (r#"{"method":"x","params":{"id":1},"id":"a-b"}"#, json!("a-b")),
        (r#"{"jsonrpc":"2.0","method":"notifications/x"}"#, Value::Null),
        (r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#, Value::Null),
        (r#"{"jsonrpc":"2.0","id":{"a":1},"method":"x"}"#, Value::Null),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"x"}]"#, Value::Null),
        ("no JSON", Value::Null),
        ("", Value::Null),
    ] {
        let answer = stage.post(body).await;
        assert_eq!(stage::json(answer.into_body()).await["id"], id, "{body}");
    }
    for method in ["GET", "DELETE"] {
        let answer = stage.send(stage.request(method, "/linear/mcp").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 503);
        assert_eq!(stage::json(answer.into_body()).await["id"], Value::Null);
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::Unauthenticated, Gate::Refuse, None);
    let head = "POST /linear/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 9\r\n\r\n{";
    let stream = stage.write(head).await;
    stage.clock.awaited().await;
    stage.clock.advance(Duration::from_secs(2));
    let mut answer = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut { stream }, &mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains(r#""id":null"#), "{answer}");
}

#[tokio::test]
async fn a_valid_token_serves_whatever_else_is_wrong() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::AuthRetrying, Gate::Refuse, Some(credential(1)));
    assert_eq!(stage.post("{}").await.status(), 200);
}

#[tokio::test]
async fn an_expired_token_does_not_go_up() {
    let stage = Stage::before(&well().await).await;
    let expiry = Moment::from_millis(1_000_000) + Duration::from_mins(1);
    stage.publish(Phase::AuthRetrying, Gate::Refuse, Some(expiring(1, Some(expiry))));
    assert_eq!(stage.post("{}").await.status(), 200);
    stage.clock.advance(Duration::from_mins(1));
    assert_eq!(stage.post("{}").await.status(), 503);
}

#[tokio::test]
async fn callers_wait_for_the_refresh_in_flight() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::Running, Gate::Wait, None);
    let monitor = async {
        stage.clock.awaited().await;
        stage.clock.advance(Duration::from_millis(700));
        stage.publish(Phase::Running, Gate::Open, Some(credential(2)));
    };
    let (one, two, ()) = tokio::join!(stage.post("{}"), stage.post("{}"), monitor);
    assert_eq!((one.status().as_u16(), two.status().as_u16()), (200, 200));
    assert_eq!(stage.report().await, Event::Accepted { lease: LeaseId(2) });
    stage.reported_nothing().await;
}

#[tokio::test]
async fn a_caller_does_not_wait_for_ever() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::Starting, Gate::Wait, None);
    let time = async {
        stage.clock.awaited().await;
        stage.clock.advance(stage.route.caller_wait());
    };
    let (answer, ()) = tokio::join!(stage.post("{}"), time);
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert_eq!(stage::json(answer.into_body()).await["error"]["data"]["status"], "starting");
}

#[tokio::test]
async fn who_waits_while_the_refresh_fails_is_refused_at_once() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::Running, Gate::Wait, None);
    let monitor = async {
        stage.clock.awaited().await;
        stage.publish(Phase::Unauthenticated, Gate::Refuse, None);
    };
    let (answer, ()) = tokio::join!(stage.post("{}"), monitor);
    assert_eq!(answer.headers()["retry-after"], "60");
}

#[tokio::test]
async fn more_access_needed_is_told_without_the_challenge() {
    let url = upstream(async |_| {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"files:read files:write\"";
        Response::builder().status(403).header("www-authenticate", challenge).body(Body::from("no")).unwrap()
    })
    .await;
    let stage = Stage::before(&url).await;
    let answer = stage.post(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#).await;
    assert_eq!(answer.status(), 403);
    assert!(!answer.headers().contains_key("www-authenticate") && !answer.headers().contains_key("retry-after"));
    let body = stage::json(answer.into_body()).await;
    assert_eq!((&body["id"], &body["error"]["data"]["status"]), (&json!(7), &json!("running")));
    assert!(body["error"]["data"]["reason"].as_str().unwrap().contains("files:read, files:write"), "{body}");
    assert!(body["error"]["data"]["remedy"].as_str().unwrap().contains("lamplighter login linear"), "{body}");
    let scopes = vec!["files:read".to_owned(), "files:write".to_owned()];
    assert_eq!(stage.report().await, Event::ScopeChallenged { scopes: scopes.clone() });
    assert_eq!(stage.route.last_challenge().unwrap().scopes, scopes);
}

#[tokio::test]
async fn any_other_403_passes() {
    let url = upstream(async |_| Response::builder().status(403).body(Body::from("not yours")).unwrap()).await;
    let stage = Stage::before(&url).await;
    let answer = stage.post("{}").await;
    assert_eq!(answer.status(), 403);
    assert_eq!(read(answer.into_body()).await, "not yours");
    stage.reported_nothing().await;
}

#[tokio::test]
async fn an_upstream_out_of_reach_is_a_502() {
    let stage = Stage::before(&nobody().await).await;
    let answer = stage.post(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (502, "5"));
    let body = stage::json(answer.into_body()).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!(7), &json!(-32002)));
    let data = &body["error"]["data"];
    assert_eq!((&data["status"], &data["retry_after_seconds"]), (&json!("unhealthy"), &json!(5)));
    let refused = UpstreamFault::Unreachable(Transport::Refused);
    assert_eq!(stage.report().await, Event::UpstreamFailed(refused));
}

#[tokio::test]
async fn an_upstreams_own_5xx_passes_and_is_reported_until_it_is_well() {
    let url =
        upstream(async |request: Request<Incoming>| status(request.uri().query().unwrap().parse().unwrap())).await;
    let stage = Stage::before(&url).await;
    for code in [503, 500, 404, 200] {
        let request = stage.request("POST", &format!("/linear/mcp?{code}")).body(Body::empty()).unwrap();
        assert_eq!(stage.send(request).await.status(), code);
    }
    assert_eq!(stage.report().await, Event::UpstreamFailed(UpstreamFault::ServerError(503)));
    assert_eq!(stage.report().await, Event::UpstreamFailed(UpstreamFault::ServerError(500)));
    assert_eq!(stage.report().await, Event::UpstreamReached);
    assert_eq!(stage.report().await, Event::Accepted { lease: LeaseId(1) });
    stage.reported_nothing().await;
}

#[tokio::test]
async fn an_upstream_held_for_unhealthy_is_reported_well_by_the_first_answer() {
    let stage = Stage::before(&well().await).await;
    stage.publish(Phase::Unhealthy, Gate::Open, Some(credential(1)));
    assert_eq!(stage.post("{}").await.status(), 200);
    assert_eq!(stage.report().await, Event::UpstreamReached);
}

#[tokio::test]
async fn a_client_that_breaks_off_is_no_fault_of_the_upstream() {
    let url = upstream(async |request: Request<Incoming>| {
        let _ = read(request.into_body()).await;
        status(200)
    })
    .await;
    let stage = Stage::before(&url).await;
    let answer = stage
        .raw(
            "POST /linear/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\
             Transfer-Encoding: chunked\r\n\r\nno length\r\n",
        )
        .await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    stage.reported_nothing().await;
}
