//! What is shown of a monitor, and what is written of its changes: journal rows and notices, in the order of the changes.

use std::time::Duration;

use jiff::Timestamp;

use super::Monitor;
use super::state::{Errand, ShortRetry, State, Step, Upstream};
use crate::condition::{Cause, Condition, Obstacle, Trouble};
use crate::config::GrantKind;
use crate::entry::{Entry, EntryKind, EpisodeMark};
use crate::event::Command;
use crate::notice::Notice;
use crate::status::{Gate, Phase, Status};
use crate::time::{Moment, Reading};

/// Two reckonings of the same end may differ by this much: the clocks are read one after the other.
const FLICKER: Duration = Duration::from_secs(1);

impl Monitor {
    /// Moves to `state`.
    pub(super) fn shift(&mut self, state: State, now: Reading) {
        self.shift_with(now, |_| state);
    }

    /// Moves to the state that `next` makes of the present one, and writes down what anyone can see of that.
    pub(super) fn shift_with(&mut self, now: Reading, next: impl FnOnce(State) -> State) {
        let before = (self.phase(), self.cause());
        let mark = self.episode().map(|episode| episode.mark(now));
        self.state = next(std::mem::replace(&mut self.state, State::Removing));
        if !matches!(self.state, State::Running) {
            self.short_retry = None;
            self.upstream = Upstream::default();
        }
        self.write_down(&before, mark, now);
    }

    /// Moves between `running` and `unhealthy`.
    pub(super) fn shift_upstream(&mut self, upstream: Upstream, now: Reading) {
        let before = (self.phase(), self.cause());
        self.upstream = upstream;
        self.write_down(&before, None, now);
    }

    fn write_down(&mut self, before: &(Phase, Option<Cause>), mark: Option<EpisodeMark>, now: Reading) {
        let (from, to, cause) = (before.0, self.phase(), self.cause());
        if from != to {
            self.since = now.wall;
        } else if to != Phase::Unauthenticated || cause == before.1 {
            return;
        }
        let entry = Entry { from: Some(from), to: Some(to), episode: mark, ..Entry::new(EntryKind::Status) };
        self.record(cause.iter().fold(entry, Entry::because), now);
    }

    /// Writes a row, as part of the episode that it falls into.
    pub(super) fn record(&mut self, entry: Entry, now: Reading) {
        let episode = entry.episode.or_else(|| self.episode().map(|episode| episode.mark(now)));
        self.commands.push(Command::Record(Entry { episode, ..entry }));
    }

    /// Tells the person, and writes down that it was told.
    pub(super) fn notify(&mut self, notice: Notice, now: Reading) {
        let entry = Entry::new(EntryKind::Notice);
        self.record(
            match &notice {
                Notice::Retrying { cause, .. } => entry.saying("auth_retrying", &cause.sentence()),
                Notice::Recovered { .. } => entry.saying("recovered", "the login works again"),
                Notice::SignInNeeded { cause, .. } => entry.saying("sign_in_needed", &cause.sentence()),
                Notice::NotStored => entry.saying("not_stored", "the renewed login could not be saved"),
            },
            now,
        );
        self.commands.push(Command::Notify(notice));
    }

    /// What anyone may see now.
    pub(super) fn view(&self, now: Reading) -> Status {
        let usable = self.usable(now).map(|held| held.lease.id);
        Status {
            grant: self.grant,
            phase: self.phase(),
            cause: self.cause(),
            since: self.since,
            gate: if usable.is_some() { Gate::Open } else { self.gate_without_lease() },
            usable,
            next_attempt: self.next_attempt(),
            ends: self.ends(now),
            expires: self.held.filter(|_| self.is_in_use()).and_then(|held| held.lease.expires_at),
            last_success: self.last_success,
            signing_in: self.signing_in,
            under_way: self.is_under_way(),
            mends_quietly: self.mends_quietly(),
            conditions: self.conditions(),
        }
    }

    pub(super) fn cause(&self) -> Option<Cause> {
        match &self.state {
            State::Loading(loading) => loading.fault.map(Cause::Store),
            State::Running => {
                let upstream = self.upstream.failing.as_ref().map(|failing| Cause::Upstream(failing.fault));
                upstream.or_else(|| self.short_retry.as_ref().map(|ShortRetry { cause, .. }| cause.clone()))
            }
            State::Retrying { cause, .. } | State::Unauthenticated { cause } => Some(cause.clone()),
            State::Stopped { .. } | State::Stopping { .. } | State::Removing | State::Starting { .. } => None,
        }
    }

