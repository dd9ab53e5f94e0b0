//! One row of the journal: a change or an attempt. Knows nothing of databases.

use serde::{Deserialize, Serialize};

use crate::condition::Cause;
use crate::status::Phase;

/// What a row tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A refresh and its verdict.
    Attempt,
    /// A change of status.
    Status,
    /// A reason to try now.
    Trigger,
    /// A sign-in or sign-out.
    Login,
    /// A notice to the person.
    Notice,
    /// The secret store failed, or holds again.
    Store,
    /// The engine itself started or stopped; such a row is of no workload.
    Engine,
}

/// One row, still without its time and workload, which the driver adds.
/// Nothing in it is secret: texts come from [`crate::condition`], `detail` is redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the row tells of.
    pub kind: EntryKind,
    /// The status before, for a change of status.
    pub from: Option<Phase>,
    /// The status after, for a change of status.
    pub to: Option<Phase>,
    /// `ok`, `transient` or `permanent`, for an attempt.
    pub verdict: Option<&'static str>,
    /// The token endpoint's status code, where it answered.
    pub http_status: Option<u16>,
    /// A word for programs.
    pub reason_code: Option<String>,
    /// A sentence for people.
    pub reason: Option<String>,
    /// More, redacted.
    pub detail: Option<String>,
    /// The stay in `auth_retrying` that this belongs to.
    pub episode: Option<EpisodeMark>,
}

/// Enough of an episode to go on with it after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpisodeMark {
    /// Numbered from 1 for each workload.
    pub number: u64,
    /// When it began, on the wall clock.
    pub started_at: jiff::Timestamp,
    /// How much of the ceiling was used when the row was written: time awake with the engine running.
    pub spent: std::time::Duration,
}

impl Entry {
    /// A row of `kind` that says nothing yet.
    #[must_use]
    pub const fn new(kind: EntryKind) -> Self {
        Self {
            kind,
            from: None,
            to: None,
            verdict: None,
            http_status: None,
            reason_code: None,
            reason: None,
            detail: None,
            episode: None,
        }
    }

    /// The same row with a reason: a word for programs, a sentence for people.
    #[must_use]
    pub fn saying(mut self, code: &str, sentence: &str) -> Self {
        self.reason_code = Some(code.to_owned());
        self.reason = Some(sentence.to_owned());
        self
    }

    /// The same row with `cause` as its reason.
    #[must_use]
    pub fn because(self, cause: &Cause) -> Self {
        self.saying(&cause.code(), &cause.sentence())
    }
}
