//! How often a person has granted the access that a workload asks for, without that helping. Lives and dies with the
//! workload, so that another of the same name begins anew.

use std::sync::{Mutex, PoisonError};

/// Sign-ins for one and the same step-up, after which only the person's insistence begins another.
const MOST: u32 = 3;

/// The last step-up of one workload.
#[derive(Default)]
pub(crate) struct StepUps(Mutex<Past>);

#[derive(Default)]
struct Past {
    scopes: Vec<String>,
    granted: u32,
}

impl StepUps {
    /// The person granted `scopes` once more.
    pub(crate) fn grant(&self, scopes: Vec<String>) {
        let mut past = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if past.scopes != scopes {
            *past = Past { scopes, granted: 0 };
        }
        past.granted += 1;
    }

    /// Whether `scopes` were granted [`MOST`] times already.
    pub(crate) fn in_vain(&self, scopes: &[String]) -> bool {
        let past = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        past.scopes == scopes && past.granted >= MOST
    }
}
