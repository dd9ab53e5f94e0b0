//! A rotated token that could not be saved: served all the same, and tried again until it holds.

use super::Monitor;
use super::state::{Errand, State, Unstored};
use crate::condition::{Cause, StoreFault};
use crate::entry::{Entry, EntryKind};
use crate::event::Command;
use crate::notice::Notice;
use crate::time::Reading;

impl Monitor {
    /// Whether the newest grant is in the store.
    pub(super) fn note_storing(&mut self, outcome: Result<(), StoreFault>, now: Reading) {
        match (outcome, &mut self.unstored) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => {
                self.unstored = None;
                self.record(Entry::new(EntryKind::Store).saying("store_ok", "the login is saved again"), now);
            }
            (Err(fault), Some(unstored)) if unstored.fault == fault => self.put_storing_off(now),
            (Err(fault), Some(unstored)) => {
                unstored.fault = fault;
                self.put_storing_off(now);
                self.record(Entry::new(EntryKind::Store).because(&Cause::Store(fault)), now);
            }
            (Err(fault), None) => {
                let errand = Errand::asked(0, now.moment).put_off(&self.policy, &self.name, now.moment);
                self.unstored = Some(Unstored { fault, errand });
                self.record(Entry::new(EntryKind::Store).because(&Cause::Store(fault)), now);
                self.notify(Notice::NotStored, now);
            }
        }
    }

    /// The answer to [`Command::Store`]; one that nobody waits for may speak of an older token.
    pub(super) fn stored(&mut self, outcome: Result<(), StoreFault>, now: Reading) {
        if self.unstored.as_ref().is_some_and(|unstored| !unstored.errand.is_waiting()) {
            self.note_storing(outcome, now);
        }
    }

    /// Asks now, unless an answer is waited for.
    pub(super) fn store_now(&mut self, now: Reading) {
        if let Some(unstored) = self.unstored.as_mut().filter(|unstored| unstored.errand.is_waiting()) {
            unstored.errand = Errand::asked(unstored.errand.failed, now.moment);
            self.commands.push(Command::Store);
        }
    }

    /// What was asked of the store has fallen due again, or was never answered.
    pub(super) fn ask_store_again(&mut self, now: Reading) {
        if let State::Loading(loading) = &self.state
            && loading.errand.deadline() <= now.moment
        {
            self.load_again(now);
        }
        match self.unstored.as_ref().filter(|unstored| unstored.errand.deadline() <= now.moment) {
            Some(unstored) if unstored.errand.is_waiting() => self.store_now(now),
            Some(_) => self.put_storing_off(now),
            None => {}
        }
    }

    fn put_storing_off(&mut self, now: Reading) {
        if let Some(Unstored { errand, .. }) = &mut self.unstored {
            *errand = errand.put_off(&self.policy, &self.name, now.moment);
        }
    }
}
