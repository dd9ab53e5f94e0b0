//! The last day of every workload, out of the journal.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use lamplighter_core::entry::EntryKind;
use lamplighter_core::history::{Mark, Span, What, history};

use super::Handle;
use crate::ports::{ENGINE_STARTED, ENGINE_STOPPED, JournalError, Row};

/// How far back it goes.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How workloads stood between two times.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct History {
    /// Where it begins.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Where it ends: now.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// Of each workload its spans: in order, without a gap, from the one to the other.
    pub workloads: BTreeMap<String, Vec<Span>>,
}

impl Handle {
    /// What became of every workload in the last 24 hours.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn history(&self) -> Result<History, JournalError> {
        let to = self.clock().now().wall;
        let from = to.saturating_sub(DAY).unwrap_or(Timestamp::MIN);
        let names: Vec<String> = self.0.workloads.registry.all().iter().map(|entry| entry.name().to_owned()).collect();
        let rows = self.journal().past(&names, from).await?;
        let marks: Vec<Mark> = rows.iter().map(mark).collect();
        Ok(History { from, to, workloads: history(&marks, names, from, to) })
    }
}

fn mark(row: &Row) -> Mark {
    let what = match (row.kind, row.reason_code.as_deref(), row.to) {
        (EntryKind::Engine, Some(ENGINE_STARTED), _) => What::Started,
        (EntryKind::Engine, Some(ENGINE_STOPPED), _) => What::Stopped,
        (EntryKind::Status, _, Some(phase)) => What::Status(row.workload.clone(), phase),
        (
            EntryKind::Engine
            | EntryKind::Status
            | EntryKind::Attempt
            | EntryKind::Trigger
            | EntryKind::Login
            | EntryKind::Notice
            | EntryKind::Store,
            ..,
        ) => What::Alive,
    };
    Mark { at: row.time, what }
}
