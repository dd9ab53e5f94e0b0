//! Refreshes: when one begins, and what its answer changes.

use std::time::Duration;

use jiff::SignedDuration;

use super::Monitor;
use super::episode::Episode;
use super::schedule::{self, Seed};
use super::state::{Doing, Due, Held, InFlight, Past, ShortRetry, Standing, State};
use crate::condition::{Cause, StoreFault, Transport};
use crate::entry::{Entry, EntryKind};
use crate::event::Command;
use crate::lease::{Attempt, Lease};
use crate::notice::Notice;
use crate::time::{Moment, Reading};
use crate::verdict::{self, Answer, Verdict};

/// Clocks that differ by more than this are worth a word.
const TOLERATED_SKEW: SignedDuration = SignedDuration::from_secs(60);

impl Monitor {
    /// Begins an attempt, unless one is under way; one for a grant that is gone is waited for first.
    pub(super) fn renew_now(&mut self, now: Reading) {
        if !self.renewal.under_way() {
            self.renewal.due = Some(Due { at: now.moment, of: Doing::Cadence });
            self.begin_if_due(now);
        }
    }

    pub(super) fn begin_if_due(&mut self, now: Reading) {
        if self.renewal.in_flight.is_some() || self.is_off() {
            return;
        }
        if let Some(due) = self.renewal.due.take_if(|due| due.at <= now.moment) {
            self.renewal.attempts += 1;
            self.renewal.begin(due.of, now.moment);
            let attempt = Attempt(self.renewal.attempts);
            self.renewal.in_flight = Some(InFlight::begun(attempt, due.of, now));
            self.commands.push(Command::Renew(attempt));
        }
    }

    pub(super) fn renewed(
        &mut self,
        attempt: Attempt,
        lease: Lease,
        stored: Result<(), StoreFault>,
        skew: Option<SignedDuration>,
        now: Reading,
    ) {
        let Some(flight) = self.renewal.answered(attempt) else { return };
        if flight.superseded {
            self.begin_if_due(now);
            return;
        }
        self.note_skew(skew);
        self.record(Entry { verdict: Some("ok"), ..Entry::new(EntryKind::Attempt) }, now);
        self.note_storing(stored, now);
        if !matches!(self.state, State::Unauthenticated { cause: Cause::RefusedByServer }) {
            self.sign_in_told = false;
        }
        if self.is_obtainable() {
            // It was obtained anew, with whatever the client may have by now; the server says if that is too little.
            self.wanted_scopes = None;
        }
        self.adopt(lease, now);
        self.recover(now);
    }

    pub(super) fn renewal_failed(
        &mut self,
        attempt: Attempt,
        answer: &Answer,
        registered: bool,
        skew: Option<SignedDuration>,
        now: Reading,
    ) {
        let Some(flight) = self.renewal.answered(attempt) else { return };
        if flight.superseded {
            self.begin_if_due(now);
            return;
        }
        self.note_skew(skew);
        let verdict = verdict::judge(answer, self.renewal.previous_word.as_deref());
        self.renewal.previous_word = verdict::word_to_repeat(answer).map(str::to_owned);
        let (word, cause) = match &verdict {
            Verdict::Transient { cause, .. } => ("transient", cause),
            Verdict::Permanent { cause } => ("permanent", cause),
        };
        let entry = Entry { verdict: Some(word), http_status: answer.http_status(), ..Entry::new(EntryKind::Attempt) };
        self.record(entry.because(cause), now);
        match verdict {
            Verdict::Transient { cause, floor } => self.put_off(cause, floor, flight, now),
            Verdict::Permanent { cause } => self.end_grant(cause, registered, now),
        }
    }

    /// An attempt never answered: that is a timeout like any other.
    pub(super) fn give_up(&mut self, now: Reading) {
        let Some(flight) = &mut self.renewal.in_flight else { return };
        let left = flight.slept_through(now);
        if left > Duration::from_secs(1) {
            flight.give_up_at = now.moment + left;
        } else {
            let flight = *flight;
            self.renewal_failed(flight.attempt, &Answer::Transport(Transport::Timeout), false, None, now);
        }
    }

