//! Which desktop notices are due: coalescing, wake grace, replacement.

use crate::condition::Cause;
use crate::time::{Moment, Reading};

/// What a monitor asks to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// `auth_retrying` was entered.
    Retrying {
        /// The episode.
        episode: u64,
        /// Why.
        cause: Cause,
    },
    /// The episode ended well.
    Recovered {
        /// The episode.
        episode: u64,
    },
    /// Only a sign-in helps.
    SignInNeeded {
        /// Why.
        cause: Cause,
    },
    /// A rotated token could not be stored.
    NotStored,
}

/// A desktop notification to show, or to put in place of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// Tells toasts apart; one that has been shown under the same number is replaced in place.
    pub id: u64,
    /// The first line.
    pub title: String,
    /// One or two sentences.
    pub body: String,
    /// The workloads that it speaks of.
    pub workloads: Vec<String>,
    /// The workload that its Sign in button is for.
    pub sign_in: Option<String>,
    /// Whether it asks something of the person (and so stays).
    pub urgent: bool,
}

/// Collects the notices of all workloads into toasts.
#[derive(Debug, Default)]
pub struct Board {}

impl Board {
    /// A monitor asked for `notice`; what is to be shown now.
    pub fn noticed(&mut self, workload: &str, notice: &Notice, now: Reading) -> Vec<Toast> {
        let _ = (workload, notice, now);
        unimplemented!()
    }

    /// The machine woke.
    pub fn woke(&mut self, now: Reading) {
        let _ = now;
        unimplemented!()
    }

    /// The deadline has come; what is to be shown now.
    pub fn elapsed(&mut self, now: Reading) -> Vec<Toast> {
        let _ = now;
        unimplemented!()
    }

    /// When to call [`Board::elapsed`].
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        unimplemented!()
    }
}
