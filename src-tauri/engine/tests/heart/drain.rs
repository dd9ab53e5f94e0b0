//! What is finished before the engine ends.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_engine::clock::{SystemClock, within};
use lamplighter_simulator::{Endpoint, Fault};

use crate::stage::{Stage, soon};

#[tokio::test]
async fn a_token_that_could_not_be_stored_is_stored_at_the_end() {
    let stage = Stage::signed_in().await;
    let first = stage.shelf.refresh_token("linear");
    stage.shelf.locked.store(true, Ordering::SeqCst);
    stage.handle.retry("linear").await.unwrap();
    let not_stored = || !stage.handle.route("linear").unwrap().access().status.conditions.is_empty();
    soon(not_stored).await;
    stage.shelf.locked.store(false, Ordering::SeqCst);

    let stage = stage.again().await;
    assert_ne!(stage.shelf.refresh_token("linear"), first);
    stage.comes_to(Phase::Running).await;
    stage.refreshes().await;
    assert_eq!(stage.server.counts().reuse_detected, 0);
}

#[tokio::test]
async fn a_sign_in_whose_code_is_exchanged_when_the_engine_stops_is_kept() {
    let stage = Stage::new().await;
    let callback = stage.approved().await;
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    let handle = stage.handle.clone();
    let page = tokio::spawn(async move { handle.callback(&callback).await });
    soon(|| stage.server.counts().token_requests == 1).await;

    let stage = stage.again().await;
    assert_eq!(format!("{:?}", page.await.unwrap()), "SignedIn(\"linear\")");
    stage.comes_to(Phase::Running).await;
    stage.refreshes().await;
}

#[tokio::test]
async fn a_sign_out_that_cannot_be_stored_keeps_nobody() {
    let Stage { engine, handle, shelf, home: _home, .. } = Stage::signed_in().await;
    shelf.locked.store(true, Ordering::SeqCst);
    handle.logout("linear").await.unwrap();
    assert!(within(&SystemClock::new(), Duration::from_secs(5), engine.stop()).await.is_some());
}
