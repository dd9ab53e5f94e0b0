//! The clients: programs that call tools, hold event streams and follow the engine, whatever they are answered, and
//! come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::task::JoinSet;

use super::control::Control;
use super::weather::Pace;
use crate::mcp::Session;
use crate::patience::pause;

/// How many programs call tools of one workload.
const CALLERS: u64 = 2;
/// How many hold an event stream of one workload.
const LISTENERS: u64 = 2;
/// Calls of one session, at most.
const SESSION: usize = 500;
/// A client gives up when it has waited so long for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// From one call to the next, in milliseconds.
const BETWEEN_CALLS: std::ops::Range<u64> = 50..350;
/// From a failure to the next try.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// All clients of a run; they go when this is dropped.
pub(super) struct Crowd {
    clients: JoinSet<()>,
    counts: Arc<Counts>,
    pace: Pace,
    dice: fastrand::Rng,
}

/// What was answered to them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answers {
    /// Calls of tools that were answered by a result.
    pub answered: u64,
    /// Those that were refused for now (503).
    pub refused: u64,
    /// Those that had another answer, or none.
    pub failed: u64,
    /// Event streams that were opened.
    pub streams: u64,
    /// What came on them: pieces of a body.
    pub pieces: u64,
}

#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    streams: AtomicU64,
    pieces: AtomicU64,
}

impl Crowd {
    pub(super) fn new(seed: u64, pace: Pace) -> Self {
        Self { clients: JoinSet::new(), counts: Arc::default(), pace, dice: fastrand::Rng::with_seed(seed) }
    }

    /// Clients of the workload behind `endpoint` (the JSON of `lamplighter endpoint`).
    pub(super) fn gather_at(&mut self, endpoint: &str) {
        for _ in 0..CALLERS {
            self.clients.spawn(call(endpoint.to_owned(), Arc::clone(&self.counts), self.dice.fork()));
        }
        for _ in 0..LISTENERS {
            self.clients.spawn(listen(endpoint.to_owned(), Arc::clone(&self.counts), self.pace, self.dice.fork()));
        }
    }

    /// A window that shows the engine, and is closed and opened.
    pub(super) fn watch(&mut self, control: Control) {
        let (counts, pace, mut dice) = (Arc::clone(&self.counts), self.pace, self.dice.fork());
        self.clients.spawn(async move {
            loop {
                if let Some(answer) = control.follow().await {
                    read(answer.into_body(), pace.unit().mul_f64(dice.f64()), &counts).await;
                }
                pause(AFTER_FAILURE).await;
            }
        });
    }

    /// Sends all of them away.
    pub(super) async fn go(mut self) -> Answers {
        self.clients.shutdown().await;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Answers {
            answered: count(&self.counts.answered),
            refused: count(&self.counts.refused),
            failed: count(&self.counts.failed),
            streams: count(&self.counts.streams),
            pieces: count(&self.counts.pieces),
        }
    }
}

async fn call(endpoint: String, counts: Arc<Counts>, mut dice: fastrand::Rng) {
    loop {
        if let Some(Ok(session)) = patiently(Session::try_open(&endpoint)).await {
            for number in 0..dice.usize(1..SESSION) {
                let answer = patiently(session.echo(number)).await.flatten();
                let status = answer.map(|answer| answer.status);
                counts.note(status);
                match status {
                    Some(StatusCode::OK) => pause(Duration::from_millis(dice.u64(BETWEEN_CALLS))).await,
                    Some(StatusCode::SERVICE_UNAVAILABLE) => pause(AFTER_FAILURE).await,
                    Some(_) | None => break,
                }
            }
        }
        pause(AFTER_FAILURE).await;
    }
}

async fn listen(endpoint: String, counts: Arc<Counts>, pace: Pace, mut dice: fastrand::Rng) {
    loop {
        if let Some(Ok(session)) = patiently(Session::try_open(&endpoint)).await
            && let Some(Some(answer)) = patiently(session.listen()).await
            && answer.status().is_success()
        {
            counts.streams.fetch_add(1, Ordering::Relaxed);
            read(answer.into_body(), pace.unit().mul_f64(2.0 * dice.f64()), &counts).await;
        }
        pause(AFTER_FAILURE).await;
    }
}

/// Reads until the end, or until `span` is over.
async fn read(mut body: Incoming, span: Duration, counts: &Counts) {
    let reading = async {
        while let Some(Ok(_)) = body.frame().await {
            counts.pieces.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::select! {
        () = reading => {}
        () = pause(span) => {}
    }
}

/// What comes of `work`, if it comes soon enough; else whoever waits hangs up.
async fn patiently<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = pause(PATIENCE) => None,
    }
}

impl Counts {
    fn note(&self, status: Option<StatusCode>) {
        let counter = match status {
            Some(StatusCode::OK) => &self.answered,
            Some(StatusCode::SERVICE_UNAVAILABLE) => &self.refused,
            Some(_) | None => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
