//! An engine that is killed (SIGKILL) loses no login where the authorization server had not yet answered; one that is
//! asked to end (SIGTERM) finishes what is under way first.

use std::time::Duration;

use serde_json::json;

use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::patience::{pause, until};
use lamplighter_endurance::product::{NAME, Product};

/// How long after the order to refresh the engine is killed, round by round: before the request has left, and while
/// the server keeps it waiting. `None`: while nothing is under way.
const MOMENTS: [Option<u64>; 12] =
    [Some(0), Some(2), None, Some(5), Some(10), Some(20), None, Some(40), Some(80), Some(160), None, Some(320)];

#[tokio::test]
async fn an_engine_that_is_killed_loses_no_login() {
    let servers = Servers::start(3600).await;
    let product = Product::new("file");
    let mut engine = product.serve().await;
    product.sign_in(&servers.mcp).await;
    let mut reached_the_server = 0;
    for (round, moment) in MOMENTS.into_iter().enumerate() {
        let refreshes = servers.count("refreshes").await;
        if let Some(moment) = moment {
            // Longer than the kill can be late.
            servers.control("delay=20000").await;
            let requests = servers.count("token_requests").await;
            product.done(&["retry", NAME]).await;
            if round >= MOMENTS.len() / 2 {
                until("the refresh to arrive", async || {
                    (servers.count("token_requests").await > requests).then_some(())
                })
                .await;
            }
            pause(Duration::from_millis(moment)).await;
            engine.kill().await;
            reached_the_server += servers.count("token_requests").await - requests;
            servers.control("delay=0").await;
        } else {
            engine.kill().await;
        }
        assert_eq!(servers.count("refreshes").await, refreshes, "the server had not answered");

        engine = product.serve().await;
        product.refresh().await;
        let counts = servers.counts().await;
        assert_eq!(counts["refreshes"], refreshes + 1, "round {round}: {counts}");
        assert_eq!(counts["refused"], json!({}), "round {round}: {counts}");
        assert_eq!((&counts["sign_ins"], &counts["reused_refresh_tokens"]), (&1.into(), &0.into()), "{counts}");
    }
    assert!(reached_the_server >= 4, "refreshes were under way when the engine was killed: {reached_the_server}");
}

#[tokio::test]
async fn an_engine_that_is_asked_to_end_finishes_the_refresh_under_way() {
    let servers = Servers::start(3600).await;
    let product = Product::new("file");
    let engine = product.serve().await;
    product.sign_in(&servers.mcp).await;
    servers.control("delay=3000").await;
    let requests = servers.count("token_requests").await;
    product.done(&["retry", NAME]).await;
    until("the refresh to arrive", async || (servers.count("token_requests").await > requests).then_some(())).await;
    assert_eq!(servers.count("refreshes").await, 0, "the server has not answered yet");
    assert_eq!(engine.terminate().await.code(), Some(0));
    assert_eq!(servers.count("refreshes").await, 1, "it has answered since");

    servers.control("delay=0").await;
    let _engine = product.serve().await;
    product.refresh().await;
    let counts = servers.counts().await;
    assert_eq!(counts["refreshes"], 2, "{counts}");
    assert_eq!(counts["refused"], json!({}), "what was answered last is what is stored: {counts}");
}
