//! Start, load, stop, remove.

use super::Monitor;
use super::state::{Errand, Held, Loading, Past, State, Step};
use crate::condition::{Cause, StoreFault};
use crate::entry::{Entry, EntryKind};
use crate::event::{Command, Loaded};
use crate::lease::Lease;
use crate::monitor::Remembered;
use crate::status::Phase;
use crate::time::Reading;

impl Monitor {
    /// Loads what is held; a workload that runs already is reloaded, then refreshed.
    pub(super) fn start(&mut self, now: Reading) {
        match &mut self.state {
            State::Removing => return,
            State::Loading(loading) => {
                if loading.errand.is_waiting() {
                    loading.errand = Errand::asked(loading.errand.failed, now.moment);
                    self.commands.push(Command::Load);
                }
                return;
            }
            State::Stopped { .. }
            | State::Stopping { .. }
            | State::Starting { .. }
            | State::Running
            | State::Retrying { .. }
            | State::Unauthenticated { .. } => {}
        }
        let refresh = !matches!(self.state, State::Stopped { .. } | State::Stopping { .. });
        let since = self.since;
        self.renewal.due = None;
        self.shift_with(now, |state| {
            let past = Past::of(state, since, now).map(|past| past.resumed(now));
            State::Loading(Loading::asked(past, refresh, now.moment))
        });
        self.commands.push(Command::Load);
    }

    pub(super) fn loaded(&mut self, loaded: Loaded, now: Reading) {
        let State::Loading(loading) = &mut self.state else { return };
        if let Loaded::Unavailable(fault) = loaded {
            self.load_failed(fault, now);
            return;
        }
        let (past, challenged, refresh) = (loading.past.take(), loading.challenged, loading.refresh);
        if loading.fault.take().is_some() {
            self.record(Entry::new(EntryKind::Store).saying("store_ok", "the secret store answers again"), now);
        }
        match loaded {
            Loaded::Grant(lease) => self.grant_loaded(lease, past, refresh, now),
            Loaded::Ended(lease) => {
                let again = self.is_obtainable() && (refresh || !past.as_ref().is_some_and(Past::is_sign_out));
                self.held = Some(Held::new(Lease { renewable: false, ..lease }));
                match past {
                    Some(Past::Unauthenticated { cause, since }) => self.stay_unauthenticated(cause, since, now),
                    Some(Past::Episode(_)) | None => self.unauthenticate(Cause::OAuth("invalid_grant".to_owned()), now),
                }
                if again {
                    self.renew_now(now);
                }
            }
            Loaded::Nothing => {
                self.held = None;
                self.renewal.supersede();
                match past {
                    Some(Past::Unauthenticated { cause, since }) => self.stay_unauthenticated(cause, since, now),
                    Some(Past::Episode(_)) | None if challenged => self.unauthenticate(Cause::SignInNeeded, now),
                    Some(Past::Episode(_)) | None => self.shift(State::Running, now),
                }
            }
            // Handled above: the load goes on.
            Loaded::Unavailable(_) => {}
        }
    }

    fn grant_loaded(&mut self, lease: Lease, past: Option<Past>, refresh: bool, now: Reading) {
        let obtainable = self.is_obtainable();
        // What the upstream thinks of a lease outlives a restart of the workload.
        let known = self.held.filter(|held| held.lease.id == lease.id);
        let held = self.held.insert(Held { lease, ..known.unwrap_or(Held::new(lease)) });
        // A restart is the person's word that client credentials are to be used again after a sign-out.
        let wanted_again = |past: &Past| obtainable && refresh && past.is_sign_out();
        let past = past.filter(|past| !past.is_settled_by(&lease, now) && !wanted_again(past));
        let usable = held.usable_at(now.moment);
        match past {
            Some(Past::Unauthenticated { cause, since }) => {
                let again = obtainable && cause != Cause::SignedOut;
                // What was decided was written down, and did not reach the store: decide it again, send nothing. Of
                // client credentials the new attempt decides.
                if cause == Cause::SignedOut {
                    self.held = None;
                    self.commands.push(Command::Forget);
                } else if matches!(cause, Cause::OAuth(_)) {
                    held.lease.renewable = false;
                    if !again {
                        self.commands.push(Command::Retire);
                    }
                }
                self.stay_unauthenticated(cause, since, now);
                if again || self.is_renewable() {
                    self.renew_now(now);
                }
            }
            Some(Past::Episode(episode)) if lease.renewable => {
                self.shift(State::Starting { episode: Some(episode) }, now);
                self.renew_now(now);
            }
            Some(Past::Episode(_)) | None if usable => {
                self.shift(State::Running, now);
                self.plan_renewal(now.moment);
                if refresh && lease.renewable {
                    self.renew_now(now);
                }
                self.begin_if_due(now);
            }
            Some(Past::Episode(_)) | None if lease.renewable => {
                self.shift(State::Starting { episode: None }, now);
                self.renew_now(now);
            }
            Some(Past::Episode(_)) | None => self.unauthenticate(Cause::NoRefreshToken, now),
        }
    }

    /// The secret store cannot be read: it is tried again, and nothing is lost meanwhile.
    fn load_failed(&mut self, fault: StoreFault, now: Reading) {
        let State::Loading(loading) = &mut self.state else { return };
        loading.errand = loading.errand.put_off(&self.policy, &self.name, now.moment);
        if loading.fault.replace(fault) != Some(fault) {
            self.record(Entry::new(EntryKind::Store).because(&Cause::Store(fault)), now);
        }
    }

    /// Asks for a load again, or gives one up that never answered.
    pub(super) fn load_again(&mut self, now: Reading) {
        let State::Loading(loading) = &mut self.state else { return };
        match loading.errand.step {
            Step::Due(_) => {
                loading.errand = Errand::asked(loading.errand.failed, now.moment);
                self.commands.push(Command::Load);
            }
            // As a rule somebody is asked to unlock it, and is not there.
            Step::Asked { .. } => self.load_failed(StoreFault::Locked, now),
        }
    }

    /// An exchange under way is finished first: its answer may hold a rotated token.
    pub(super) fn stop(&mut self, now: Reading) {
        if self.is_off() {
            return;
        }
        self.store_now(now);
        let since = self.since;
        self.renewal.due = None;
        let drains = self.renewal.under_way();
        self.shift_with(now, |state| {
            let past = Past::of(state, since, now);
            if drains { State::Stopping { past } } else { State::Stopped { past } }
        });
    }

    pub(super) fn remove(&mut self, now: Reading) {
        if matches!(self.state, State::Removing) {
            return;
        }
        self.commands.push(Command::Forget);
        self.forget();
        self.signing_in = false;
        self.shift(State::Removing, now);
    }
}

impl Past {
    /// What a start goes on with, out of the journal.
    pub(super) fn remembered(before: Remembered) -> Option<Self> {
        match before.phase {
            Phase::AuthRetrying => before.episode.map(|mark| Self::Episode(super::Episode::remembered(mark))),
            Phase::Unauthenticated => before.cause.map(|cause| Self::Unauthenticated { cause, since: before.since }),
            Phase::Starting
            | Phase::Running
            | Phase::Unhealthy
            | Phase::Stopping
            | Phase::Stopped
            | Phase::Error
            | Phase::Removing
            | Phase::Unknown
            | Phase::PolicyStopped => None,
        }
    }
}
