//! Connections that have shown no key yet. They have a bounded number of places among themselves; where these are all
//! taken, the one that came first gives up its own. So whoever floods the port, quickly or slowly, pushes out his own
//! connections, while clients that have a key show it and stay.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// The places of connections that have shown no key.
pub(super) struct Strangers {
    places: usize,
    taken: Mutex<Taken>,
}

/// In the order in which they came.
#[derive(Default)]
struct Taken {
    next: u64,
    places: BTreeMap<u64, CancellationToken>,
}

/// One connection: a stranger until it is [shows a key](Visitor::shows_key).
pub(super) struct Visitor {
    strangers: Arc<Strangers>,
    number: u64,
    known: AtomicBool,
    sent_away: CancellationToken,
}

impl Strangers {
    /// So many places, one at least.
    pub(super) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self { places: places.max(1), taken: Mutex::default() })
    }

    /// Gives a connection a place; where there is none left, that of the one that came first.
    pub(super) fn enter(self: &Arc<Self>) -> Visitor {
        let sent_away = CancellationToken::new();
        let mut taken = self.taken();
        let number = taken.next;
        taken.next += 1;
        if taken.places.len() == self.places
            && let Some((_, first)) = taken.places.pop_first()
        {
            first.cancel();
        }
        taken.places.insert(number, sent_away.clone());
        drop(taken);
        Visitor { strangers: Arc::clone(self), number, known: AtomicBool::new(false), sent_away }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visitor {
    /// It is no stranger any more: it keeps its connection, and its place is free for another.
    pub(super) fn shows_key(&self) {
        if !self.known.swap(true, Ordering::Relaxed) {
            self.leave();
        }
    }

    /// Ready when its place was needed for another.
    pub(super) fn sent_away(&self) -> impl Future<Output = ()> + use<> {
        self.sent_away.clone().cancelled_owned()
    }

    fn leave(&self) {
        self.strangers.taken().places.remove(&self.number);
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn is_sent_away(visitor: &Visitor) -> bool {
        visitor.sent_away().now_or_never().is_some()
    }

    #[test]
    fn who_came_first_gives_place_to_who_comes_when_all_are_taken() {
        let strangers = Strangers::new(2);
        let [first, second] = [strangers.enter(), strangers.enter()];
        assert!(!is_sent_away(&first) && !is_sent_away(&second));
        let third = strangers.enter();
        assert!(is_sent_away(&first) && !is_sent_away(&second) && !is_sent_away(&third));
    }

    #[test]
    fn who_is_known_stays_and_takes_no_place() {
        let strangers = Strangers::new(1);
        let known = strangers.enter();
        known.shows_key();
        let stranger = strangers.enter();
        known.shows_key();
        assert!(!is_sent_away(&known) && !is_sent_away(&stranger));
        let _another = strangers.enter();
        assert!(!is_sent_away(&known) && is_sent_away(&stranger));
    }

    #[test]
    fn who_leaves_takes_no_place() {
        let strangers = Strangers::new(1);
        drop(strangers.enter());
        let second = strangers.enter();
        assert!(!is_sent_away(&second));
        assert_eq!(strangers.taken().places.len(), 1);
    }
}
