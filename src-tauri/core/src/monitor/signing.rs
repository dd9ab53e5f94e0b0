//! Sign in, sign out, and having neither: `unauthenticated`.

use jiff::Timestamp;

use super::Monitor;
use super::state::{Past, State, Upstream};
use crate::condition::{Cause, StoreFault};
use crate::entry::{Entry, EntryKind};
use crate::event::Command;
use crate::lease::Lease;
use crate::notice::Notice;
use crate::time::Reading;

impl Monitor {
    pub(super) fn sign_in_started(&mut self, now: Reading) {
        if matches!(self.state, State::Removing) {
            return;
        }
        self.signing_in = true;
        self.record(Entry::new(EntryKind::Login).saying("sign_in_started", "a sign-in was begun"), now);
    }

    pub(super) fn sign_in_failed(&mut self, cause: &Cause, now: Reading) {
        if matches!(self.state, State::Removing) {
            return;
        }
        self.signing_in = false;
        self.record(Entry::new(EntryKind::Login).because(cause), now);
    }

    pub(super) fn signed_in(&mut self, lease: Lease, stored: Result<(), StoreFault>, now: Reading) {
        if matches!(self.state, State::Removing) {
            return;
        }
        self.record(Entry::new(EntryKind::Login).saying("signed_in", "a sign-in succeeded"), now);
        self.signing_in = false;
        self.sign_in_told = false;
        self.wanted_scopes = None;
        self.held = None;
        self.shift_upstream(Upstream::default(), now);
        self.note_storing(stored, now);
        self.adopt(lease, now);
        if let State::Loading(loading) = &mut self.state {
            let episode = match loading.past.take() {
                Some(Past::Episode(episode)) => Some(episode),
                Some(Past::Unauthenticated { .. }) | None => None,
            };
            self.state = State::Starting { episode };
        }
        self.recover(now);
    }

    pub(super) fn sign_out(&mut self, now: Reading) {
        if matches!(self.state, State::Removing) {
            return;
        }
        self.record(Entry::new(EntryKind::Login).because(&Cause::SignedOut), now);
        self.commands.push(Command::Forget);
        self.forget();
        if self.is_off() {
            let past = Some(Past::Unauthenticated { cause: Cause::SignedOut, since: now.wall });
            self.shift(State::Stopped { past }, now);
        } else {
            self.unauthenticate(Cause::SignedOut, now);
        }
    }

    /// Nothing is held any more.
    pub(super) fn forget(&mut self) {
        self.held = None;
        self.renewal.supersede();
        self.unstored = None;
        self.wanted_scopes = None;
        self.registration_lost = false;
    }

    /// Only the person helps from here on, and is told once; triggers may still make quiet tries.
    pub(super) fn unauthenticate(&mut self, cause: Cause, now: Reading) {
        let known_to_person = matches!(self.state, State::Unauthenticated { .. }) || cause == Cause::SignedOut;
        let was_signed_in = self.held.is_some() || self.last_success.is_some();
        self.pause_renewal();
        self.shift(State::Unauthenticated { cause: cause.clone() }, now);
        if was_signed_in && !known_to_person && !self.sign_in_told {
            self.sign_in_told = true;
            self.notify(Notice::SignInNeeded { grant: self.grant, cause }, now);
        }
    }

    /// Goes back to what a stop or restart interrupted: nothing new to the person.
    pub(super) fn stay_unauthenticated(&mut self, cause: Cause, since: Timestamp, now: Reading) {
        self.pause_renewal();
        self.sign_in_told = true;
        self.shift(State::Unauthenticated { cause }, now);
        self.since = since;
    }

    /// No more cadence; what the server said about when to come again still holds.
    fn pause_renewal(&mut self) {
        if let Some(flight) = &mut self.renewal.in_flight {
            flight.superseded = true;
        }
        self.renewal.due = None;
    }

    /// The lease expired: a renewal is due or under way where there can be one, else only a sign-in helps.
    pub(super) fn expired(&mut self, now: Reading) {
        if matches!(self.state, State::Running) && self.held.is_some_and(|held| !held.lease.renewable) {
            self.unauthenticate(Cause::NoRefreshToken, now);
        }
    }
}