    const fn gate_without_lease(&self) -> Gate {
        match self.state {
            State::Loading(_) | State::Starting { .. } => Gate::Wait,
            State::Running if self.held.is_some() => Gate::Wait,
            State::Running => Gate::Open,
            State::Stopped { .. }
            | State::Stopping { .. }
            | State::Removing
            | State::Retrying { .. }
            | State::Unauthenticated { .. } => Gate::Refuse,
        }
    }

    /// An attempt whose answer no longer counts is waited for too: the next one begins when it has come.
    fn is_under_way(&self) -> bool {
        let loads = self.state.loading().is_some_and(|loading| !loading.errand.is_waiting());
        loads || self.renewal.in_flight.is_some()
    }

    fn mends_quietly(&self) -> bool {
        match &self.state {
            State::Stopped { .. } | State::Stopping { .. } | State::Removing => false,
            State::Loading(_) => true,
            State::Unauthenticated { cause: Cause::RefusedByServer } => self.is_obtainable(),
            State::Starting { .. } | State::Running | State::Retrying { .. } | State::Unauthenticated { .. } => {
                self.is_obtainable() || (self.is_renewable() && self.wanted_scopes.is_none())
            }
        }
    }

    fn next_attempt(&self) -> Option<Moment> {
        match &self.state {
            State::Loading(loading) => match loading.errand {
                Errand { step: Step::Due(at), .. } => Some(at),
                Errand { step: Step::Asked { .. }, .. } => None,
            },
            // What is awaited there is the server, not the next renewal.
            State::Running if let Some(failing) = &self.upstream.failing => Some(failing.probe_at),
            State::Starting { .. } | State::Running | State::Retrying { .. } | State::Unauthenticated { .. } => {
                self.renewal.due.filter(|_| self.renewal.in_flight.is_none()).map(|due| due.at)
            }
            State::Stopped { .. } | State::Stopping { .. } | State::Removing => None,
        }
    }

    fn ends(&self, now: Reading) -> Option<Moment> {
        let State::Retrying { episode, .. } = &self.state else { return None };
        let reckoned = episode.ends(self.policy.auth_retrying_max_elapsed, now);
        let shown = self.status.ends.filter(|shown| shown.since(reckoned).max(reckoned.since(*shown)) < FLICKER);
        Some(shown.unwrap_or(reckoned))
    }

    fn conditions(&self) -> Vec<Condition> {
        let out_of_store = self.state.loading().and_then(|loading| loading.fault).map(Trouble::StoreLocked);
        let weather = self.short_retry.as_ref().map(|short_retry| &short_retry.cause).and_then(Obstacle::behind);
        let present = self.cause().as_ref().and_then(Obstacle::behind);
        let troubles = [
            self.unstored.as_ref().map(|unstored| Trouble::NotStored(unstored.fault)),
            out_of_store,
            self.no_refresh_token(),
            self.registration_lost.then_some(Trouble::RegistrationLost),
            self.wanted_scopes.clone().map(Trouble::NeedsMoreAccess),
            weather.filter(|weather| present != Some(*weather)).map(Trouble::InTheWay),
            present.map(Trouble::InTheWay),
            self.skew.map(Trouble::ClockSkewed),
        ];
        troubles.iter().flatten().map(|trouble| trouble.describe(&self.name, self.grant)).collect()
    }

    fn no_refresh_token(&self) -> Option<Trouble> {
        match &self.state {
            State::Running => {
                let ends = self.held.is_some_and(|held| !held.lease.renewable && held.lease.expires_at.is_some());
                ends.then_some(Trouble::NoRefreshToken { expired: false })
            }
            State::Unauthenticated { cause: Cause::NoRefreshToken } => Some(Trouble::NoRefreshToken { expired: true }),
            State::Stopped { .. }
            | State::Stopping { .. }
            | State::Removing
            | State::Loading(_)
            | State::Starting { .. }
            | State::Retrying { .. }
            | State::Unauthenticated { .. } => None,
        }
    }
}

impl Status {
    /// What is known of a workload that was not started yet.
    pub(super) const fn stopped(grant: GrantKind, since: Timestamp) -> Self {
        Self {
            grant,
            phase: Phase::Stopped,
            cause: None,
            since,
            gate: Gate::Refuse,
            usable: None,
            next_attempt: None,
            ends: None,
            expires: None,
            last_success: None,
            signing_in: false,
            under_way: false,
            mends_quietly: false,
            conditions: Vec::new(),
        }
    }
}
