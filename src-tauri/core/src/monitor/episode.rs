//! One stay in `auth_retrying`, and how much of its ceiling is used.

use std::time::Duration;

use jiff::Timestamp;

use crate::entry::EpisodeMark;
use crate::time::{Moment, Reading};

/// One stay in `auth_retrying`. It may pause (the workload is stopped, the machine has no network) and go on (also after a
/// restart).
#[derive(Clone, Copy, Debug)]
pub(super) struct Episode {
    pub(super) number: u64,
    pub(super) started_at: Timestamp,
    /// The part of the ceiling that was used before `counting_since`.
    spent: Duration,
    /// Time awake when counting began; `None` while paused.
    counting_since: Option<Duration>,
}

impl Episode {
    pub(super) fn begun(number: u64, now: Reading) -> Self {
        Self { number, started_at: now.wall, spent: Duration::ZERO, counting_since: Some(now.awake) }
    }

    /// The episode that `mark` tells of, paused.
    pub(super) const fn remembered(mark: EpisodeMark) -> Self {
        Self { number: mark.number, started_at: mark.started_at, spent: mark.spent, counting_since: None }
    }

    pub(super) fn paused(self, now: Reading) -> Self {
        Self { spent: self.spent_at(now.awake), counting_since: None, ..self }
    }

    pub(super) fn resumed(self, now: Reading) -> Self {
        Self { spent: self.spent_at(now.awake), counting_since: Some(now.awake), ..self }
    }

    pub(super) const fn is_counting(&self) -> bool {
        self.counting_since.is_some()
    }

    /// Time awake with the engine running and a network since the episode began, when the machine's time awake was `awake`.
    pub(super) fn spent_at(&self, awake: Duration) -> Duration {
        self.spent.saturating_add(self.counting_since.map_or(Duration::ZERO, |since| awake.saturating_sub(since)))
    }

    /// When `ceiling` is reached if the machine stays awake.
    pub(super) fn ends(&self, ceiling: Duration, now: Reading) -> Moment {
        now.moment + ceiling.saturating_sub(self.spent_at(now.awake))
    }

    pub(super) fn mark(&self, now: Reading) -> EpisodeMark {
        EpisodeMark { number: self.number, started_at: self.started_at, spent: self.spent_at(now.awake) }
    }
}
