//! The state machine of one workload.

use crate::condition::Cause;
use crate::entry::EpisodeMark;
use crate::event::{Command, Event};
use crate::policy::Policy;
use crate::status::{Phase, Status};
use crate::time::{Moment, Reading};

/// Why the monitor wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A refresh ahead of expiry, or a short retry, is due.
    Renew,
    /// The next try of an episode is due.
    Retry,
    /// The lease expires.
    Expire,
    /// An attempt never answered.
    GiveUp,
    /// The settle time after a trigger is over, or a quick try is due.
    Settle,
    /// The secret store is to be tried again.
    Store,
    /// The upstream is to be looked for.
    Probe,
}

/// What is remembered of a workload from before a restart (out of the journal).
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// The last status written.
    pub phase: Phase,
    /// Its reason.
    pub cause: Option<Cause>,
    /// Since when.
    pub since: jiff::Timestamp,
    /// The episode it was in.
    pub episode: Option<EpisodeMark>,
    /// The last refresh or sign-in that succeeded.
    pub last_success: Option<jiff::Timestamp>,
}

/// Owns every decision about one workload.
#[derive(Debug)]
pub struct Monitor {}

impl Monitor {
    /// A monitor that has not been started yet (`stopped` until [`Event::StartRequested`]).
    #[must_use]
    pub fn new(name: &str, policy: Policy, remembered: Option<Remembered>, now: Reading) -> Self {
        let _ = (name, policy, remembered, now);
        unimplemented!()
    }

    /// One fact in, what must be done out, in order.
    pub fn handle(&mut self, event: Event, now: Reading) -> Vec<Command> {
        let _ = (event, now);
        unimplemented!()
    }

    /// When to send [`Event::Woken`], and why; `None` while stopped or waiting for the person.
    #[must_use]
    pub fn deadline(&self) -> Option<(Moment, Wake)> {
        unimplemented!()
    }

    /// What anyone may see.
    #[must_use]
    pub fn status(&self) -> &Status {
        unimplemented!()
    }

    /// Changes the times from the next decision on.
    pub fn set_policy(&mut self, policy: Policy) {
        let _ = policy;
        unimplemented!()
    }
}
