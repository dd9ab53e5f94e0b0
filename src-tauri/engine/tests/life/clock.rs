//! The clocks of the simulated machine, on Tokio's paused time: it moves on by itself when every task waits, so a month
//! passes as fast as it can be lived. Knows nothing of who asks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use lamplighter_core::{Moment, Reading};
use lamplighter_engine::clock::Jumps;
use lamplighter_engine::ports::Clock;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// Where the machine's clocks stand at the beginning.
const BEGINNING: Timestamp = Timestamp::constant(1_795_248_000, 0);
const BOOTED: Moment = Moment::from_millis(10 * 365 * 24 * 3_600_000);

/// The machine's clocks, and the true time that servers go by.
#[derive(Clone)]
pub(super) struct MachineClock {
    start: Instant,
    set: Arc<Mutex<Jumps>>,
    /// What the machine has noticed of that.
    noticed: watch::Sender<Jumps>,
    /// Wakes sleepers in the order in which they lay down, as a `watch` does not.
    alarm: Arc<Notify>,
}

impl MachineClock {
    pub(super) fn new() -> Self {
        let noticed = watch::Sender::new(Jumps::default());
        Self { start: Instant::now(), set: Arc::default(), noticed, alarm: Arc::default() }
    }

    /// What has passed of the month, sleep included.
    pub(super) fn age(&self) -> Duration {
        self.start.elapsed() + self.set.lock().unwrap().slept
    }

    /// For how long the machine was awake.
    pub(super) fn awake(&self) -> Duration {
        self.start.elapsed()
    }

    /// The time that everybody else agrees on.
    pub(super) fn true_time(&self) -> Timestamp {
        BEGINNING + self.age()
    }

    /// How far the wall clock is off.
    pub(super) fn wall_error(&self) -> SignedDuration {
        self.set.lock().unwrap().wall
    }

    /// The machine is suspended for `span`: no timer of it runs, and nothing of it notices yet.
    pub(super) fn suspend(&self, span: Duration) {
        self.set.lock().unwrap().slept += span;
    }

    /// Somebody sets the wall clock.
    pub(super) fn set_wall(&self, ahead: SignedDuration) {
        self.set.lock().unwrap().wall += ahead;
    }

    /// The watch looks at the clocks and tells of what they show.
    pub(super) fn notice(&self) {
        self.noticed.send_replace(*self.set.lock().unwrap());
        self.alarm.notify_waiters();
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Reading {
        let Jumps { slept, wall } = *self.set.lock().unwrap();
        let awake = self.start.elapsed();
        let age = SignedDuration::try_from(awake + slept).unwrap();
        Reading { moment: BOOTED + awake + slept, awake, wall: BEGINNING + age + wall }
    }

    fn sleep_until(&self, moment: Moment) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        async move {
            loop {
                let alarm = clock.alarm.notified();
                let left = moment.since(clock.now().moment);
                if left.is_zero() {
                    return;
                }
                tokio::select! {
                    biased;
                    () = tokio::time::sleep(left) => {}
                    () = alarm => {}
                }
            }
        }
        .boxed()
    }

    fn jumps(&self) -> watch::Receiver<Jumps> {
        self.noticed.subscribe()
    }
}
