//! What everything in a month shares: its chances, its clocks, its story, its checks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::{Notify, watch};

use super::checks::Checks;
use super::clock::MachineClock;
use super::network::Weather;
use super::server::Servers;
use super::shelf::Documents;
use super::story::Story;

pub(super) struct World {
    pub(super) clock: MachineClock,
    pub(super) story: Story,
    pub(super) checks: Checks,
    pub(super) servers: Servers,
    pub(super) weather: Mutex<Weather>,
    /// The weather has changed; who waits is told in the order of coming, as by a `watch` one is not.
    pub(super) changed: Notify,
    /// What the secret store holds, whoever reads it.
    pub(super) documents: Documents,
    /// Counts the token requests that have reached a server: where something may be aimed at.
    pub(super) exchanges: watch::Sender<u64>,
    chances: Mutex<Rng>,
}

impl World {
    pub(super) fn new(seed: u64, workloads: usize) -> Arc<Self> {
        let clock = MachineClock::new();
        Arc::new(Self {
            story: Story::new(clock.clone()),
            checks: Checks::new(workloads),
            servers: Servers::new(workloads),
            weather: Mutex::new(Weather::Clear),
            changed: Notify::new(),
            documents: Documents::default(),
            exchanges: watch::Sender::new(0),
            chances: Mutex::new(Rng::with_seed(seed)),
            clock,
        })
    }

    /// One in so many.
    pub(super) fn one_in(&self, many: u32) -> bool {
        self.below(many) == 0
    }

    pub(super) fn below(&self, bound: u32) -> u32 {
        self.chances.lock().unwrap().u32(0..bound)
    }

    /// One of `these`.
    pub(super) fn one_of<T: Copy>(&self, these: &[T]) -> T {
        these[self.below(u32::try_from(these.len()).unwrap()) as usize]
    }

    /// A span between two, the orders of magnitude being equally likely.
    pub(super) fn span(&self, shortest: Duration, longest: Duration) -> Duration {
        let part = self.chances.lock().unwrap().f64();
        let span = shortest.as_secs_f64() * (longest.as_secs_f64() / shortest.as_secs_f64()).powf(part);
        Duration::from_millis(u64::try_from(Duration::from_secs_f64(span).as_millis()).unwrap())
    }

    /// Lets some milliseconds pass, up to `longest`.
    pub(super) async fn some_time(&self, longest: u32) {
        let millis = self.below(longest);
        tokio::time::sleep(Duration::from_millis(u64::from(millis))).await;
    }
}

/// How one stay of the engine in memory ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Killed,
    /// It was stopped, and finished what was under way.
    Drained,
    /// It was stopped, and what was under way took too long.
    CutOff,
}

/// One stay of the engine in memory. When it is over it reaches nothing any more.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) number: u32,
    ending: watch::Sender<Option<(Ending, Duration)>>,
}

impl Life {
    pub(super) fn new(number: u32) -> Self {
        Self { number, ending: watch::Sender::new(None) }
    }

    pub(super) fn end(&self, ending: Ending, awake: Duration) {
        self.ending.send_replace(Some((ending, awake)));
    }

    /// How it ended, and when by the machine's time awake.
    pub(super) fn ending(&self) -> Option<(Ending, Duration)> {
        *self.ending.borrow()
    }

    pub(super) fn is_over(&self) -> bool {
        self.ending().is_some()
    }

    /// Ready when it is over.
    pub(super) async fn over(&self) {
        let _ = self.ending.subscribe().wait_for(Option::is_some).await;
    }

    /// What `work` brings, if this life lasts; one that is over waits for ever.
    pub(super) async fn lasting<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            () = self.over() => std::future::pending().await,
            done = work => done,
        }
    }
}
