//! Reasons to try now, from every source in one stream; each source behind its own door.

use lamplighter_core::event::Trigger;
use tokio::sync::watch;

use crate::clock::Jump;
use crate::ports::Clock;

/// Triggers as they come.
pub(crate) struct Triggers {
    jumps: watch::Receiver<Jump>,
}

impl Triggers {
    /// Listens to all sources.
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        Self { jumps: clock.jumps() }
    }

    /// The next trigger; pends for ever once every source is gone.
    pub(crate) async fn next(&mut self) -> Trigger {
        loop {
            if self.jumps.changed().await.is_err() {
                return std::future::pending().await;
            }
            if !self.jumps.borrow_and_update().slept.is_zero() {
                return Trigger::Woke;
            }
        }
    }
}
