//! The journal's thread: takes jobs in order, keeps rows that cannot be written, and says what is wrong.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lamplighter_core::Moment;
use lamplighter_core::monitor::Remembered;
use tokio::sync::{broadcast, oneshot};

use super::recall::recall;
use super::table::{Table, TableError};
use crate::ports::{Clock, Row};

/// How many rows wait in memory while the file cannot be written: the newest.
const KEPT_IN_MEMORY: usize = 1_000;

/// How many rows go into one transaction at most.
const BATCH: usize = 1_000;

/// How long rows are kept.
const KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// How soon a table that cannot be used is tried again, in real time: nobody may come by with another row.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// How long after the start older rows are first looked for: a clock that is years ahead when a machine boots is put
/// right within minutes, as a rule, and what it would make old must still be there then.
const FIRST_PRUNE: Duration = Duration::from_hours(1);

/// How often older rows are looked for.
const PRUNE_EVERY: Duration = Duration::from_hours(24);

/// The longest `detail`, in bytes.
const DETAIL: usize = 512;

/// What the thread is asked for.
pub(super) enum Job {
    Append(Row),
    Flush(oneshot::Sender<()>),
    Ask(Question),
}

/// What may be asked of it; the answer sees every row appended before.
pub(super) enum Question {
    Rows { workload: Option<String>, after: Option<i64>, limit: usize, answer: oneshot::Sender<Vec<Row>> },
    Past { workloads: Vec<String>, from: Timestamp, answer: oneshot::Sender<Vec<Row>> },
    Remembered { workload: String, answer: oneshot::Sender<Option<Remembered>> },
}

/// Where rows are kept.
pub(super) enum Place {
    File(PathBuf),
    Memory,
}

/// Everything that the thread owns.
pub(super) struct Desk {
    place: Place,
    clock: Arc<dyn Clock>,
    written: broadcast::Sender<Arc<Row>>,
    trouble: Arc<Mutex<Option<String>>>,
    /// `None` until the file could be opened.
    table: Option<Table>,
    /// Whether the table failed, and is to be opened anew before it is written.
    failed: bool,
    /// Rows that are not on disk, numbered, oldest first.
    waiting: VecDeque<Row>,
    /// The number of the newest row.
    last_id: i64,
    prune_at: Moment,
    /// When a table that cannot be used is to be tried again, at the latest.
    try_at: Moment,
}

impl Desk {
    pub(super) fn new(
        place: Place,
        clock: Arc<dyn Clock>,
        written: broadcast::Sender<Arc<Row>>,
        trouble: Arc<Mutex<Option<String>>>,
    ) -> Self {
        let waiting = VecDeque::new();
        let now = clock.now().moment;
        let (prune_at, try_at) = (now + FIRST_PRUNE, now);
        Self { place, clock, written, trouble, table: None, failed: false, waiting, last_id: 0, prune_at, try_at }
    }

    /// The life of the thread; it ends with the journal.
    pub(super) fn work(mut self, queue: &mpsc::Receiver<Job>) {
        self.save(Vec::new());
        loop {
            let first = match self.next(queue) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    self.save(Vec::new());
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut rows = Vec::new();
            for job in std::iter::once(first).chain(queue.try_iter().take(BATCH)) {
                match job {
                    Job::Append(row) => rows.push(row),
                    Job::Flush(answer) => {
                        self.save(std::mem::take(&mut rows));
                        // Whoever asked may be gone.
                        let _ = answer.send(());
                    }
                    Job::Ask(question) => {
                        // Whoever asks often must not keep it from being tried.
                        if !rows.is_empty() || self.is_overdue() {
                            self.save(std::mem::take(&mut rows));
                        }
                        self.answer(question);
                    }
                }
            }
            if !rows.is_empty() {
                self.save(rows);
            }
        }
    }

    /// The next job; a time-out where the table is to be tried again.
    fn next(&self, queue: &mpsc::Receiver<Job>) -> Result<Job, RecvTimeoutError> {
        if self.is_well() {
            queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            queue.recv_timeout(TRY_AGAIN)
        }
    }

    /// Whether the table can be used and holds every row.
    fn is_well(&self) -> bool {
        self.waiting.is_empty() && self.table.is_some() && !self.failed
    }

    /// Whether the table cannot be used, and was not tried for a while.
    fn is_overdue(&self) -> bool {
        !self.is_well() && self.clock.now().moment >= self.try_at
    }

    /// Writes `rows` and all that waited, then shows `rows` to those who follow.
    fn save(&mut self, rows: Vec<Row>) {
        let first = self.waiting.len();
        for row in rows {
            self.last_id += 1;
            self.waiting.push_back(Row { id: self.last_id, ..fit(row) });
        }
        let result = self.write().or_else(|error| if self.begin_anew(&error) { self.write() } else { Err(error) });
        for row in self.waiting.iter().skip(first) {
            // Nobody has to follow.
            let _ = self.written.send(Arc::new(row.clone()));
        }
        match result {
            Ok(()) => self.waiting.clear(),
            Err(_) => drop(self.waiting.drain(..self.waiting.len().saturating_sub(KEPT_IN_MEMORY))),
        }
        self.say(result.err());
    }

