//! An engine that runs for hours while faults come and go at random, under load; and what it used, and what its journal
//! and the servers say of it afterwards.
//!
//! One process, from beginning to end: memory, descriptors, threads and tasks are its own. Every workload has servers of
//! its own, foreign or simulated, and troubles of its own; people sign out and in, stop and start, remove and add.

mod chronicle;
mod control;
mod crowd;
mod place;
mod report;
mod story;
mod usage;
mod weather;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lamplighter_simulator::World;
use serde_json::Value;
use tokio::task::JoinSet;

pub use self::chronicle::{Chronicle, Deeds};
use self::control::Control;
pub use self::crowd::Answers;
use self::crowd::Crowd;
pub use self::place::Counts;
use self::place::Place;
pub use self::report::{Report, Workload};
use self::story::Home;
pub use self::story::Lived;
use self::usage::Meter;
pub use self::usage::{Course, Level, Trend};
use self::weather::Pace;
use crate::patience::{Stopwatch, pause};
use crate::product::Product;

/// How many workloads of each kind.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// With a foreign authorization server and a foreign MCP server each.
    pub foreign: usize,
    /// With those of the simulator.
    pub simulated: usize,
}

/// How long the quiet before the load is looked at.
const QUIET: Duration = Duration::from_secs(2);

/// What is left of the load must be gone after so long: idle connections are kept for a minute and a half.
const SETTLED: Duration = Duration::from_secs(150);

/// Short times, so that much happens.
const SETTINGS: [(&str, &str); 5] = [
    ("LAMPLIGHTER_TOKEN_REFRESH_INITIAL_RETRY_INTERVAL", "100ms"),
    ("LAMPLIGHTER_TOKEN_REFRESH_MAX_RETRY_INTERVAL", "500ms"),
    ("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "3"),
    ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "1s"),
    ("LAMPLIGHTER_TOKEN_CALLER_WAIT", "2s"),
];

/// Wears the engine of `product` for `span` with faults drawn from `seed`; `tell` hears of every sample. The product must
/// be new.
pub async fn ordeal(
    mut product: Product,
    cast: Cast,
    span: Duration,
    seed: u64,
    mut tell: impl FnMut(Duration, Level),
) -> Report {
    for (name, value) in SETTINGS {
        product.set(name, value);
    }
    let pace = Pace::of(span);
    let engine = product.serve().await;
    let control = Control::of(&product);
    let world = World::new();
    let homes = homes(&world, cast, &control, pace).await;
    let meter = Meter::of(engine.id(), control.clone());
    let quiet = meter.most(QUIET).await;

    let mut crowd = Crowd::new(seed, pace);
    crowd.watch(control.clone());
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut stories = JoinSet::new();
    for home in &homes {
        crowd.gather_at(&product.done(&["endpoint", &home.name, "--json"]).await);
        let (home, seed) = (Arc::clone(home), dice.u64(..));
        stories.spawn(async move { home.live(seed, pace, span).await });
    }
    let watch = Stopwatch::start();
    let mut course = Course::default();
    while watch.elapsed() < span {
        let (at, level) = (watch.elapsed(), meter.read().await);
        course.samples.push((at, level));
        tell(at, level);
        pause(pace.between_samples()).await;
    }
    // One that breaks off says why on standard error, and the others go on.
    while stories.join_next().await.is_some() {}
    let answers = crowd.go().await;
    for home in &homes {
        home.place.let_go().await;
    }
    let left = meter.settled(quiet, SETTLED).await;

    let journal: Value = serde_json::from_str(&product.done(&["events", "--json"]).await).unwrap();
    let deeds = homes.iter().map(|home| (home.name.clone(), home.lived().deeds)).collect();
    let chronicle = chronicle::judge(journal["events"].as_array().unwrap(), &deeds);
    let mut workloads = BTreeMap::new();
    for home in &homes {
        workloads.insert(home.name.clone(), Workload { lived: home.lived(), noted: home.place.counts().await });
    }
    let ended_well = engine.terminate().await.success();
    Report { course, quiet, left, answers, chronicle, workloads, ended_well }
}

async fn homes(world: &World, cast: Cast, control: &Control, pace: Pace) -> Vec<Arc<Home>> {
    let mut homes = Vec::new();
    for number in 1..=cast.foreign {
        homes.push((format!("foreign-{number}"), Place::foreign(pace).await));
    }
    for number in 1..=cast.simulated {
        let name = format!("simulated-{number}");
        homes.push((name.clone(), Place::simulated(world, &name, pace)));
    }
    let mut settled = Vec::new();
    for (name, place) in homes {
        let home = Home::new(name, place, control.clone());
        home.settle().await;
        settled.push(Arc::new(home));
    }
    settled
}
