//! Reasons to try now, from every source in one stream; each source behind its own door.

use std::time::Duration;

use lamplighter_core::event::Trigger;
use tokio::sync::watch;

use crate::clock::Jumps;
use crate::ports::Clock;

/// Triggers as they come; what comes together is one.
pub(crate) struct Triggers {
    jumps: watch::Receiver<Jumps>,
    /// How much of the machine's sleep has been told of.
    slept: Duration,
}

impl Triggers {
    /// Listens to all sources.
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        let jumps = clock.jumps();
        let slept = jumps.borrow().slept;
        Self { jumps, slept }
    }

    /// The next trigger; pends for ever once every source is gone.
    pub(crate) async fn next(&mut self) -> Trigger {
        loop {
            let slept = self.jumps.borrow_and_update().slept;
            if slept > self.slept {
                self.slept = slept;
                return Trigger::Woke;
            }
            if self.jumps.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use jiff::SignedDuration;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;
    use crate::clock::VirtualClock;

    #[tokio::test]
    async fn a_wake_is_told_although_the_wall_clock_is_set_at_once() {
        let clock = VirtualClock::new();
        let mut triggers = Triggers::new(&clock);
        clock.sleep_machine(Duration::from_hours(1));
        clock.jump_wall(SignedDuration::from_secs(90));
        assert_eq!(poll!(pin!(triggers.next())), Poll::Ready(Trigger::Woke));
        assert_eq!(poll!(pin!(triggers.next())), Poll::Pending, "it is told once");
    }

    #[tokio::test]
    async fn a_wall_clock_that_is_set_wakes_nobody() {
        let clock = VirtualClock::new();
        clock.sleep_machine(Duration::from_hours(1));
        let mut triggers = Triggers::new(&clock);
        clock.jump_wall(SignedDuration::from_secs(90));
        assert_eq!(poll!(pin!(triggers.next())), Poll::Pending);
    }
}