    /// Writes all that waits, if it can be.
    fn write(&mut self) -> Result<(), TableError> {
        self.try_at = self.clock.now().moment + TRY_AGAIN;
        let elsewhere = self.is_elsewhere();
        if let Some(moved) = self.table.take_if(|_| elsewhere) {
            // Before another takes its place: closing tidies up beside the file, by name.
            moved.close();
        }
        let mut table = match self.table.take_if(|_| !self.failed) {
            Some(table) => table,
            // What failed may have been mended, replaced or unmounted; the old table serves readers until then.
            None => self.open()?,
        };
        let done = self.write_to(&mut table);
        self.failed = done.is_err();
        self.table = Some(table);
        done
    }

    fn write_to(&mut self, table: &mut Table) -> Result<(), TableError> {
        let now = self.clock.now();
        if self.prune_at <= now.moment {
            table.prune(now.wall.saturating_sub(KEPT).unwrap_or(Timestamp::MIN))?;
            self.prune_at = now.moment + PRUNE_EVERY;
        }
        table.insert(self.waiting.iter())
    }

    /// Whether the open file is no longer the one that has its name: somebody moved it away, or put another there.
    fn is_elsewhere(&self) -> bool {
        match (&self.place, &self.table) {
            (Place::File(file), Some(table)) => !table.is_at(file),
            (Place::File(_), None) | (Place::Memory, _) => false,
        }
    }

    /// Opens the file and numbers what waits after what it holds.
    fn open(&mut self) -> Result<Table, TableError> {
        let table = match &self.place {
            Place::File(file) => Table::open(file)?,
            Place::Memory => Table::in_memory()?,
        };
        let before = self.waiting.front().map_or(self.last_id, |first| first.id - 1);
        let ahead = table.last_id()?.saturating_sub(before).max(0);
        self.last_id += ahead;
        self.waiting.iter_mut().for_each(|row| row.id += ahead);
        Ok(table)
    }

    /// Moves a file that `error` shows to be corrupt out of the way; whether that was done.
    fn begin_anew(&mut self, error: &TableError) -> bool {
        let (true, Place::File(file)) = (error.is_corruption(), &self.place) else { return false };
        // Closed first: an open file cannot be renamed everywhere.
        self.table = None;
        let mark = format!("corrupt-{}", self.clock.now().wall.as_millisecond());
        let moved = ["", "-wal", "-shm"].iter().try_for_each(|part| {
            let from = beside(file, part);
            if from.exists() { fs::rename(&from, beside(file, &format!(".{mark}{part}"))) } else { Ok(()) }
        });
        match moved {
            Ok(()) => {
                tracing::warn!(file = %file.display(), %error, "the journal is corrupt; it is kept as *.{mark}, and a new one begun");
                true
            }
            Err(problem) => {
                tracing::warn!(file = %file.display(), %problem, "the corrupt journal could not be moved aside");
                false
            }
        }
    }

    /// Shows what is wrong, or that nothing is, and logs it when that changes.
    fn say(&self, error: Option<TableError>) {
        let now = error.map(|error| match &self.place {
            Place::File(file) => format!("the journal {} cannot be used: {error}", file.display()),
            Place::Memory => format!("the journal cannot be used: {error}"),
        });
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*trouble, &now) {
            (None, Some(sentence)) => tracing::warn!("{sentence}; the newest rows wait in memory"),
            (Some(_), None) => tracing::info!("the journal can be used again"),
            (None, None) | (Some(_), Some(_)) => {}
        }
        *trouble = now;
    }

    /// What the file holds; nothing when it cannot be read, which is trouble.
    fn past<T: Default>(&mut self, ask: impl FnOnce(&Table) -> Result<T, TableError>) -> T {
        self.table.as_ref().map_or(Ok(T::default()), ask).unwrap_or_else(|error| {
            self.failed = true;
            self.begin_anew(&error);
            self.say(Some(error));
            T::default()
        })
    }

    fn answer(&mut self, question: Question) {
        // Whoever asked may be gone.
        match question {
            Question::Rows { workload, after, limit, answer } => {
                let after = after.unwrap_or(0);
                let mut rows = self.past(|table| table.rows(workload.as_deref(), after, limit));
                let asked_for =
                    |row: &&Row| row.id > after && workload.as_ref().is_none_or(|name| *name == row.workload);
                rows.extend(self.waiting.iter().filter(asked_for).cloned());
                drop(answer.send(rows.split_off(rows.len().saturating_sub(limit))));
            }
            Question::Past { workloads, from, answer } => {
                let mut rows = self.past(|table| table.past(&workloads, from));
                rows.extend(self.waiting.iter().cloned());
                drop(answer.send(rows));
            }
            Question::Remembered { workload, answer } => {
                let mut rows = self.past(|table| table.telling(&workload));
                rows.extend(self.waiting.iter().filter(|row| row.workload == workload).cloned());
                drop(answer.send(recall(rows)));
            }
        }
    }
}

/// The row as it is kept: times in whole milliseconds, `detail` cut.
fn fit(mut row: Row) -> Row {
    row.time = Timestamp::from_millisecond(row.time.as_millisecond()).unwrap_or(row.time);
    row.episode_started_at =
        row.episode_started_at.map(|at| Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at));
    if let Some(detail) = &mut row.detail {
        detail.truncate(detail.floor_char_boundary(DETAIL));
    }
    row
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
