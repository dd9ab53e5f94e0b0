//! The state machine of one workload: facts in, decisions out.
//!
//! Knows no clock, no secret and no I/O. Everything it remembers is in `state`; the rest are the transitions, by
//! what brings them about: `lifecycle` (start, load, stop), `signing` (in and out), `attempts` (refreshes and
//! their verdicts), `storing`, `upstream` (what the server does with a lease), `triggers`, and `view` (what is
//! shown and written of it).

mod attempts;
mod episode;
mod lifecycle;
mod schedule;
mod signing;
mod state;
mod storing;
mod triggers;
mod upstream;
mod view;

use jiff::{SignedDuration, Timestamp};

use self::episode::Episode;
use self::state::{Doing, Held, Past, Renewal, ShortRetry, State, Unstored, Upstream};
use crate::condition::Cause;
use crate::config::GrantKind;
use crate::entry::EpisodeMark;
use crate::event::{Command, Event};
use crate::policy::Policy;
use crate::status::{Phase, Status};
use crate::time::{Moment, Reading};

/// Why the monitor wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A refresh ahead of expiry, or a short retry, is due.
    Renew,
    /// The next try of an episode is due.
    Retry,
    /// The lease expires.
    Expire,
    /// An attempt never answered.
    GiveUp,
    /// The settle time after a trigger is over, or a quick try is due.
    Settle,
    /// The secret store is to be tried again.
    Store,
    /// The upstream is to be looked for.
    Probe,
}

/// What is remembered of a workload from before a restart (out of the journal).
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// The last status written that tells how the grant stood: `starting`, `stopping` and `stopped` are passed over.
    pub phase: Phase,
    /// Its reason.
    pub cause: Option<Cause>,
    /// Since when: restarts in between do not begin it anew.
    pub since: Timestamp,
    /// The last episode: the one it is in while `phase` is `auth_retrying`, else only its number counts.
    pub episode: Option<EpisodeMark>,
    /// The last refresh or sign-in that succeeded.
    pub last_success: Option<Timestamp>,
}

/// Owns every decision about one workload.
#[derive(Debug)]
pub struct Monitor {
    name: String,
    grant: GrantKind,
    policy: Policy,
    state: State,
    since: Timestamp,
    held: Option<Held>,
    renewal: Renewal,
    /// Failures while `running`.
    short_retry: Option<ShortRetry>,
    upstream: Upstream,
    unstored: Option<Unstored>,
    /// How many episodes there were.
    episodes: u64,
    last_success: Option<Timestamp>,
    signing_in: bool,
    /// The person has been told that a sign-in is needed, and nothing has shown since that it helped.
    sign_in_told: bool,
    registration_lost: bool,
    /// The scopes that the server named when it wanted more access.
    wanted_scopes: Option<Vec<String>>,
    /// How far the server's clock is ahead, where that is worth a word.
    skew: Option<SignedDuration>,
    status: Status,
    /// What must be done, in order; handed out at the end of [`Monitor::handle`].
    commands: Vec<Command>,
}

impl Monitor {
    /// A monitor that has not been started yet (`stopped` until [`Event::StartRequested`]), of a workload whose grant is
    /// obtained by `grant`.
    #[must_use]
    pub fn new(name: &str, grant: GrantKind, policy: Policy, remembered: Option<Remembered>, now: Reading) -> Self {
        let episodes = remembered.as_ref().and_then(|before| before.episode).map_or(0, |mark| mark.number);
        let last_success = remembered.as_ref().and_then(|before| before.last_success);
        let mut monitor = Self {
            name: name.to_owned(),
            grant,
            policy,
            state: State::Stopped { past: remembered.and_then(Past::remembered) },
            since: now.wall,
            held: None,
            renewal: Renewal::default(),
            short_retry: None,
            upstream: Upstream::default(),
            unstored: None,
            episodes,
            last_success,
            signing_in: false,
            sign_in_told: false,
            registration_lost: false,
            wanted_scopes: None,
            skew: None,
            status: Status::stopped(grant, now.wall),
            commands: Vec::new(),
        };
        monitor.status = monitor.view(now);
        monitor
    }

