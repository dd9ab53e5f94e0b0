//! Whoever asked goes away halfway: what was asked for comes to its end all the same.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_core::config::Name;
use lamplighter_engine::engine::NewWorkload;
use lamplighter_simulator::{Endpoint, Fault};

use crate::stage::{Stage, soon, workload};

#[tokio::test]
async fn a_workload_whose_adding_nobody_waits_for_is_added() {
    let stage = Stage::new().await;
    let handle = stage.handle.clone();
    let notion = NewWorkload { name: Name::parse("notion").unwrap(), ..workload(&stage.server) };
    let before = stage.shelf.writers.load(Ordering::SeqCst);
    let slow = stage.shelf.slow.lock().await;
    let adding = tokio::spawn(async move { handle.add(notion).await });
    soon(|| stage.shelf.writers.load(Ordering::SeqCst) > before).await;
    adding.abort();
    assert!(adding.await.unwrap_err().is_cancelled());
    drop(slow);

    soon(|| stage.handle.workload("notion").is_ok_and(|notion| notion.status != Phase::Stopped)).await;
    assert!(stage.shelf.workload("notion").is_some());
    let config = std::fs::read_to_string(stage.home.path().join("config.toml")).unwrap();
    assert!(config.contains("notion"), "{config}");
}

#[tokio::test]
async fn an_add_under_way_is_finished_before_the_engine_stops() {
    let stage = Stage::new().await;
    let handle = stage.handle.clone();
    let notion = NewWorkload { name: Name::parse("notion").unwrap(), ..workload(&stage.server) };
    let before = stage.shelf.writers.load(Ordering::SeqCst);
    let slow = stage.shelf.slow.lock().await;
    let adding = tokio::spawn(async move { handle.add(notion).await });
    soon(|| stage.shelf.writers.load(Ordering::SeqCst) > before).await;
    adding.abort();
    let Stage { engine, home, shelf: ref kept, .. } = stage;
    let stop = tokio::spawn(engine.stop());
    tokio::task::yield_now().await;
    drop(slow);
    stop.await.unwrap();
    assert!(kept.workload("notion").is_some());
    assert!(std::fs::read_to_string(home.path().join("config.toml")).unwrap().contains("notion"));
}

#[tokio::test]
async fn a_sign_out_that_nobody_waits_for_signs_out() {
    let stage = Stage::signed_in().await;
    stage.server.fail_times(Endpoint::Revocation, 1, &Fault::Late(Duration::from_millis(200)));
    let handle = stage.handle.clone();
    let leaving = tokio::spawn(async move { handle.logout("linear").await });
    soon(|| stage.phase() == Phase::Unauthenticated).await;
    leaving.abort();
    soon(|| stage.shelf.refresh_token("linear").is_none() && stage.server.counts().revocations > 0).await;
}

#[tokio::test]
async fn a_stop_that_nobody_waits_for_stops() {
    let stage = Stage::signed_in().await;
    let handle = stage.handle.clone();
    let stopping = tokio::spawn(async move { handle.stop("linear").await });
    let config = stage.home.path().join("config.toml");
    soon(|| std::fs::read_to_string(&config).unwrap().contains("stopped = true")).await;
    stopping.abort();
    stage.comes_to(Phase::Stopped).await;
}
