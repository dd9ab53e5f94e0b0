//! What happened, kept for thirty days in `journal.db` (`SQLite`).
//!
//! One thread owns the file. It takes rows in the order of the calls, writes whatever has queued up in one
//! transaction, and answers questions in between, so that a question sees every row appended before it. A file that
//! cannot be used is said once in the log and shown by `trouble`; the newest rows then wait in memory, and are tried
//! again with the next one, and every second. Nothing here knows what rows mean, except `recall`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use lamplighter_core::monitor::Remembered;
use tokio::sync::{broadcast, oneshot};

use crate::ports::{Clock, Journal, JournalError, Row};

mod desk;
mod recall;
mod table;

use desk::{Desk, Job, Place, Question};
pub use recall::recall;

/// How many rows a slow follower may lag behind before it loses some.
const FOLLOWED: usize = 1_024;

/// The journal in `file`, which is made where it is missing. Never fails: what is wrong with the file is trouble.
#[must_use]
pub fn open(file: &Path, clock: Arc<dyn Clock>) -> Arc<dyn Journal> {
    Arc::new(Sqlite::start(Place::File(file.to_owned()), clock))
}

/// A journal that ends with the engine.
#[must_use]
pub fn in_memory(clock: Arc<dyn Clock>) -> Arc<dyn Journal> {
    Arc::new(Sqlite::start(Place::Memory, clock))
}

/// The near end of the thread's queue.
struct Sqlite {
    jobs: mpsc::Sender<Job>,
    written: broadcast::Sender<Arc<Row>>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Sqlite {
    fn start(place: Place, clock: Arc<dyn Clock>) -> Self {
        let (jobs, queue) = mpsc::channel();
        let written = broadcast::Sender::new(FOLLOWED);
        let trouble = Arc::<Mutex<Option<String>>>::default();
        let desk = Desk::new(place, clock, written.clone(), trouble.clone());
        let thread = std::thread::Builder::new().name("journal".to_owned());
        if let Err(error) = thread.spawn(move || desk.work(&queue)) {
            tracing::error!(%error, "the journal's thread did not start");
            *trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        }
        Self { jobs, written, trouble }
    }

    /// Queues the job that `make` makes around a place for its answer, and waits for that.
    async fn ask<T>(&self, make: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(make(answer)).ok()?;
        answered.await.ok()
    }
}

impl Journal for Sqlite {
    fn append(&self, row: Row) {
        // The thread is gone only when it could not be started, and that has been said.
        let _ = self.jobs.send(Job::Append(row));
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        self.ask(Job::Flush).map(drop).boxed()
    }

    fn rows<'a>(
        &'a self,
        workload: Option<&'a str>,
        after: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, JournalError>> {
        let workload = workload.map(str::to_owned);
        self.ask(move |answer| Job::Ask(Question::Rows { workload, after, limit, answer }))
            .map(|answer| answer.ok_or_else(ended))
            .boxed()
    }

    fn past<'a>(&'a self, workloads: &'a [String], from: Timestamp) -> BoxFuture<'a, Result<Vec<Row>, JournalError>> {
        let workloads = workloads.to_vec();
        self.ask(move |answer| Job::Ask(Question::Past { workloads, from, answer }))
            .map(|answer| answer.ok_or_else(ended))
            .boxed()
    }

    fn remembered<'a>(&'a self, workload: &'a str) -> BoxFuture<'a, Result<Option<Remembered>, JournalError>> {
        let workload = workload.to_owned();
        self.ask(move |answer| Job::Ask(Question::Remembered { workload, answer }))
            .map(|answer| answer.ok_or_else(ended))
            .boxed()
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn follow(&self) -> broadcast::Receiver<Arc<Row>> {
        self.written.subscribe()
    }
}

fn ended() -> JournalError {
    JournalError { message: "its thread has ended".to_owned() }
}
