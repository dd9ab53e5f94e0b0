//! What an exchange brings after something else has won is kept by nobody, so it is taken back at the server.

use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_engine::clock::{SystemClock, within};
use lamplighter_engine::engine::CallbackPage;
use lamplighter_simulator::{Endpoint, Fault};

use crate::stage::{Stage, soon};

/// Waits for the row that tells how the tokens were taken back.
async fn told(stage: &Stage, code: &str) {
    let row = async {
        while stage.said(code).await.is_none() {
            tokio::task::yield_now().await;
        }
    };
    within(&SystemClock::new(), Duration::from_secs(10), row).await.unwrap();
}

#[tokio::test]
async fn the_tokens_of_a_sign_in_that_was_overtaken_by_another_are_revoked() {
    let stage = Stage::new().await;
    let page = stage.exchanging().await;
    stage.handle.login("linear", true).await.unwrap();
    assert!(matches!(page.await.unwrap(), CallbackPage::Failed(..)));
    told(&stage, "tokens_revoked").await;
    assert!(stage.server.counts().revocations > 0);
}

#[tokio::test]
async fn the_tokens_of_a_sign_in_that_was_overtaken_by_a_removal_are_revoked_before_the_engine_stops() {
    let stage = Stage::new().await;
    let page = stage.exchanging().await;
    stage.handle.remove("linear").await.unwrap();
    assert!(matches!(page.await.unwrap(), CallbackPage::Failed(..)));
    let Stage { engine, server, journal, .. } = stage;
    engine.stop().await;
    assert!(server.counts().revocations > 0);
    let rows = journal.rows(None, None, 1_000).await.unwrap();
    assert!(rows.iter().any(|row| row.reason_code.as_deref() == Some("tokens_revoked")), "{rows:?}");
}

#[tokio::test]
async fn the_tokens_of_a_refresh_that_was_overtaken_by_a_sign_out_are_revoked() {
    let stage = Stage::signed_in().await;
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    stage.handle.retry("linear").await.unwrap();
    soon(|| stage.server.counts().refreshes == 1).await;
    stage.handle.logout("linear").await.unwrap();
    assert_eq!(stage.phase(), Phase::Unauthenticated);
    told(&stage, "tokens_revoked").await;
}

#[tokio::test]
async fn a_server_that_cannot_be_told_is_no_more_than_a_row() {
    let stage = Stage::new().await;
    stage.server.fail(Endpoint::Revocation, Fault::Reset);
    let page = stage.exchanging().await;
    stage.handle.cancel_login("linear").await.unwrap();
    assert!(matches!(page.await.unwrap(), CallbackPage::Failed(..)));
    told(&stage, "tokens_not_revoked").await;
}
