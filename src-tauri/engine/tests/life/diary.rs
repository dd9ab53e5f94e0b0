//! The journal, which outlives every engine: rows in the order of the calls, each looked at as it is written.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use lamplighter_core::monitor::Remembered;
use lamplighter_engine::journal::recall;
use lamplighter_engine::ports::{Journal, JournalError, Row};
use tokio::sync::broadcast;

use super::world::{Life, World};

/// The rows of all lives.
pub(super) type Rows = Arc<Mutex<Vec<Row>>>;

/// The journal as one life of the engine has it.
pub(super) struct Diary {
    pub(super) world: Arc<World>,
    pub(super) life: Life,
    pub(super) rows: Rows,
}

impl Journal for Diary {
    fn append(&self, row: Row) {
        if !self.life.is_over() {
            super::checks::look(&self.world, &row);
            self.rows.lock().unwrap().push(row);
        }
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    fn rows<'a>(
        &'a self,
        _: Option<&'a str>,
        _: Option<i64>,
        _: usize,
    ) -> BoxFuture<'a, Result<Vec<Row>, JournalError>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn past<'a>(&'a self, _: &'a [String], _: jiff::Timestamp) -> BoxFuture<'a, Result<Vec<Row>, JournalError>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn remembered<'a>(&'a self, workload: &'a str) -> BoxFuture<'a, Result<Option<Remembered>, JournalError>> {
        let rows = self.rows.lock().unwrap();
        ready(Ok(recall(rows.iter().filter(|row| row.workload == workload).cloned()))).boxed()
    }

    fn trouble(&self) -> Option<String> {
        None
    }

    fn follow(&self) -> broadcast::Receiver<Arc<Row>> {
        broadcast::Sender::new(1).subscribe()
    }
}
