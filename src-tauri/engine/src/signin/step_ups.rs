//! How often the person has granted one and the same step-up: a server that refuses all the same is not asked for ever.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::registry::Entry;

/// Sign-ins for one and the same step-up, after which only the person's insistence begins another.
const MOST: u32 = 3;

/// Per workload, the scopes of the last step-up that the person granted, and how often running.
#[derive(Default)]
pub(super) struct StepUps(Mutex<HashMap<String, StepUp>>);

#[derive(Default)]
struct StepUp {
    scopes: Vec<String>,
    granted: u32,
}

impl StepUps {
    /// Whether the person has granted what is challenged [`MOST`] times already.
    pub(super) fn in_vain(&self, entry: &Entry) -> bool {
        let Some(demanded) = demanded(entry) else { return false };
        let step_ups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        step_ups.get(entry.name()).is_some_and(|past| past.scopes == demanded && past.granted >= MOST)
    }

    /// The person has granted what is challenged.
    pub(super) fn count(&self, entry: &Entry) {
        let Some(demanded) = demanded(entry) else { return };
        let mut step_ups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let past = step_ups.entry(entry.name().to_owned()).or_default();
        if past.scopes != demanded {
            *past = StepUp { scopes: demanded, granted: 0 };
        }
        past.granted += 1;
        entry.route.challenge_answered();
    }
}

/// The scopes of a step-up that the server asks for (RFC 6750 section 3.1).
pub(super) fn demanded(entry: &Entry) -> Option<Vec<String>> {
    let challenge = entry.route.last_challenge()?;
    (challenge.error.as_deref() == Some("insufficient_scope")).then(|| challenge.scopes.clone())
}
