//! Removing a workload, also while the secret store is locked.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_engine::engine::CallbackPage;
use lamplighter_simulator::{Endpoint, Fault};

use crate::stage::{Stage, soon, workload};

/// With the workload removed, and the store unlocked again.
async fn removed() -> Stage {
    let stage = Stage::signed_in().await;
    stage.shelf.locked.store(true, Ordering::SeqCst);
    stage.handle.remove("linear").await.unwrap();
    stage.shelf.locked.store(false, Ordering::SeqCst);
    assert!(stage.shelf.workload("linear").is_some());
    stage
}

#[tokio::test]
async fn it_is_forgotten_as_soon_as_that_is_possible() {
    let stage = removed().await;
    stage.clock.advance(Duration::from_secs(30));
    soon(|| stage.shelf.workload("linear").is_none()).await;
}

#[tokio::test]
async fn another_of_its_name_keeps_its_login() {
    let stage = removed().await;
    stage.handle.add(workload(&stage.server)).await.unwrap();
    let callback = stage.approved().await;
    assert_eq!(stage.handle.callback(&callback).await, CallbackPage::SignedIn("linear".to_owned()));
    for _ in 0..100 {
        stage.clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    assert!(stage.shelf.refresh_token("linear").is_some());
}

#[tokio::test]
async fn it_is_gone_even_if_nobody_waits_for_that() {
    let stage = Stage::signed_in().await;
    stage.server.fail_times(Endpoint::Revocation, 1, &Fault::Late(Duration::from_millis(200)));
    let handle = stage.handle.clone();
    let removal = tokio::spawn(async move { handle.remove("linear").await });
    soon(|| stage.phase() == Phase::Removing).await;
    removal.abort();
    soon(|| stage.handle.workload("linear").is_err()).await;
    assert!(stage.shelf.workload("linear").is_none());
}
