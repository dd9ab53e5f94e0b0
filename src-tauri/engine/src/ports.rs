//! The doors to the world: what tests replace.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use lamplighter_core::condition::StoreFault;
use lamplighter_core::entry::EntryKind;
use lamplighter_core::monitor::Remembered;
use lamplighter_core::{Entry, Moment, Phase, Reading};
use secrecy::SecretSlice;

use crate::clock::Jumps;

/// The three clocks.
pub trait Clock: Send + Sync + 'static {
    /// One look at all of them.
    fn now(&self) -> Reading;

    /// Ready when `moment` has come on the clock that counts suspended time.
    fn sleep_until(&self, moment: Moment) -> BoxFuture<'static, ()>;

    /// Suspends of the machine and settings of the wall clock: told at every one from now on.
    fn jumps(&self) -> tokio::sync::watch::Receiver<Jumps>;
}

/// Where secrets are kept: small documents under names, updated in place.
///
/// No call may block the async runtime, and none may wait for ever.
pub trait SecretStore: Send + Sync + 'static {
    /// Reads the document `name`; `None` when there is none.
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SecretSlice<u8>>, StoreError>>;

    /// Writes the document `name`, durably before it answers.
    fn write<'a>(&'a self, name: &'a str, document: SecretSlice<u8>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Deletes the document `name`; one that is not there is deleted already.
    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// Why the secret store could not do it. Never holds a secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What kind of trouble it is.
    pub fault: StoreFault,
    /// What happened, for the log.
    pub message: String,
}

/// What happened, kept for thirty days. Rows are written in the order of the calls.
pub trait Journal: Send + Sync + 'static {
    /// Queues one row; never blocks. A journal that cannot be written says so in the log and goes on.
    fn append(&self, row: Row);

    /// Ready when every row queued so far is on disk (or given up).
    fn flush(&self) -> BoxFuture<'_, ()>;

    /// The newest rows (at most `limit`) after the row numbered `after`, of one workload or of all, oldest first.
    fn rows<'a>(
        &'a self,
        workload: Option<&'a str>,
        after: Option<i64>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, JournalError>>;

    /// The rows that tell how `workloads` stood from `from` on, oldest first: their changes of status and the engine's
    /// starts and stops since then, the last of each before that, and the last row before each start.
    fn past<'a>(
        &'a self,
        workloads: &'a [String],
        from: jiff::Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Row>, JournalError>>;

    /// What a monitor must know of its life before the restart.
    fn remembered<'a>(&'a self, workload: &'a str) -> BoxFuture<'a, Result<Option<Remembered>, JournalError>>;

    /// What is wrong with the journal now, in a sentence; `None` while rows reach the disk.
    fn trouble(&self) -> Option<String>;

    /// Rows as they are written.
    fn follow(&self) -> tokio::sync::broadcast::Receiver<Arc<Row>>;
}

/// The `reason_code` of the row that tells that the engine started.
pub(crate) const ENGINE_STARTED: &str = "engine_started";
/// The `reason_code` of the row that tells that it stopped.
pub(crate) const ENGINE_STOPPED: &str = "engine_stopped";

/// Why the journal could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the journal cannot be read: {message}")]
pub struct JournalError {
    /// What happened.
    pub message: String,
}

/// One row of the journal, as `events --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "named and explained by the contract")]
pub struct Row {
    /// Ascending; set by the journal.
    pub id: i64,
    #[schema(value_type = String, format = DateTime)]
    pub time: jiff::Timestamp,
    /// Its name; empty where the row is the engine's own.
    pub workload: String,
    pub kind: EntryKind,
    pub from: Option<Phase>,
    pub to: Option<Phase>,
    pub verdict: Option<String>,
    pub http_status: Option<u16>,
    pub reason_code: Option<String>,
    pub reason: Option<String>,
    pub detail: Option<String>,
    /// The episode's number.
    pub episode: Option<u64>,
    /// When that episode began, on the wall clock (kept for restarts, not printed).
    #[serde(skip)]
    pub episode_started_at: Option<jiff::Timestamp>,
    /// How much of the ceiling was used, in milliseconds (kept for restarts, not printed).
    #[serde(skip)]
    pub episode_spent_ms: Option<u64>,
}

impl Row {
    /// The row that tells that the engine started at `time`.
    pub(crate) fn engine_started(time: jiff::Timestamp) -> Self {
        Self::new(time, "", Entry::new(EntryKind::Engine).saying(ENGINE_STARTED, "the engine started"))
    }

    /// The row that tells that the engine stopped at `time`, all else being written down.
    pub(crate) fn engine_stopped(time: jiff::Timestamp) -> Self {
        Self::new(time, "", Entry::new(EntryKind::Engine).saying(ENGINE_STOPPED, "the engine stopped"))
    }

    /// The row that `entry` makes for `workload` at `time`.
    #[must_use]
    pub fn new(time: jiff::Timestamp, workload: &str, entry: Entry) -> Self {
        Self {
            id: 0,
            time,
            workload: workload.to_owned(),
            kind: entry.kind,
            from: entry.from,
            to: entry.to,
            verdict: entry.verdict.map(str::to_owned),
            http_status: entry.http_status,
            reason_code: entry.reason_code,
            reason: entry.reason,
            detail: entry.detail,
            episode: entry.episode.map(|mark| mark.number),
            episode_started_at: entry.episode.map(|mark| mark.started_at),
            episode_spent_ms: entry.episode.map(|mark| u64::try_from(mark.spent.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}