    /// One fact in, what must be done out, in order.
    #[must_use = "the commands are decisions that nobody else will make"]
    pub fn handle(&mut self, event: Event, now: Reading) -> Vec<Command> {
        match event {
            Event::StartRequested => self.start(now),
            Event::Loaded(loaded) => self.loaded(loaded, now),
            Event::Renewed { attempt, lease, stored, skew } => self.renewed(attempt, lease, stored, skew, now),
            Event::RenewalFailed { attempt, answer, registered, skew } => {
                self.renewal_failed(attempt, &answer, registered, skew, now);
            }
            Event::Stored(outcome) => self.stored(outcome, now),
            Event::Rejected { lease, replayed } => self.rejected(lease, replayed, now),
            Event::Accepted { lease } => self.accepted(lease),
            Event::Challenged => self.challenged(now),
            Event::ScopeChallenged { scopes } => self.scope_challenged(scopes, now),
            Event::UpstreamFailed(fault) => self.upstream_failed(fault, now),
            Event::UpstreamReached => self.upstream_reached(now),
            Event::Triggered(trigger) => self.triggered(trigger, now),
            Event::SignInStarted => self.sign_in_started(now),
            Event::SignedIn { lease, stored } => self.signed_in(lease, stored, now),
            Event::SignInFailed { cause } => self.sign_in_failed(&cause, now),
            Event::SignOutRequested => self.sign_out(now),
            Event::StopRequested => self.stop(now),
            Event::RemoveRequested => self.remove(now),
            Event::Woken => self.woken(now),
        }
        self.status = self.view(now);
        std::mem::take(&mut self.commands)
    }

    /// When to send [`Event::Woken`], and why; `None` while stopped, waiting for the person, or when nothing can fall
    /// due: without a grant, or with one that never expires, the server's word is waited for.
    #[must_use]
    pub fn deadline(&self) -> Option<(Moment, Wake)> {
        self.deadlines().into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// What anyone may see.
    #[must_use]
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Changes the times. What is waited for already comes sooner where these say so, and never later.
    pub fn set_policy(&mut self, policy: Policy, now: Reading) {
        self.policy = policy;
        self.replan(now);
        self.status = self.view(now);
    }

    /// Everything that can fall due, those first that go first when they fall due together.
    fn deadlines(&self) -> [Option<(Moment, Wake)>; 6] {
        let give_up = self.renewal.in_flight.map(|flight| (flight.give_up_at, Wake::GiveUp));
        if self.is_off() {
            let drains = matches!(self.state, State::Stopping { .. });
            return [give_up.filter(|_| drains), None, None, None, None, None];
        }
        let expire = self.held.filter(|held| self.awaits_expiry(held)).and_then(|held| held.lease.expires_at);
        let renew = self.renewal.due.filter(|_| self.renewal.in_flight.is_none());
        let probe = self.upstream.failing.as_ref().map(|failing| (failing.probe_at, Wake::Probe));
        let store = self.unstored.as_ref().map(|unstored| (unstored.errand.deadline(), Wake::Store));
        let load = self.state.loading().map(|loading| (loading.errand.deadline(), Wake::Store));
        let wake = |quick| match (quick, self.phase()) {
            (true, _) => Wake::Settle,
            (false, Phase::AuthRetrying) => Wake::Retry,
            (false, _) => Wake::Renew,
        };
        [
            give_up,
            expire.map(|at| (at, Wake::Expire)),
            renew.map(|due| (due.at, wake(due.of != Doing::Cadence))),
            load,
            store,
            probe,
        ]
    }

    /// Whether something changes when the lease expires: requests stop passing with it, or only a sign-in helps.
    fn awaits_expiry(&self, held: &Held) -> bool {
        let ends_login = !held.lease.renewable && matches!(self.state, State::Running);
        ends_login || (self.is_in_use() && self.status.usable == Some(held.lease.id))
    }

    /// Does whatever has fallen due; nothing when woken early.
    fn woken(&mut self, now: Reading) {
        for index in 0..self.deadlines().len() {
            // Looked at anew each time: what was done first may have made the next one needless.
            if let Some((at, wake)) = self.deadlines()[index]
                && at <= now.moment
            {
                match wake {
                    Wake::GiveUp => self.give_up(now),
                    Wake::Expire => self.expired(now),
                    Wake::Renew | Wake::Retry | Wake::Settle => self.begin_if_due(now),
                    Wake::Store => self.ask_store_again(now),
                    Wake::Probe => self.probe_if_due(now),
                }
            }
        }
    }

    /// Whether nothing is to be done for the workload any more.
    const fn is_off(&self) -> bool {
        matches!(self.state, State::Stopped { .. } | State::Stopping { .. } | State::Removing)
    }

    fn episode(&self) -> Option<&Episode> {
        self.state.episode()
    }

    fn phase(&self) -> Phase {
        self.state.phase(&self.upstream)
    }
}
