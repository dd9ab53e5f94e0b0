//! Open streams end with the workload, or with its login.

use std::time::Duration;

use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use lamplighter_core::Phase;
use lamplighter_engine::clock::{SystemClock, within};

use crate::stage::{Stage, soon};

/// An event stream that has begun.
async fn streaming(stage: &Stage) -> Incoming {
    let answer = stage.open(Method::GET, "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let mut body = answer.into_body();
    body.frame().await.unwrap().unwrap();
    body
}

/// Reads on until the stream breaks off; the upstream is told, too.
async fn breaks_off(stage: &Stage, mut body: Incoming) {
    let reading = async { while let Some(Ok(_)) = body.frame().await {} };
    within(&SystemClock::new(), Duration::from_secs(10), reading).await.unwrap();
    soon(|| stage.server.counts().mcp_answers_open == 0).await;
}

#[tokio::test]
async fn a_stop_ends_them() {
    let stage = Stage::signed_in().await;
    let body = streaming(&stage).await;
    stage.handle.stop("linear").await.unwrap();
    breaks_off(&stage, body).await;
    stage.handle.start("linear").await.unwrap();
    stage.comes_to(Phase::Running).await;
    drop(streaming(&stage).await);
}

#[tokio::test]
async fn a_removal_ends_them() {
    let stage = Stage::signed_in().await;
    let body = streaming(&stage).await;
    stage.handle.remove("linear").await.unwrap();
    breaks_off(&stage, body).await;
}

#[tokio::test]
async fn a_sign_out_ends_them() {
    let stage = Stage::signed_in().await;
    let body = streaming(&stage).await;
    stage.handle.logout("linear").await.unwrap();
    breaks_off(&stage, body).await;
}

#[tokio::test]
async fn a_refresh_does_not() {
    let stage = Stage::signed_in().await;
    stage.server.resource(|rules| rules.stream_interval = Duration::from_millis(5));
    let mut body = streaming(&stage).await;
    stage.refreshes().await;
    for _ in 0..5 {
        body.frame().await.unwrap().unwrap();
    }
}
