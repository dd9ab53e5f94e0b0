//! Logins that were forgotten while the secret store was away: their documents go as soon as it is back. Nobody waits
//! for that, and it ends as soon as a newer session of the same workload writes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::task::AbortOnDropHandle;

use crate::session::Session;

/// What is still to be settled, by workload.
#[derive(Clone, Default)]
pub(crate) struct Settling(Arc<Mutex<HashMap<String, AbortOnDropHandle<()>>>>);

impl Settling {
    /// Has the store brought up to what `session` holds, if it is behind.
    pub(crate) fn begin(&self, name: &str, session: Arc<Session>) {
        if session.unsaved() {
            let task = tokio::spawn(async move { session.settle().await });
            self.tasks().insert(name.to_owned(), AbortOnDropHandle::new(task));
        }
    }

    /// A newer session of this workload is about to write.
    pub(crate) fn end(&self, name: &str) {
        self.tasks().remove(name);
    }

    /// The engine is stopping.
    pub(crate) fn end_all(&self) {
        self.tasks().clear();
    }

    fn tasks(&self) -> MutexGuard<'_, HashMap<String, AbortOnDropHandle<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
