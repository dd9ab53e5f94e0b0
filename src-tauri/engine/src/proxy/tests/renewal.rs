//! What follows a 401: a report, another token, the same request once more, and never a loop.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use lamplighter_core::status::Gate;
use lamplighter_core::{Event, LeaseId, Phase};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::server::stage::{Stage, credential, json, read, token, upstream};

const CHALLENGE: &str = "Bearer resource_metadata=\"https://mcp.example/meta\", scope=\"a b\"";

/// The answer that asks for a token.
fn challenge() -> Response<Body> {
    Response::builder().status(401).header("www-authenticate", CHALLENGE).body(Body::empty()).unwrap()
}

/// An upstream that echoes what comes with the token of lease 2 or 3, and challenges the rest once it has read it.
async fn renewed() -> (String, mpsc::UnboundedReceiver<Option<String>>) {
    let (tell, told) = mpsc::unbounded_channel();
    let url = upstream(move |request: Request<Incoming>| {
        let token = token(&request);
        tell.send(token.clone()).unwrap();
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            if matches!(token.as_deref(), Some("Bearer token-2" | "Bearer token-3")) {
                Response::new(Body::from(body))
            } else {
                challenge()
            }
        }
    })
    .await;
    (url, told)
}

fn rejected(lease: u64, replayed: bool) -> Event {
    Event::Rejected { lease: LeaseId(lease), replayed }
}

fn accepted(lease: u64) -> Event {
    Event::Accepted { lease: LeaseId(lease) }
}

#[tokio::test]
async fn after_a_401_the_same_request_goes_up_once_more_with_the_renewed_token() {
    let (url, mut told) = renewed().await;
    let stage = Stage::before(&url).await;
    let monitor = async {
        assert_eq!(stage.report().await, rejected(1, false));
        stage.publish(Phase::Running, Gate::Wait, None);
        stage.publish(Phase::Running, Gate::Open, Some(credential(2)));
    };
    let (answer, ()) = tokio::join!(stage.post("{\"id\":1}"), monitor);
    assert_eq!(answer.status(), 200);
    assert_eq!(read(answer.into_body()).await, "{\"id\":1}");
    assert_eq!(told.recv().await.unwrap().unwrap(), "Bearer token-1");
    assert_eq!(told.recv().await.unwrap().unwrap(), "Bearer token-2");
    assert_eq!(stage.report().await, accepted(2));
    stage.reported_nothing().await;
}

#[tokio::test]
async fn a_caller_with_an_older_token_takes_the_one_that_is_there_already() {
    let (url, _told) = renewed().await;
    let stage = Stage::before(&url).await;
    let monitor = async {
        assert_eq!(stage.report().await, rejected(1, false));
        stage.publish(Phase::Running, Gate::Open, Some(credential(3)));
    };
    let (answer, ()) = tokio::join!(stage.post("{}"), monitor);
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_second_401_is_a_refusal_and_not_a_loop() {
    let (url, mut told) = renewed().await;
    let stage = Stage::before(&url).await;
    let monitor = async {
        assert_eq!(stage.report().await, rejected(1, false));
        stage.publish(Phase::Running, Gate::Open, Some(credential(9)));
        assert_eq!(stage.report().await, rejected(9, true));
        stage.publish(Phase::Unauthenticated, Gate::Refuse, None);
    };
    let (answer, ()) = tokio::join!(stage.post("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"ping\"}"), monitor);
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "60");
    assert!(!answer.headers().contains_key("www-authenticate"));
    let body = json(answer.into_body()).await;
    assert_eq!(body["id"], "x");
    assert_eq!(body["error"]["data"]["status"], "unauthenticated");
    assert!(told.recv().await.is_some() && told.recv().await.is_some() && told.try_recv().is_err());
}

#[tokio::test]
async fn a_renewal_that_takes_longer_than_a_caller_waits_is_a_503() {
    let (url, _told) = renewed().await;
    let stage = Stage::before(&url).await;
    let monitor = async {
        assert_eq!(stage.report().await, rejected(1, false));
        stage.publish(Phase::Running, Gate::Wait, None);
        stage.clock.awaited().await;
        stage.clock.advance(stage.route.caller_wait());
    };
    let (answer, ()) = tokio::join!(stage.post("{\"id\":3}"), monitor);
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"].to_str().unwrap()), (503, &"1"));
    let body = json(answer.into_body()).await;
    assert_eq!((&body["id"], &body["error"]["data"]["status"]), (&3.into(), &"running".into()));
}

