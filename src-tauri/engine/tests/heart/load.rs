//! Reloading while a refresh is under way.

use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_simulator::{Endpoint, Fault};

use crate::stage::{Stage, soon};

#[tokio::test]
async fn a_restart_during_a_refresh_loses_nothing() {
    let stage = Stage::signed_in().await;
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    stage.handle.retry("linear").await.unwrap();
    soon(|| stage.server.counts().refreshes == 1).await;

    stage.handle.restart("linear").await.unwrap();
    soon(|| stage.server.counts().refreshes == 2).await;
    stage.comes_to(Phase::Running).await;
    stage.refreshes().await;
    let counts = stage.server.counts();
    assert_eq!((counts.reuse_detected, counts.refreshes_in_flight_max), (0, 1));
}

#[tokio::test]
async fn a_start_while_a_stop_waits_for_a_refresh_starts() {
    let stage = Stage::signed_in().await;
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    stage.handle.retry("linear").await.unwrap();
    soon(|| stage.server.counts().refreshes == 1).await;
    stage.handle.stop("linear").await.unwrap();
    assert_eq!(stage.phase(), Phase::Stopping);

    stage.handle.start("linear").await.unwrap();
    stage.comes_to(Phase::Running).await;
    stage.refreshes().await;
    assert_eq!(stage.server.counts().reuse_detected, 0);
}
