//! What became of each workload over a stretch of time, out of what the journal tells. Pure: rows in, spans out.
//!
//! The engine's own marks say when it ran. While it did not, nobody knows how a workload stood: `unknown`. An engine that
//! was killed left no mark; it is known to have run until the last row before the next one started.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::status::Phase;

/// What one row of the journal tells of the past, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The row's time on the wall clock, which may have been set back since.
    pub at: Timestamp,
    /// What it tells.
    pub what: What,
}

/// What a row of the journal tells of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The engine started.
    Started,
    /// The engine stopped, with everything written down.
    Stopped,
    /// The engine was running: any other row.
    Alive,
    /// The engine was running, and this workload was in this status from then on.
    Status(String, Phase),
}

/// A stretch of time in one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Span {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// When it ended: where the next one begins.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// What the workload did then; `unknown` while the engine was not running, or there was no such workload.
    pub status: Phase,
}

/// The spans of each of `workloads` between `from` and `to`, out of `marks` in the order of the journal: all from `from`
/// on, and those before it that tell how things stood then.
///
/// The spans of a workload follow each other without a gap, cover the whole, and differ from their neighbours.
#[must_use]
pub fn history(
    marks: &[Mark],
    workloads: impl IntoIterator<Item = String>,
    from: Timestamp,
    to: Timestamp,
) -> BTreeMap<String, Vec<Span>> {
    workloads
        .into_iter()
        .map(|name| {
            let spans = spans(changes(marks, &name), from, to);
            (name, spans)
        })
        .collect()
}

/// How a workload came to be in which status, each not before the one that it follows.
fn changes(marks: &[Mark], name: &str) -> impl Iterator<Item = (Timestamp, Phase)> {
    let mut told = Told { now: Timestamp::MIN, runs: true, last: Phase::Unknown };
    marks.iter().flat_map(move |mark| told.read(mark, name))
}

/// What has been told of a workload so far.
struct Told {
    /// The latest time that any row had: a wall clock that was set back does not undo what was.
    now: Timestamp,
    /// Whether the engine runs.
    runs: bool,
    /// The last status told.
    last: Phase,
}

impl Told {
    fn read(&mut self, mark: &Mark, name: &str) -> Vec<(Timestamp, Phase)> {
        let before = self.now;
        self.now = mark.at.max(before);
        match &mark.what {
            What::Stopped => {
                self.runs = false;
                vec![(self.now, Phase::Unknown)]
            }
            What::Started => {
                // One that was not said to stop was killed after its last row.
                let killed = std::mem::replace(&mut self.runs, true).then_some((before, Phase::Unknown));
                killed.into_iter().chain([(self.now, self.after_start())]).collect()
            }
            What::Status(workload, phase) if workload == name => {
                self.last = if *phase == Phase::Removing { Phase::Unknown } else { *phase };
                vec![(self.now, self.last)]
            }
            What::Alive | What::Status(..) => Vec::new(),
        }
    }

    /// What a workload is right after the engine has started: only what is kept stopped gets no row of its own then.
    const fn after_start(&self) -> Phase {
        match self.last {
            Phase::Stopped | Phase::Stopping => Phase::Stopped,
            Phase::Starting
            | Phase::Running
            | Phase::AuthRetrying
            | Phase::Unauthenticated
            | Phase::Unhealthy
            | Phase::Error
            | Phase::Removing
            | Phase::Unknown
            | Phase::PolicyStopped => Phase::Unknown,
        }
    }
}

/// What `changes` make of the time between `from` and `to`.
fn spans(changes: impl Iterator<Item = (Timestamp, Phase)>, from: Timestamp, to: Timestamp) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut present = Span { from, to: from, status: Phase::Unknown };
    let mut end = |span: Span| {
        if span.from < span.to {
            match spans.last_mut().filter(|last| last.status == span.status) {
                Some(last) => last.to = span.to,
                None => spans.push(span),
            }
        }
    };
    for (at, status) in changes {
        let at = at.clamp(from, to);
        end(Span { to: at, ..present });
        present = Span { from: at, to: at, status };
    }
    end(Span { to, ..present });
    spans
}
