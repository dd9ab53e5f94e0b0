//! The one table of `journal.db`. Knows SQL, and neither threads nor what to do when something is wrong.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use lamplighter_core::entry::EntryKind;
use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer as _};

use crate::files;
use crate::ports::{ENGINE_STARTED, Row};

/// The layout that this program writes (`PRAGMA user_version`).
const VERSION: i64 = 1;

/// What is kept of the file in memory, in KiB.
const CACHE: i64 = 256;

const LAYOUT: &str = "
    CREATE TABLE journal (
        id INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,              -- milliseconds since 1970
        workload TEXT NOT NULL,
        kind TEXT NOT NULL,
        status_from TEXT,
        status_to TEXT,
        verdict TEXT,
        http_status INTEGER,
        reason_code TEXT,
        reason TEXT,
        detail TEXT,
        episode INTEGER,
        episode_started_at INTEGER,         -- milliseconds since 1970
        episode_spent INTEGER               -- milliseconds
    );
    CREATE INDEX journal_workload ON journal (workload);
    CREATE INDEX journal_kind ON journal (workload, kind);
    PRAGMA user_version = 1;
";

/// Beside the layout, since whoever does not know it keeps it all the same: what changed when, without the attempts.
const CHANGES: &str = "CREATE INDEX IF NOT EXISTS journal_changes ON journal (time) WHERE kind IN ('status', 'engine')";

const COLUMNS: &str = "id, time, workload, kind, status_from, status_to, verdict, http_status, reason_code, reason, \
                       detail, episode, episode_started_at, episode_spent";

/// How long to wait for another program that looks into the file.
const BUSY: Duration = Duration::from_millis(250);

/// How many changes of status are looked through for what to remember of a workload.
const TELLING: usize = 1_000;

/// Why the table cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error("a newer Lamplighter wrote it (layout {0}; this one knows {VERSION})")]
    Newer(i64),
}

impl TableError {
    /// Whether the file is no database, or no whole one.
    pub(super) fn is_corruption(&self) -> bool {
        let Self::Database(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
    }
}

/// The open table.
pub(super) struct Table {
    connection: Connection,
    /// Which file was opened; `None` for one in memory.
    opened: Option<files::Identity>,
}

impl Table {
    /// Opens the table in `file`, which is made (0600) where it is missing.
    pub(super) fn open(file: &Path) -> Result<Self, TableError> {
        // The database gives the rights of this file to those that it puts beside it. One that is there is not touched:
        // to close it once more would end the locks that another connection of this process has on it.
        let found = match std::fs::metadata(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => files::open_private(file)?.metadata()?,
            found => found?,
        };
        let opened = files::identity(&found);
        let connection =
            Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        Self::prepare(connection, Some(opened))
    }

    /// A table in memory.
    pub(super) fn in_memory() -> Result<Self, TableError> {
        Self::prepare(Connection::open_in_memory()?, None)
    }

    /// Whether `file` is still the one that was opened.
    pub(super) fn is_at(&self, file: &Path) -> bool {
        std::fs::metadata(file).is_ok_and(|found| self.opened == Some(files::identity(&found)))
    }

