//! The machine's clocks, and one thread that notices what timers cannot: a suspend, a wall clock that was set.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lamplighter_core::{Moment, Reading};
use tokio::sync::watch;

/// The clock that stands still while the machine is suspended: that of timers, but on Windows.
#[cfg(windows)]
use lamplighter_sleep::Awake;
#[cfg(not(windows))]
use std::time::Instant as Awake;

use super::leap::{Jumps, Look};
use crate::ports::Clock;

/// How often the watch looks: the most by which a sleep is late after a suspend that nothing else announced.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Where the origin of moments lies before the start of the clock, so that what was issued before has a moment too.
const PAST: Moment = Moment::from_millis(100 * 366 * 24 * 3_600_000);

/// A longer gap between two reads of one clock means that the machine was suspended between them.
const TORN: Duration = Duration::from_secs(1);

/// The real clock. One for an engine: ten thousand sleepers share its one watch.
#[derive(Clone, Debug)]
pub struct SystemClock {
    clocks: Arc<Clocks>,
    jumps: watch::Receiver<Jumps>,
    /// The watch ends when the last of these is gone.
    _watched: mpsc::Sender<()>,
}

#[derive(Debug)]
struct Clocks {
    boot: boot_time::Instant,
    awake: Awake,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemClock {
    /// The clock, and its watch: a thread and not a task, so that a clock needs no runtime.
    #[must_use]
    pub fn new() -> Self {
        let clocks = Arc::new(Clocks::new());
        let (publish, jumps) = watch::channel(Jumps::default());
        let (watched, end) = mpsc::channel();
        let its_clocks = clocks.clone();
        let thread = std::thread::Builder::new().name("clock".to_owned());
        if let Err(error) = thread.spawn(move || watch_for_jumps(&its_clocks, &publish, &end)) {
            tracing::error!(%error, "the clock's watch did not start: sleeps may end late after a suspend");
        }
        Self { clocks, jumps, _watched: watched }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Reading {
        let look = self.clocks.look();
        Reading { moment: PAST + look.boot, awake: look.awake, wall: look.wall }
    }

    fn sleep_until(&self, moment: Moment) -> BoxFuture<'static, ()> {
        let clocks = self.clocks.clone();
        sleep_while(move || moment.since(PAST + clocks.look().boot), self.jumps()).boxed()
    }

    fn jumps(&self) -> watch::Receiver<Jumps> {
        let mut jumps = self.jumps.clone();
        jumps.borrow_and_update();
        jumps
    }
}

impl Clocks {
    #[expect(clippy::disallowed_methods, reason = "this is the room that reads the clocks")]
    fn new() -> Self {
        Self { boot: boot_time::Instant::now(), awake: Awake::now() }
    }

    /// Reads all clocks as of one instant.
    #[expect(clippy::disallowed_methods, reason = "this is the room that reads the clocks")]
    fn look(&self) -> Look {
        loop {
            let boot = self.boot.elapsed();
            let awake = self.awake.elapsed();
            let wall = jiff::Timestamp::now();
            // A suspend in between would pair clocks of different times, and put an expiry hours off for good.
            if self.boot.elapsed().saturating_sub(boot) < TORN {
                return Look { boot, awake, wall };
            }
        }
    }
}

/// Sleeps until nothing is `left`, and looks again after every jump: what is left by the clock of timers is too long then.
async fn sleep_while(left: impl Fn() -> Duration + Send, mut jumps: watch::Receiver<Jumps>) {
    loop {
        let left = left();
        if left.is_zero() {
            return;
        }
        tokio::select! {
            () = timer(left) => {}
            Ok(()) = jumps.changed() => {}
        }
    }
}

/// A sleep on the clock of timers.
#[expect(clippy::disallowed_methods, reason = "this is the room that reads the clocks")]
async fn timer(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Looks at the clocks again and again, and publishes the jumps, until nobody has the clock any more.
fn watch_for_jumps(clocks: &Clocks, publish: &watch::Sender<Jumps>, end: &mpsc::Receiver<()>) {
    let mut before = clocks.look();
    while end.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        let now = clocks.look();
        if let Some(jump) = now.jump_since(&before) {
            tracing::info!(slept = ?jump.slept, wall = ?jump.wall, "the clocks jumped");
            publish.send_modify(|jumps| jumps.add(jump));
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_sleep_ends_when_its_moment_has_come_and_not_before() {
        let clock = SystemClock::new();
        let end = clock.now().moment + Duration::from_millis(30);
        clock.sleep_until(end).await;
        assert!(clock.now().moment >= end);
    }

    #[tokio::test]
    async fn a_moment_that_has_passed_needs_no_sleep() {
        let clock = SystemClock::new();
        let past = clock.now().moment - Duration::from_hours(1);
        assert!(clock.sleep_until(past).now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_was_issued_long_ago_has_a_moment() {
        let now = SystemClock::new().now();
        let years_ago = now.wall - jiff::SignedDuration::from_hours(5 * 365 * 24);
        assert_eq!(now.wall_at(now.moment_at(years_ago)), years_ago);
    }

    #[tokio::test]
    async fn a_jump_past_its_moment_ends_a_sleep() {
        let publish = watch::Sender::new(Jumps::default());
        let left = Arc::new(AtomicU64::new(3_600));
        let its_left = left.clone();
        let sleep = sleep_while(move || Duration::from_secs(its_left.load(Ordering::Relaxed)), publish.subscribe());
        tokio::pin!(sleep);
        assert!(futures_util::poll!(&mut sleep).is_pending());
        left.store(60, Ordering::Relaxed);
        publish.send_modify(|jumps| jumps.slept += Duration::from_mins(59));
        assert!(futures_util::poll!(&mut sleep).is_pending(), "its moment is still to come");
        left.store(0, Ordering::Relaxed);
        assert!(futures_util::poll!(&mut sleep).is_pending(), "no timer of this process knows");
        publish.send_modify(|jumps| jumps.slept += Duration::from_mins(1));
        assert!(futures_util::poll!(&mut sleep).is_ready());
    }

    #[test]
    fn who_asks_hears_of_later_jumps_only() {
        let clock = SystemClock::new();
        assert!(clock.jumps().has_changed().is_ok_and(|changed| !changed));
    }
}
