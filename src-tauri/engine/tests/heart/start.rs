//! Starts that fail leave nothing behind: no lock, no port, no task.

use std::path::PathBuf;
use std::sync::Arc;

use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::engine::StartError;
use lamplighter_engine::journal;
use lamplighter_engine::machine::Machine;

use crate::stage::{Shelf, Stage, start};

/// A port that is free.
fn free() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn an_engine_that_cannot_be_announced_is_wound_down() {
    let Stage { home, shelf, clock, journal, server: _server, engine, handle, .. } = Stage::signed_in().await;
    drop(handle);
    engine.stop().await;
    let in_the_way: PathBuf = home.path().join("engine.json");
    std::fs::create_dir(&in_the_way).unwrap();
    let listen = free();

    let refused = start(Machine::silent(), home.path(), &listen, &shelf, &clock, &journal).await.err();
    assert!(matches!(&refused, Some(StartError::Files { path, .. }) if *path == in_the_way), "{refused:?}");
    assert_eq!(Arc::strong_count(&shelf), 1, "nobody is left who could use the store");

    std::fs::remove_dir(&in_the_way).unwrap();
    let engine = start(Machine::silent(), home.path(), &listen, &shelf, &clock, &journal).await.unwrap();
    assert_eq!(engine.address().to_string(), listen);
    engine.stop().await;
}

#[tokio::test]
async fn an_address_that_is_taken_costs_nothing_but_this_start() {
    let home = tempfile::tempdir().unwrap();
    let (shelf, clock) = (Arc::<Shelf>::default(), VirtualClock::new());
    let journal = journal::in_memory(Arc::new(clock.clone()));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let refused = start(Machine::silent(), home.path(), &listen, &shelf, &clock, &journal).await.err();
    assert!(matches!(refused, Some(StartError::Listen { .. })), "{refused:?}");
    assert_eq!(Arc::strong_count(&shelf), 1);
    drop(taken);
    start(Machine::silent(), home.path(), &listen, &shelf, &clock, &journal).await.unwrap().stop().await;
}