    /// Takes `lease` in hand and plans its renewal.
    pub(super) fn adopt(&mut self, lease: Lease, now: Reading) {
        let replaces_rejected = self.held.is_some_and(|held| held.standing == Standing::Rejected);
        self.held = Some(Held { born_of_rejection: replaces_rejected, ..Held::new(lease) });
        self.renewal.supersede();
        self.short_retry = None;
        self.registration_lost = false;
        self.last_success = Some(now.wall);
        self.plan_renewal(now.moment + schedule::SHORTEST_RENEWAL);
    }

    /// Plans the renewal ahead of expiry, `earliest` at the soonest.
    pub(super) fn plan_renewal(&mut self, earliest: Moment) {
        let lease = self.held.map(|held| held.lease).filter(|lease| lease.renewable);
        let at = lease.and_then(|lease| schedule::renewal_at(&self.policy, &lease, self.seed()));
        self.renewal.due = at.map(|at| Due { at: at.max(earliest), of: Doing::Cadence });
    }

    /// Brings the next try forward to where the times have it as they are now.
    pub(super) fn replan(&mut self, now: Reading) {
        let next = match &self.state {
            State::Retrying { .. } => Some(now.moment + schedule::tick(&self.policy, self.seed())),
            State::Running if let Some(short_retry) = &self.short_retry => {
                Some(now.moment + schedule::short_wait(&self.policy, short_retry.tries, self.seed()))
            }
            State::Running => {
                let lease = self.held.map(|held| held.lease).filter(|lease| lease.renewable);
                let at = lease.and_then(|lease| schedule::renewal_at(&self.policy, &lease, self.seed()));
                at.map(|at| at.max(now.moment + schedule::SHORTEST_RENEWAL))
            }
            State::Stopped { .. }
            | State::Stopping { .. }
            | State::Removing
            | State::Loading(_)
            | State::Starting { .. }
            | State::Unauthenticated { .. } => None,
        };
        let next = next.map(|at| self.renewal.not_sooner_than_told(at));
        if let (Some(due), Some(at)) = (&mut self.renewal.due, next) {
            due.at = due.at.min(at);
        }
    }

    /// A refresh or sign-in succeeded: whatever was waited for is over.
    pub(super) fn recover(&mut self, now: Reading) {
        let recovered = self.episode().map(|episode| episode.number);
        match &mut self.state {
            State::Removing => {}
            State::Stopped { .. } | State::Stopping { .. } => self.shift(State::Stopped { past: None }, now),
            State::Loading(loading) => loading.past = None,
            State::Starting { .. } | State::Running | State::Retrying { .. } | State::Unauthenticated { .. } => {
                self.shift(State::Running, now);
            }
        }
        if let Some(episode) = recovered {
            self.notify(Notice::Recovered { episode }, now);
        }
    }

    /// A passing failure: when to try again, and whether that is still `running`.
    fn put_off(&mut self, cause: Cause, floor: Option<Duration>, flight: InFlight, now: Reading) {
        if found_no_network(&cause) {
            // Nothing is gained by trying quickly, and nothing was spent: the next trigger has its tries.
            self.renewal.quick.take_if(|quick| quick.tried);
            self.renewal.made.forget(flight.begun.moment);
        }
        if let Some(floor) = floor {
            let told = now.moment + floor.min(self.policy.auth_retrying_tick_interval);
            self.renewal.not_before = Some(self.renewal.not_sooner_than_told(told));
        }
        match &self.state {
            State::Stopping { past } => {
                let past = past.clone();
                self.shift(State::Stopped { past }, now);
            }
            State::Starting { episode } => {
                let episode = *episode;
                self.retry(episode, cause, flight, now);
            }
            State::Running if found_no_network(&cause) => self.wait_for_network(cause, flight, now),
            State::Running => self.retry_shortly(cause, flight, now),
            State::Retrying { episode, .. } => {
                let episode = Some(*episode);
                self.retry(episode, cause, flight, now);
            }
            State::Unauthenticated { .. } => self.try_once_more(now),
            // The store's answer decides, or nobody is interested any more.
            State::Loading(_) | State::Stopped { .. } | State::Removing => {}
        }
    }

    /// The one quiet try is spent, unless a trigger came while it was under way.
    fn try_once_more(&mut self, now: Reading) {
        if let Some(at) = self.renewal.untried(now.moment) {
            self.renewal.due = Some(Due { at: self.renewal.not_sooner_than_told(at), of: Doing::Trigger });
        }
    }