    /// Puts all that is beside the file into it, wherever it has gone, and closes it.
    pub(super) fn close(self) {
        // What cannot be put there stays beside it.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }

    fn prepare(connection: Connection, opened: Option<files::Identity>) -> Result<Self, TableError> {
        connection.busy_timeout(BUSY)?;
        let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
        if version > VERSION {
            return Err(TableError::Newer(version));
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // FULL, since with NORMAL a power cut takes whatever WAL holds, perhaps days, and with it the beginnings of
        // episodes. It costs one fsync a batch, on a thread that nobody waits for.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Rows are written once and seldom read: the default of 2 MiB would fill up and be of no use.
        connection.pragma_update(None, "cache_size", -CACHE)?;
        if version == 0 {
            let change = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
            // Another process may have been quicker.
            if change.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? == 0 {
                change.execute_batch(LAYOUT)?;
            }
            change.commit()?;
        }
        connection.execute_batch(CHANGES)?;
        Ok(Self { connection, opened })
    }

    /// The number of the newest row; 0 when there is none.
    pub(super) fn last_id(&self) -> Result<i64, TableError> {
        Ok(self.connection.query_one("SELECT coalesce(max(id), 0) FROM journal", [], |row| row.get(0))?)
    }

    /// Writes all of `rows` or none, and on disk before it answers.
    pub(super) fn insert<'a>(&mut self, rows: impl ExactSizeIterator<Item = &'a Row>) -> Result<(), TableError> {
        if rows.len() == 0 {
            return Ok(());
        }
        let change = self.connection.transaction()?;
        {
            let marks = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14";
            let mut insert = change.prepare_cached(&format!("INSERT INTO journal ({COLUMNS}) VALUES ({marks})"))?;
            for row in rows {
                insert.execute(params![
                    row.id,
                    row.time.as_millisecond(),
                    row.workload,
                    word(row.kind),
                    row.from.and_then(word),
                    row.to.and_then(word),
                    row.verdict,
                    row.http_status,
                    row.reason_code,
                    row.reason,
                    row.detail,
                    row.episode.map(u64::cast_signed),
                    row.episode_started_at.map(Timestamp::as_millisecond),
                    row.episode_spent_ms.map(u64::cast_signed),
                ])?;
            }
        }
        Ok(change.commit()?)
    }

    /// Deletes the rows older than `oldest`, but for those that tell how a workload stands: they are needed however old
    /// they are, and however wrong the clock is.
    pub(super) fn prune(&self, oldest: Timestamp) -> Result<(), TableError> {
        self.connection.execute(
            "DELETE FROM journal WHERE time < ?1 \
             AND id NOT IN (SELECT max(id) FROM journal WHERE episode IS NOT NULL GROUP BY workload) \
             AND id NOT IN (SELECT max(id) FROM journal WHERE kind = 'status' \
                            AND status_to NOT IN ('starting', 'stopping', 'stopped') GROUP BY workload)",
            [oldest.as_millisecond()],
        )?;
        Ok(())
    }

    /// The newest rows (at most `limit`) after the one numbered `after`, oldest first.
    pub(super) fn rows(&self, workload: Option<&str>, after: i64, limit: usize) -> Result<Vec<Row>, TableError> {
        let of_workload = if workload.is_some() { "workload = ?3 AND" } else { "?3 IS NULL AND" };
        self.select(
            &format!("SELECT {COLUMNS} FROM journal WHERE {of_workload} id > ?1 ORDER BY id DESC LIMIT ?2"),
            params![after, i64::try_from(limit).unwrap_or(i64::MAX), workload],
        )
    }

    /// The rows of `workload` that tell how it stood: changes of status, the last mark of an episode, the last
    /// success; oldest first.
    pub(super) fn telling(&self, workload: &str) -> Result<Vec<Row>, TableError> {
        let last = |of: &str| format!("SELECT max(id) FROM journal WHERE workload = ?1 AND {of}");
        self.select(
            &format!(
                "SELECT {COLUMNS} FROM journal WHERE workload = ?1 AND (kind = 'status' OR id IN ({} UNION {} UNION {})) \
                 ORDER BY id DESC LIMIT {TELLING}",
                last("episode IS NOT NULL"),
                last("kind = 'attempt' AND verdict = 'ok'"),
                last("kind = 'login' AND reason_code = 'signed_in'"),
            ),
            params![workload],
        )
    }

    /// The changes of status, and the engine's starts and stops, from `from` on; the last of each of `workloads` and of
    /// the engine before that; and the last row before each start of the engine. Oldest first.
    pub(super) fn past(&self, workloads: &[String], from: Timestamp) -> Result<Vec<Row>, TableError> {
        let from = from.as_millisecond();
        let since = "SELECT id, kind, reason_code FROM journal WHERE kind IN ('status', 'engine') AND time >= ?1";
        let mut ids: BTreeSet<i64> = BTreeSet::new();
        let mut changed = self.connection.prepare_cached(since)?;
        let mut starts = Vec::new();
        for row in changed.query_map([from], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(2)?)))? {
            let (id, code): (i64, _) = row?;
            ids.insert(id);
            starts.extend((code.as_deref() == Some(ENGINE_STARTED)).then_some(id));
        }
        let mut earlier = self.connection.prepare_cached(
            "SELECT id FROM journal WHERE workload = ?1 AND kind = ?2 AND time < ?3 ORDER BY id DESC LIMIT 1",
        )?;
        let engine = std::iter::once(("", word(EntryKind::Engine)));
        for (workload, kind) in engine.chain(workloads.iter().map(|name| (name.as_str(), word(EntryKind::Status)))) {
            ids.extend(earlier.query_row(params![workload, kind, from], |row| row.get::<_, i64>(0)).optional()?);
        }
        let mut before = self.connection.prepare_cached("SELECT max(id) FROM journal WHERE id < ?1")?;
        for start in starts {
            ids.extend(before.query_row([start], |row| row.get::<_, Option<i64>>(0))?);
        }
        let one = format!("SELECT {COLUMNS} FROM journal WHERE id = ?1");
        let rows = ids.into_iter().map(|id| self.select(&one, [id]));
        Ok(rows.collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// The rows of a query that gives the newest first, oldest first.
    fn select(&self, query: &str, params: impl rusqlite::Params) -> Result<Vec<Row>, TableError> {
        let mut query = self.connection.prepare_cached(query)?;
        // A row with a word or time that means nothing here is passed over: the others still tell.
        let understood = query.query_map(params, read)?.filter(|row| {
            !matches!(
                row,
                Err(rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::IntegralValueOutOfRange(..))
            )
        });
        let mut rows = understood.collect::<rusqlite::Result<Vec<_>>>()?;
        rows.reverse();
        Ok(rows)
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        time: time(row.get(1)?, 1)?,
        workload: row.get(2)?,
        kind: meaning(&row.get::<_, String>(3)?, 3)?,
        from: row.get::<_, Option<String>>(4)?.map(|word| meaning(&word, 4)).transpose()?,
        to: row.get::<_, Option<String>>(5)?.map(|word| meaning(&word, 5)).transpose()?,
        verdict: row.get(6)?,
        http_status: row.get(7)?,
        reason_code: row.get(8)?,
        reason: row.get(9)?,
        detail: row.get(10)?,
        episode: row.get::<_, Option<i64>>(11)?.map(i64::cast_unsigned),
        episode_started_at: row.get::<_, Option<i64>>(12)?.map(|at| time(at, 12)).transpose()?,
        episode_spent_ms: row.get::<_, Option<i64>>(13)?.map(i64::cast_unsigned),
    })
}

fn time(millis: i64, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(millis).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, millis))
}

/// The word that serde has for a kind or phase.
fn word(value: impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned))
}

fn meaning<T: DeserializeOwned>(word: &str, column: usize) -> rusqlite::Result<T> {
    T::deserialize(word.into_deserializer()).map_err(|error: serde::de::value::Error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
    })
}
