//! Sleep, as logind announces it.

use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::product::{NAME, Product};
use lamplighter_endurance::weather::logind::{Delay, Logind};

use crate::waiting::Waiting;

#[tokio::test]
async fn sleep_waits_for_a_login_to_be_stored_and_nothing_is_begun_before_it_is_over() {
    let (logind, servers) = tokio::join!(Logind::start(), Servers::start(3600));
    let mut product = Product::new("file");
    logind.furnish(&mut product);
    let engine = product.serve().await;
    product.sign_in(&servers.mcp).await;
    let delays = logind.until_delays(1).await;
    let delay = Delay { what: "sleep".to_owned(), who: "Lamplighter".to_owned(), mode: "delay".to_owned() };
    assert_eq!(delays, [delay]);

    servers.control("delay=1500").await;
    let mut exchanges = servers.exchanges().await;
    product.done(&["retry", NAME]).await;
    assert!(exchanges.recv().await.unwrap().contains("came"));
    logind.prepare_for_sleep(true).await;
    logind.until_delays(0).await;
    assert_eq!(servers.count("refreshes").await, 1, "it was finished first");

    servers.control("delay=0").await;
    product.done(&["retry", NAME]).await;
    product.until_status("the wish to be put off", |now| now["reason_code"] == "offline" || has_offline(now)).await;
    assert_eq!(
        servers.count("token_requests").await,
        2,
        "a sign-in and a refresh, and nothing once sleep was announced"
    );

    logind.prepare_for_sleep(false).await;
    product.until_status("it to be caught up on", |now| now["status"] == "running" && !has_offline(now)).await;
    assert_eq!((servers.count("refreshes").await, servers.count("sign_ins").await), (2, 1));
    logind.until_delays(1).await;
    logind.prepare_for_sleep(false).await;
    product.refresh().await;
    assert_eq!(product.triggers("woke").await, 1, "whoever is woken twice is not tried twice");
    assert_eq!(engine.terminate().await.code(), Some(0));
}

fn has_offline(status: &serde_json::Value) -> bool {
    lamplighter_endurance::product::has(status, "offline")
}

#[tokio::test]
async fn a_sleep_of_whose_end_nobody_tells_is_over() {
    let (mut logind, servers) = tokio::join!(Logind::start(), Servers::start(3600));
    let mut product = Product::new("file");
    logind.furnish(&mut product);
    let engine = product.serve().await;
    product.sign_in(&servers.mcp).await;
    logind.until_delays(1).await;
    logind.prepare_for_sleep(true).await;
    logind.until_delays(0).await;
    product.done(&["retry", NAME]).await;
    product.until_status("the wish to be put off", has_offline).await;
    logind.restart().await;
    product.until_status("it to be caught up on", |now| now["status"] == "running" && !has_offline(now)).await;
    logind.until_delays(1).await;
    assert_eq!((servers.count("refreshes").await, servers.count("sign_ins").await), (1, 1));
    assert_eq!(engine.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_wake_ends_the_wait_for_the_next_try() {
    let logind = Logind::start().await;
    let mut product = Product::new("file");
    logind.furnish(&mut product);
    let waiting = Waiting::begin(product).await;
    waiting.servers.control("outage=none").await;
    logind.prepare_for_sleep(true).await;
    logind.prepare_for_sleep(false).await;
    waiting.recovers_having_said("the machine told of a sleep", 2).await;
}
