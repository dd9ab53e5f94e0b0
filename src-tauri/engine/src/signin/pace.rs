//! When to poll next (RFC 8628 section 3.5).

use std::time::Duration;

use crate::oauth::Polled;

/// What `slow_down` adds, for good.
const SLOWER: Duration = Duration::from_secs(5);
/// Where no answer comes, polls are not further apart than this unless the server wants it so.
const FARTHEST: Duration = Duration::from_mins(1);

/// The time from one poll to the next.
pub(super) struct Pace {
    interval: Duration,
    /// Polls in a row that the server did not answer.
    unanswered: u32,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, unanswered: 0 }
    }

    /// How long to wait before the next poll.
    pub(super) fn wait(&self) -> Duration {
        let doubled = self.interval.saturating_mul(1 << self.unanswered.min(16));
        doubled.min(FARTHEST.max(self.interval))
    }

    /// The same after a poll that ended like this.
    pub(super) fn after(&mut self, polled: &Polled) -> Duration {
        self.unanswered = match polled {
            Polled::Unanswered { .. } => self.unanswered.saturating_add(1),
            Polled::Pending | Polled::SlowDown | Polled::Over(_) => 0,
        };
        let floor = match polled {
            Polled::SlowDown => {
                self.interval = self.interval.saturating_add(SLOWER);
                Duration::ZERO
            }
            Polled::Unanswered { floor } => floor.unwrap_or_default(),
            Polled::Pending | Polled::Over(_) => Duration::ZERO,
        };
        self.wait().max(floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Polled = Polled::Unanswered { floor: None };

    fn waits(interval: u64, polls: &[Polled]) -> Vec<u64> {
        let mut pace = Pace::new(Duration::from_secs(interval));
        polls.iter().map(|polled| pace.after(polled).as_secs()).collect()
    }

    #[test]
    fn slow_down_counts_for_good() {
        assert_eq!(waits(5, &[Polled::Pending, Polled::SlowDown, Polled::Pending, Polled::SlowDown]), [5, 10, 10, 15]);
    }

    #[test]
    fn silence_doubles_the_wait_until_there_is_an_answer() {
        let polls = [SILENCE, SILENCE, SILENCE, SILENCE, SILENCE, Polled::Pending, SILENCE];
        assert_eq!(waits(5, &polls), [10, 20, 40, 60, 60, 5, 10]);
        assert_eq!(waits(90, &[SILENCE]), [90], "never sooner than the server's own interval");
        assert_eq!(waits(5, &vec![SILENCE; 100])[99], 60);
    }

    #[test]
    fn a_retry_after_is_kept_to() {
        let busy = Polled::Unanswered { floor: Some(Duration::from_secs(100)) };
        assert_eq!(waits(5, &[busy, Polled::Pending]), [100, 5]);
    }
}