#[tokio::test]
async fn a_body_too_long_to_be_sent_again_is_reported_and_refused() {
    let (url, mut told) = renewed().await;
    let stage = Stage::before(&url).await;
    let answer = stage.post(vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert_eq!(json(answer.into_body()).await["id"], serde_json::Value::Null);
    assert_eq!(stage.report().await, rejected(1, false));
    assert!(told.recv().await.is_some() && told.try_recv().is_err());
}

#[tokio::test]
async fn a_body_that_grows_too_long_as_it_comes_is_not_sent_again() {
    let (url, mut told) = renewed().await;
    let stage = Stage::before(&url).await;
    let parts = futures_util::stream::iter(vec![Bytes::from(vec![b' '; 64 * 1024]); 17]);
    let answer = stage.post(Body::from_stream(parts.map(Ok::<Bytes, Infallible>))).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert_eq!(stage.report().await, rejected(1, false));
    assert!(told.recv().await.is_some() && told.try_recv().is_err());
}

#[tokio::test]
async fn a_body_of_just_one_mebibyte_is_sent_again() {
    let (url, _told) = renewed().await;
    let stage = Stage::before(&url).await;
    let monitor = async {
        assert_eq!(stage.report().await, rejected(1, false));
        stage.publish(Phase::Running, Gate::Open, Some(credential(2)));
    };
    let (answer, ()) = tokio::join!(stage.post(vec![b' '; 1024 * 1024]), monitor);
    assert_eq!(read(answer.into_body()).await.len(), 1024 * 1024);
}

#[tokio::test]
async fn a_body_that_still_comes_when_the_401_does_is_sent_again_whole() {
    let url = upstream(async |request: Request<Incoming>| {
        if token(&request).as_deref() == Some("Bearer token-1") {
            let mut body = request.into_body();
            let _ = body.frame().await;
            return challenge();
        }
        Response::new(Body::new(request.into_body()))
    })
    .await;
    let stage = Stage::before(&url).await;
    let (say, said) = mpsc::unbounded_channel();
    let body = Body::from_stream(UnboundedReceiverStream::new(said).map(Ok::<Bytes, Infallible>));
    let request = stage.request("POST", "/linear/mcp").body(body).unwrap();
    let monitor = async {
        say.send(Bytes::from("one ")).unwrap();
        assert_eq!(stage.report().await, rejected(1, false));
        stage.publish(Phase::Running, Gate::Open, Some(credential(2)));
        say.send(Bytes::from("two")).unwrap();
        drop(say);
    };
    let (answer, ()) = tokio::join!(stage.send(request), monitor);
    assert_eq!(read(answer.into_body()).await, "one two");
}

#[tokio::test]
async fn a_challenge_without_a_token_is_kept_and_reported() {
    let (url, _told) = renewed().await;
    let stage = Stage::before(&url).await;
    stage.publish(Phase::Running, Gate::Open, None);
    let monitor = async {
        assert_eq!(stage.report().await, Event::Challenged);
        stage.publish(Phase::Unauthenticated, Gate::Refuse, None);
    };
    let (answer, ()) = tokio::join!(stage.post("{\"id\":1}"), monitor);
    assert_eq!(answer.status(), 503);
    assert!(!answer.headers().contains_key("www-authenticate"));
    assert_eq!(json(answer.into_body()).await["error"]["data"]["status"], "unauthenticated");
    let kept = stage.route.last_challenge().unwrap();
    assert_eq!(kept.resource_metadata.as_ref().unwrap().as_str(), "https://mcp.example/meta");
    assert_eq!(kept.scopes, ["a", "b"]);
}

#[tokio::test]
async fn a_sign_in_that_comes_while_a_challenge_is_reported_serves_the_request() {
    let (url, _told) = renewed().await;
    let stage = Stage::before(&url).await;
    stage.publish(Phase::Running, Gate::Open, None);
    let monitor = async {
        assert_eq!(stage.report().await, Event::Challenged);
        stage.publish(Phase::Running, Gate::Open, Some(credential(2)));
    };
    let (answer, ()) = tokio::join!(stage.post("{\"id\":1}"), monitor);
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_token_is_reported_as_accepted_once() {
    let (url, _told) = renewed().await;
    let stage = Stage::before(&url).await;
    stage.publish(Phase::Running, Gate::Open, Some(credential(2)));
    for _ in 0..3 {
        assert_eq!(stage.post("{}").await.status(), 200);
    }
    assert_eq!(stage.report().await, accepted(2));
    stage.reported_nothing().await;
}
