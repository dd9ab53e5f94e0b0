//! What the upstream does with a lease, or without one, and whether it is there at all.

use super::Monitor;
use super::schedule;
use super::state::{Failing, Held, Past, Standing, State, Upstream};
use crate::condition::{Cause, UpstreamFault};
use crate::entry::{Entry, EntryKind};
use crate::event::Command;
use crate::lease::LeaseId;
use crate::time::Reading;

/// Answers of 5xx in a row that make a workload `unhealthy`.
const ERRORS_IN_A_ROW: u32 = 3;

impl Monitor {
    /// One renewal for a lease, whoever reports it and however often; none where a fresh one was refused.
    pub(super) fn rejected(&mut self, lease: LeaseId, replayed: bool, now: Reading) {
        let in_use = self.is_in_use();
        let Some(held) = self.held.as_mut().filter(|held| held.lease.id == lease && in_use) else { return };
        if held.standing == Standing::Rejected {
            return;
        }
        let young = now.moment.since(held.lease.issued_at) < schedule::FRESH;
        let fresh = replayed || (held.born_of_rejection && held.standing == Standing::Unproven && young);
        held.standing = Standing::Rejected;
        if fresh || !held.lease.renewable {
            self.unauthenticate(Cause::RefusedByServer, now);
            return;
        }
        // Where a renewal has failed already, its schedule holds: callers hurry nothing.
        if matches!(self.state, State::Running) && self.short_retry.is_none() {
            self.renew_now(now);
        }
    }

    pub(super) fn accepted(&mut self, lease: LeaseId) {
        if let Some(held) = self.held.as_mut().filter(|held| held.lease.id == lease)
            && held.standing == Standing::Unproven
        {
            held.standing = Standing::Accepted;
            self.sign_in_told = false;
        }
    }

    /// The server asks for a sign-in; that matters where there is nothing to answer it with.
    pub(super) fn challenged(&mut self, now: Reading) {
        match &mut self.state {
            State::Loading(loading) => loading.challenged = true,
            State::Running if self.held.is_none() => self.unauthenticate(Cause::SignInNeeded, now),
            State::Running
            | State::Stopped { .. }
            | State::Stopping { .. }
            | State::Removing
            | State::Starting { .. }
            | State::Retrying { .. }
            | State::Unauthenticated { .. } => {}
        }
    }

    pub(super) fn scope_challenged(&mut self, mut scopes: Vec<String>, now: Reading) {
        let passes = matches!(self.state, State::Running) || (self.is_in_use() && self.held.is_some());
        if !passes {
            return;
        }
        scopes.extend(self.wanted_scopes.iter().flatten().cloned());
        scopes.sort();
        scopes.dedup();
        if self.wanted_scopes.as_ref() != Some(&scopes) {
            let entry = Entry::new(EntryKind::Login).saying("insufficient_scope", "the server wants more access");
            self.wanted_scopes = Some(scopes);
            self.record(entry, now);
        }
    }

    pub(super) fn upstream_failed(&mut self, fault: UpstreamFault, now: Reading) {
        // Without a token that works, the token is what must be mended first.
        let token_fine = self.held.is_none_or(|held| held.usable_at(now.moment));
        if !matches!(self.state, State::Running) || !token_fine {
            return;
        }
        if let Some(failing) = &mut self.upstream.failing {
            failing.fault = fault;
            return;
        }
        self.upstream.errors = match fault {
            UpstreamFault::ServerError(_) => self.upstream.errors + 1,
            UpstreamFault::Unreachable(_) | UpstreamFault::Tls => ERRORS_IN_A_ROW,
        };
        if self.upstream.errors >= ERRORS_IN_A_ROW {
            let failing = Failing { fault, probe_at: now.moment + schedule::PROBE_PERIOD, probed_at: now.moment };
            self.shift_upstream(Upstream { failing: Some(failing), errors: 0 }, now);
        }
    }

    pub(super) fn upstream_reached(&mut self, now: Reading) {
        self.shift_upstream(Upstream::default(), now);
    }

    /// Looks for the upstream, and again a minute later: its answer comes as any request's does.
    pub(super) fn probe_if_due(&mut self, now: Reading) {
        if let Some(failing) = self.upstream.failing.as_mut().filter(|failing| failing.probe_at <= now.moment) {
            failing.probe_at = now.moment + schedule::PROBE_PERIOD;
            failing.probed_at = now.moment;
            self.commands.push(Command::Probe);
        }
    }

    /// Whether requests may carry the lease in hand, as far as the state goes.
    pub(super) const fn is_in_use(&self) -> bool {
        match &self.state {
            State::Loading(loading) => !matches!(loading.past, Some(Past::Unauthenticated { .. })),
            State::Starting { .. } | State::Running | State::Retrying { .. } => true,
            State::Stopped { .. } | State::Stopping { .. } | State::Removing | State::Unauthenticated { .. } => false,
        }
    }

    /// The lease that requests may carry.
    pub(super) fn usable(&self, now: Reading) -> Option<&Held> {
        self.held.as_ref().filter(|held| self.is_in_use() && held.usable_at(now.moment))
    }
}