    fn retry_shortly(&mut self, cause: Cause, flight: InFlight, now: Reading) {
        let before = self.short_retry.as_ref();
        let (since, tries) = before.map_or((flight.begun.moment, 0), |before| (before.since, before.tries));
        // Quick tries are a trigger's, and use up none of the short retry's.
        let tries = if flight.quick { tries } else { tries + 1 };
        let short_retry = ShortRetry { cause, since, tries };
        let next = self.next_try(schedule::short_wait(&self.policy, tries, self.seed()), now);
        if short_retry.is_over(next.at, self.policy.max_tries, self.policy.max_elapsed_time) {
            self.retry(None, short_retry.cause, flight, now);
        } else {
            self.renewal.due = Some(next);
            self.short_retry = Some(short_retry);
        }
    }

    /// Without a network the short retry is not begun: whoever holds a token that is good waits for the next trigger, or
    /// until the token is not good any more.
    fn wait_for_network(&mut self, cause: Cause, flight: InFlight, now: Reading) {
        let Some(held) = self.held.filter(|held| held.usable_at(now.moment)) else {
            return self.retry(None, cause, flight, now);
        };
        let tick = schedule::tick(&self.policy, self.seed());
        let wait = held.lease.expires_at.map_or(tick, |expiry| tick.min(expiry.since(now.moment)));
        self.renewal.due = Some(self.next_try(wait, now));
        self.short_retry = Some(ShortRetry { cause, since: now.moment, tries: 0 });
    }

    /// Begins an episode or goes on with one, unless the attempt was made past its ceiling. One that could not be made for
    /// want of a network was none, and until the next one nothing of the ceiling is used.
    fn retry(&mut self, episode: Option<Episode>, cause: Cause, flight: InFlight, now: Reading) {
        let ceiling = self.policy.auth_retrying_max_elapsed;
        let goes_on = episode.is_some();
        let episode = episode.unwrap_or_else(|| {
            self.episodes += 1;
            Episode::begun(self.episodes, now)
        });
        let episode =
            if found_no_network(&cause) { episode.paused(flight.begun) } else { episode.resumed(flight.begun) };
        if episode.is_counting() && episode.spent_at(flight.begun.awake) > ceiling {
            self.unauthenticate(Cause::Ceiling, now);
            return;
        }
        self.renewal.due = Some(self.next_try(schedule::tick(&self.policy, self.seed()), now));
        self.shift(State::Retrying { episode, cause: cause.clone() }, now);
        // A restart in between did not begin it anew.
        self.since = episode.started_at;
        if !goes_on {
            self.notify(Notice::Retrying { episode: episode.number, cause }, now);
        }
    }

    /// The try after one that failed: a quick one where a trigger asked for those, else after `wait`; never sooner than
    /// the server said.
    fn next_try(&self, wait: Duration, now: Reading) -> Due {
        let cadence = now.moment + wait;
        let quick = self.renewal.next_quick_try(now.moment);
        let due = quick
            .filter(|at| *at < cadence)
            .map_or(Due { at: cadence, of: Doing::Cadence }, |at| Due { at, of: Doing::Trigger });
        Due { at: self.renewal.not_sooner_than_told(due.at), ..due }
    }

    /// The authorization server's own word that the grant is over.
    fn end_grant(&mut self, cause: Cause, registered: bool, now: Reading) {
        if let Some(held) = &mut self.held {
            held.lease.renewable = false;
        }
        // What happened before was a reason to try what is over.
        self.renewal.quick = None;
        self.commands.push(Command::Retire);
        let unknown_client =
            matches!(&cause, Cause::OAuth(word) if word == "invalid_client" || word == "unauthorized_client");
        if registered && unknown_client {
            self.registration_lost = true;
            self.commands.push(Command::ForgetRegistration);
        }
        if matches!(self.state, State::Stopping { .. }) {
            let past = Some(Past::Unauthenticated { cause, since: now.wall });
            self.shift(State::Stopped { past }, now);
        } else {
            self.unauthenticate(cause, now);
        }
    }

    fn note_skew(&mut self, skew: Option<SignedDuration>) {
        if let Some(skew) = skew {
            self.skew = Some(skew).filter(|skew| skew.abs() > TOLERATED_SKEW);
        }
    }

    pub(super) fn seed(&self) -> Seed<'_> {
        Seed { name: &self.name, number: self.renewal.attempts }
    }
}

/// Whether nothing came of it because this machine has no network.
fn found_no_network(cause: &Cause) -> bool {
    *cause == Cause::Transport(Transport::Offline)
}
