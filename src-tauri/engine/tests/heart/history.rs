//! The last day, through stops, kills and starts of the engine.

use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_engine::engine::Engine;

use crate::stage::{Stage, soon};

/// The statuses of `linear`, each with its length in whole minutes; what took no time is left out.
async fn day(stage: &Stage) -> Vec<(Phase, i64)> {
    let told = stage.handle.history().await.unwrap();
    let lengths =
        told.workloads["linear"].iter().map(|span| (span.status, span.to.duration_since(span.from).as_mins()));
    lengths.filter(|(_, minutes)| *minutes > 0).collect()
}

#[tokio::test]
async fn an_engine_that_was_stopped_knows_nothing_of_the_time_between() {
    let stage = Stage::signed_in().await;
    stage.clock.advance(Duration::from_mins(10));
    let stage = stage.again_after(Duration::from_mins(20), Engine::stop).await;
    stage.comes_to(Phase::Running).await;
    stage.clock.advance(Duration::from_mins(5));
    let day = day(&stage).await;
    assert_eq!(day[1..], [(Phase::Running, 10), (Phase::Unknown, 20), (Phase::Running, 5)]);
    assert_eq!(day[0], (Phase::Unknown, 24 * 60 - 35));
}

#[tokio::test]
async fn an_engine_that_was_killed_is_known_until_its_last_row() {
    let stage = Stage::signed_in().await;
    stage.clock.advance(Duration::from_mins(10));
    stage.refreshes().await;
    stage.clock.advance(Duration::from_mins(3));
    let shelf = Arc::downgrade(&stage.shelf);
    let killed = async |engine| {
        drop(engine);
        soon(|| shelf.strong_count() == 1).await;
    };
    let stage = stage.again_after(Duration::from_mins(20), killed).await;
    stage.comes_to(Phase::Running).await;
    stage.clock.advance(Duration::from_mins(5));
    let day = day(&stage).await;
    assert_eq!(day[1..], [(Phase::Running, 10), (Phase::Unknown, 23), (Phase::Running, 5)]);
}
