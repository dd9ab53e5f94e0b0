//! Reasons to try now, from every source in one stream; each source behind its own door.

mod lookout;
mod network;
#[cfg(any(test, target_os = "macos", windows))]
mod sleep;
#[cfg(target_os = "linux")]
mod system_bus;

use std::time::Duration;

use lamplighter_core::Moment;
use lamplighter_core::event::Trigger;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use self::lookout::Lookout;
use crate::clock::Jumps;
use crate::http::has_network;
use crate::machine::{Machine, Surroundings};
use crate::ports::Clock;

/// What the clock finds out about a sleep this long after the machine told of its end is no news.
const SAME_SLEEP: Duration = Duration::from_secs(30);

/// This machine: listens at every door as long as the answer is held. Within a runtime.
#[must_use]
pub fn listen() -> Machine {
    let (machine, teller) = Machine::new(has_network);
    let mut doors = JoinSet::new();
    let surroundings = teller.surroundings.clone();
    doors.spawn(network::watch(surroundings));
    #[cfg(target_os = "linux")]
    doors.spawn(system_bus::watch(teller));
    #[cfg(any(target_os = "macos", windows))]
    if let Err(error) = lamplighter_sleep::tell(sleep::Sleep::told_by(teller)) {
        tracing::warn!(%error, "sleeps are noticed when they are over");
    }
    machine.told_by(doors)
}

/// Triggers as they come; what comes together is one. A clone hears what is yet to come.
#[derive(Clone)]
pub(crate) struct Triggers {
    surroundings: watch::Receiver<Surroundings>,
    /// What has been passed on of it.
    told: Surroundings,
    jumps: watch::Receiver<Jumps>,
    /// How much of the machine's sleep has been told of.
    slept: Duration,
    /// When the machine last told that it woke.
    woken_at: Option<Moment>,
}

impl Triggers {
    /// Listens to all sources: to the machine's own word, and to `clock`, which notices a sleep that nobody told of.
    pub(crate) fn new(machine: &Machine, clock: &dyn Clock) -> Self {
        let surroundings = machine.surroundings();
        let told = *surroundings.borrow();
        let jumps = clock.jumps();
        let slept = jumps.borrow().slept;
        Self { surroundings, told, jumps, slept, woken_at: None }
    }

    /// The next trigger; pends for ever once every source is gone.
    pub(crate) async fn next(&mut self, clock: &dyn Clock) -> Trigger {
        loop {
            if let Some(trigger) = self.pending(clock.now().moment) {
                return trigger;
            }
            tokio::select! {
                Ok(()) = self.surroundings.changed() => {}
                Ok(()) = self.jumps.changed() => {}
                else => return std::future::pending().await,
            }
        }
    }

    fn pending(&mut self, now: Moment) -> Option<Trigger> {
        let slept = self.jumps.borrow_and_update().slept;
        let news = *self.surroundings.borrow_and_update();
        if news.woken != self.told.woken {
            self.told.woken = news.woken;
            self.slept = slept;
            self.woken_at = Some(now);
            return Some(Trigger::Woke);
        }
        if slept > self.slept {
            self.slept = slept;
            if self.woken_at.is_none_or(|woken_at| now.since(woken_at) > SAME_SLEEP) {
                return Some(Trigger::Woke);
            }
        }
        if news.network != self.told.network {
            self.told.network = news.network;
            return Some(Trigger::NetworkChanged);
        }
        if news.resumed != self.told.resumed {
            self.told.resumed = news.resumed;
            return Some(Trigger::Resumed);
        }
        None
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
    use crate::machine::Teller;

    struct Listening {
        clock: VirtualClock,
        teller: Teller,
        triggers: Triggers,
    }

    fn listening() -> Listening {
        let clock = VirtualClock::new();
        let (machine, teller) = Machine::new(|| true);
        Listening { triggers: Triggers::new(&machine, &clock), clock, teller }
    }

    impl Listening {
        async fn next(&mut self) -> Option<Trigger> {
            match poll!(pin!(self.triggers.next(&self.clock))) {
                Poll::Ready(trigger) => Some(trigger),
                Poll::Pending => None,
            }
        }

        fn wakes(&self) {
            self.teller.surroundings.send_modify(|told| told.woken += 1);
        }
    }

    #[tokio::test]
    async fn a_wake_is_told_although_the_wall_clock_is_set_at_once() {
        let mut at = listening();
        at.clock.sleep_machine(Duration::from_hours(1));
        at.clock.jump_wall(SignedDuration::from_secs(90));
        assert_eq!(at.next().await, Some(Trigger::Woke));
        assert_eq!(at.next().await, None, "it is told once");
    }

    #[tokio::test]
    async fn a_wall_clock_that_is_set_wakes_nobody() {
        let mut at = listening();
        at.clock.jump_wall(SignedDuration::from_secs(90));
        assert_eq!(at.next().await, None);
    }

    #[tokio::test]
    async fn a_sleep_that_machine_and_clock_tell_of_is_one() {
        let mut at = listening();
        at.wakes();
        assert_eq!(at.next().await, Some(Trigger::Woke));
        at.clock.advance(Duration::from_secs(10));
        at.clock.sleep_machine(Duration::from_hours(1));
        assert_eq!(at.next().await, Some(Trigger::Woke), "that one it did not tell of");
        at.clock.sleep_machine(Duration::from_hours(1));
        at.wakes();
        assert_eq!(at.next().await, Some(Trigger::Woke));
        assert_eq!(at.next().await, None);
    }

    #[tokio::test]
    async fn everything_that_is_told_comes_and_a_burst_of_it_once() {
        let mut at = listening();
        for _ in 0..5 {
            at.teller.surroundings.send_modify(|told| {
                told.network += 1;
                told.resumed += 1;
            });
        }
        at.wakes();
        assert_eq!(at.next().await, Some(Trigger::Woke));
        assert_eq!(at.next().await, Some(Trigger::NetworkChanged));
        assert_eq!(at.next().await, Some(Trigger::Resumed));
        assert_eq!(at.next().await, None);
    }

    #[tokio::test]
    async fn whoever_tells_no_more_is_no_trigger() {
        let mut at = listening();
        drop(std::mem::replace(&mut at.teller, Machine::new(|| true).1));
        assert_eq!(at.next().await, None);
        at.clock.sleep_machine(Duration::from_hours(1));
        assert_eq!(at.next().await, Some(Trigger::Woke), "the clock still does");
    }
}
