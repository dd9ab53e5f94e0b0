//! One sign-in under way, and how it ends. What it is asked for is not decided here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lamplighter_core::Event;
use lamplighter_core::condition::Cause;
use tokio::sync::watch;

use super::asking::Asking;
use crate::control::SignInOutcome;
use crate::oauth::Authorization;
use crate::registry::Entry;

/// One sign-in under way.
pub(super) struct Flow {
    pub(super) entry: Arc<Entry>,
    pub(super) asking: Asking,
    pub(super) kind: Kind,
    pub(super) outcome: watch::Sender<Option<SignInOutcome>>,
    /// Whether somebody asks for the tokens, or has ended the wait for them: one at a time.
    claimed: AtomicBool,
}

/// How the person's answer gets here.
pub(super) enum Kind {
    /// A browser comes back with it.
    Browser(Arc<Authorization>),
    /// The token endpoint is asked again and again.
    Device,
}

impl Flow {
    pub(super) fn new(
        entry: Arc<Entry>,
        asking: Asking,
        kind: Kind,
    ) -> (Arc<Self>, watch::Receiver<Option<SignInOutcome>>) {
        let (outcome, receiver) = watch::channel(None);
        (Arc::new(Self { entry, asking, kind, outcome, claimed: AtomicBool::new(false) }), receiver)
    }

    /// Takes what can be done about this flow to oneself; false when somebody else has it.
    pub(super) fn claim(&self) -> bool {
        !self.claimed.swap(true, Ordering::SeqCst)
    }

    /// Gives it back: the person has not answered yet.
    pub(super) fn release(&self) {
        self.claimed.store(false, Ordering::SeqCst);
    }

    /// Ends this flow, unless it has ended.
    pub(super) fn fail(&self, problem: &str) {
        let ends = self.outcome.send_if_modified(|outcome| {
            let ends = outcome.is_none();
            if ends {
                *outcome = Some(SignInOutcome::Failed(problem.to_owned()));
            }
            ends
        });
        if ends {
            self.entry.say(Event::SignInFailed { cause: Cause::SignIn(problem.to_owned()) });
        }
    }
}
