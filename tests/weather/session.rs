//! The person's session, as logind tells of it.

use lamplighter_endurance::product::Product;
use lamplighter_endurance::weather::logind::Logind;

use crate::waiting::Waiting;

const SAID: &str = "the person came back to the session";

#[tokio::test]
async fn a_person_who_comes_back_ends_the_wait_for_the_next_try_and_one_who_leaves_does_not() {
    let logind = Logind::start().await;
    let mut product = Product::new("file");
    logind.furnish(&mut product);
    let waiting = Waiting::begin(product).await;
    let (own, another) = (logind.session("c1").await, logind.session("c2").await);
    logind.belong_to(&own).await;
    waiting.servers.control("outage=none").await;
    own.lock(true).await;
    own.activate(false).await;
    for session in [&another, &own] {
        session.lock(false).await;
    }
    own.lock(true).await;
    waiting.recovers_having_said(SAID, 1).await;
}

#[tokio::test]
async fn the_session_of_the_moment_is_the_one_that_counts() {
    let logind = Logind::start().await;
    let mut product = Product::new("file");
    logind.furnish(&mut product);
    let waiting = Waiting::begin(product).await;
    waiting.servers.control("outage=none").await;
    let before = logind.session("c1").await;
    logind.belong_to(&before).await;
    before.activate(true).await;
    waiting.until_said(SAID, 1).await;
    let now = logind.session("c2").await;
    logind.belong_to(&now).await;
    for session in [&before, &now] {
        session.activate(true).await;
    }
    waiting.recovers_having_said(SAID, 2).await;
}
