//! A clock that only tests move. It knows nothing of the machine's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use lamplighter_core::{Moment, Reading};
use tokio::sync::{oneshot, watch};

use super::Jumps;
use super::leap::Jump;
use crate::ports::Clock;

/// A simulated clock; clones share their time. It starts at 2026-11-21T08:00:00Z.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    state: Arc<Mutex<State>>,
    jumps: watch::Sender<Jumps>,
}

#[derive(Debug)]
struct State {
    now: Reading,
    /// In the order in which they are woken: by moment, then by who came first.
    sleepers: BTreeMap<(Moment, u64), oneshot::Sender<()>>,
    sleeps: u64,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl VirtualClock {
    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn new() -> Self {
        let start = Reading {
            moment: Moment::from_millis(10 * 365 * 24 * 3_600_000),
            awake: Duration::ZERO,
            wall: Timestamp::constant(1_795_248_000, 0),
        };
        let state = State { now: start, sleepers: BTreeMap::new(), sleeps: 0 };
        Self { state: Arc::new(Mutex::new(state)), jumps: watch::Sender::new(Jumps::default()) }
    }

    /// Lets `span` pass on a machine that is awake.
    pub fn advance(&self, span: Duration) {
        self.state().pass(span, span);
    }

    /// Suspends the machine for `span`: time passes, but none of it awake.
    pub fn sleep_machine(&self, span: Duration) {
        self.state().pass(span, Duration::ZERO);
        self.jumps.send_modify(|jumps| jumps.add(Jump { slept: span, ..Jump::default() }));
    }

    /// Sets the wall clock ahead by `span`, or back where it is negative.
    pub fn jump_wall(&self, span: SignedDuration) {
        let mut state = self.state();
        state.now.wall = state.now.wall.saturating_add(span).unwrap_or(state.now.wall);
        drop(state);
        self.jumps.send_modify(|jumps| jumps.add(Jump { wall: span, ..Jump::default() }));
    }

    /// The next moment for which somebody sleeps: where a simulation may go without missing anything.
    #[must_use]
    pub fn next_wake(&self) -> Option<Moment> {
        let mut state = self.state();
        state.sleepers.retain(|_, sleeper| !sleeper.is_closed());
        state.sleepers.keys().next().map(|(moment, _)| *moment)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pass(&mut self, span: Duration, awake: Duration) {
        self.now.moment = self.now.moment + span;
        self.now.awake += awake;
        let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
        self.now.wall = self.now.wall.saturating_add(span).unwrap_or(self.now.wall);
        while let Some(sleeper) = self.sleepers.first_entry().filter(|first| first.key().0 <= self.now.moment) {
            // Whoever sleeps no longer has nothing to be woken for.
            let _ = sleeper.remove().send(());
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Reading {
        self.state().now
    }

    fn sleep_until(&self, moment: Moment) -> BoxFuture<'static, ()> {
        let mut state = self.state();
        if moment <= state.now.moment {
            return std::future::ready(()).boxed();
        }
        let (wake, woken) = oneshot::channel();
        state.sleeps += 1;
        let turn = state.sleeps;
        state.sleepers.insert((moment, turn), wake);
        async move {
            if woken.await.is_err() {
                // The clock is gone: nobody will ever move it again.
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    }

    fn jumps(&self) -> watch::Receiver<Jumps> {
        self.jumps.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_when_their_moment_comes() {
        let clock = VirtualClock::new();
        let start = clock.now().moment;
        let (late, early) = (start + Duration::from_secs(2), start + Duration::from_secs(1));
        let mut sleeps = (clock.sleep_until(late), clock.sleep_until(early));
        assert_eq!(clock.next_wake(), Some(early));
        clock.advance(Duration::from_secs(1));
        assert!(futures_util::poll!(&mut sleeps.1).is_ready());
        assert!(futures_util::poll!(&mut sleeps.0).is_pending());
        assert_eq!(clock.next_wake(), Some(late));
        drop(sleeps);
        assert_eq!(clock.next_wake(), None, "nobody sleeps any more");
    }

    #[tokio::test]
    async fn a_suspended_machine_is_older_but_was_not_awake() {
        let clock = VirtualClock::new();
        let before = clock.now();
        let mut jumps = clock.jumps();
        let sleep = clock.sleep_until(before.moment + Duration::from_mins(1));
        clock.sleep_machine(Duration::from_hours(1));
        sleep.await;
        let after = clock.now();
        assert_eq!(after.moment.since(before.moment), Duration::from_hours(1));
        assert_eq!(after.awake, before.awake);
        assert_eq!(after.wall, before.wall + SignedDuration::from_hours(1));
        jumps.changed().await.unwrap();
        assert_eq!(jumps.borrow().slept, Duration::from_hours(1));
    }

    #[tokio::test]
    async fn a_wall_clock_that_is_set_moves_nothing_else() {
        let clock = VirtualClock::new();
        let before = clock.now();
        clock.jump_wall(SignedDuration::from_secs(-90));
        assert_eq!(clock.now(), Reading { wall: before.wall - SignedDuration::from_secs(90), ..before });
    }
}
