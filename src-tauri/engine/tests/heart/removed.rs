//! Removing a workload, also while the secret store is locked.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Method, StatusCode};
use lamplighter_core::Phase;
use lamplighter_engine::engine::CallbackPage;
use lamplighter_simulator::{Endpoint, Fault, ScopeDemand};

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

#[tokio::test]
async fn another_of_its_name_is_asked_for_more_access_as_if_for_the_first_time() {
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}"#;
    let stage = Stage::signed_in().await;
    stage.server.resource(|rules| rules.scope_demand = ScopeDemand::Insatiable(vec!["read".to_owned()]));
    for _ in 0..3 {
        stage.open(Method::POST, call).await;
        let callback = stage.approved().await;
        stage.handle.callback(&callback).await;
    }
    stage.open(Method::POST, call).await;
    assert!(stage.handle.login("linear", false).await.is_err(), "it was granted three times in vain");

    stage.handle.remove("linear").await.unwrap();
    stage.handle.add(workload(&stage.server)).await.unwrap();
    let callback = stage.approved().await;
    stage.handle.callback(&callback).await;
    assert_eq!(stage.open(Method::POST, call).await.status(), StatusCode::FORBIDDEN);
    assert!(stage.handle.login("linear", false).await.is_ok());
}
