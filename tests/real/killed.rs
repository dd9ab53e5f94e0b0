//! An engine that is killed (SIGKILL) loses no login but in the moment when the authorization server has replaced a
//! token and the new one is not stored; one that is asked to end (SIGTERM) finishes what is under way first.
//!
//! Few kills, to see that all is well; `cargo xtask endure kill` goes on for hundreds.

use serde_json::json;

use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::{NAME, Product};

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_killed_loses_a_login_only_while_its_answer_is_on_the_way() {
    use lamplighter_endurance::kills::{self, Verdict};

    let tally = kills::ordeal(Product::new("file"), 16, 7, |_| true).await;
    assert_eq!(tally.count(Verdict::Broken), 0, "{tally}");
    assert!(tally.in_an_exchange() >= 8, "refreshes were under way when the engine was killed: {tally}");
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
