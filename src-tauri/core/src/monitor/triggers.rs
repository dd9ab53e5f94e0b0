//! Reasons to try now: what each means in each state.

use super::Monitor;
use super::schedule;
use super::state::{Due, Quick, State};
use crate::config::GrantKind;
use crate::entry::{Entry, EntryKind};
use crate::event::Trigger;
use crate::time::{Moment, Reading};

/// What a trigger leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    None,
    /// The secret store is asked again.
    Load,
    /// Tries, quick ones at first.
    Tries(Moment),
    /// One try, and no more.
    SingleTry(Moment),
    /// The upstream is looked for.
    Probe(Moment),
}

impl Monitor {
    pub(super) fn triggered(&mut self, trigger: Trigger, now: Reading) {
        let effect = match &self.state {
            State::Stopped { .. } | State::Stopping { .. } | State::Removing => return,
            State::Loading(loading) if loading.errand.is_waiting() => Effect::Load,
            State::Loading(_) => Effect::None,
            State::Starting { .. } | State::Retrying { .. } => self.tries(trigger, now),
            State::Running => self.effect_while_running(trigger, now),
            State::Unauthenticated { .. } => self.single_try(trigger, now),
        };
        if effect != Effect::None {
            let (code, sentence) = match trigger {
                Trigger::Woke => ("woke", "the machine woke"),
                Trigger::NetworkChanged => ("network_changed", "the network changed"),
                Trigger::Resumed => ("resumed", "you came back to the session"),
                Trigger::Asked => ("asked", "you asked to try now"),
            };
            self.record(Entry::new(EntryKind::Trigger).saying(code, sentence), now);
        }
        self.store_now(now);
        match effect {
            Effect::None => {}
            Effect::Load => self.load_again(now),
            Effect::Tries(at) | Effect::SingleTry(at) => {
                self.try_from(Quick { from: at, asked: trigger == Trigger::Asked }, now);
            }
            Effect::Probe(at) => {
                if let Some(failing) = &mut self.upstream.failing {
                    failing.probe_at = failing.probe_at.min(at);
                }
                self.probe_if_due(now);
            }
        }
        // While the upstream fails, all this goes for the token too.
        if matches!(effect, Effect::Probe(_)) {
            if trigger == Trigger::Asked && self.is_renewable() {
                self.renew_now(true, now);
            } else if trigger != Trigger::Asked
                && self.is_trying(now)
                && let Effect::Tries(at) = self.tries(trigger, now)
            {
                self.try_from(Quick { from: at, asked: false }, now);
            }
        }
    }

    /// Quick tries begin at `at`.
    fn try_from(&mut self, quick: Quick, now: Reading) {
        let at = quick.from;
        self.renewal.quick = Some(quick);
        if !self.renewal.under_way() {
            let at = self.renewal.due.map_or(at, |due| due.at.min(at));
            self.renewal.due = Some(Due { at, quick: true });
            self.begin_if_due(now);
        }
    }

    /// Whether a renewal is due that may fail, is under way, or has failed.
    fn is_trying(&self, now: Reading) -> bool {
        let overdue = self.renewal.due.is_some_and(|due| due.at <= now.moment);
        self.short_retry.is_some() || self.renewal.under_way() || overdue
    }

    fn effect_while_running(&mut self, trigger: Trigger, now: Reading) -> Effect {
        if let Some(failing) = &self.upstream.failing {
            return Effect::Probe(match trigger {
                Trigger::Asked => now.moment,
                Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed => {
                    self.settled(now).max(failing.probed_at + schedule::PROBES_APART)
                }
            });
        }
        match trigger {
            Trigger::Asked if self.is_renewable() => self.tries(trigger, now),
            Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed if self.is_trying(now) => {
                self.tries(trigger, now)
            }
            Trigger::Asked | Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed => Effect::None,
        }
    }

    /// At once for the person; else after the settle time, not sooner than the server said, once for a whole burst and
    /// once a minute for a network that flaps.
    fn tries(&mut self, trigger: Trigger, now: Reading) -> Effect {
        if trigger == Trigger::Asked {
            return Effect::Tries(now.moment);
        }
        // What the person asked for is no reason to be slow about what happens then.
        let before = self.renewal.quick.filter(|quick| !quick.asked).map(|quick| quick.from);
        if before.is_some_and(|from| schedule::quick_try(from, now.moment).is_some()) {
            self.renewal.unanswered = Some(self.settled(now));
            return Effect::None;
        }
        let at = self.renewal.not_sooner_than_told(self.settled(now));
        Effect::Tries(before.map_or(at, |from| at.max(from + schedule::QUICK_PERIOD)))
    }

    fn single_try(&mut self, trigger: Trigger, now: Reading) -> Effect {
        if self.renewal.under_way() {
            if trigger != Trigger::Asked && self.is_renewable() {
                self.renewal.unanswered = Some(self.settled(now));
            }
            return Effect::None;
        }
        match trigger {
            Trigger::Asked if self.is_renewable() || self.is_obtainable() => Effect::SingleTry(now.moment),
            Trigger::Asked => Effect::None,
            Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed
                if !self.is_renewable() || self.renewal.due.is_some() =>
            {
                Effect::None
            }
            Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed => {
                let at = self.renewal.not_sooner_than_told(self.settled(now));
                Effect::SingleTry(self.renewal.quick.map_or(at, |quick| at.max(quick.from + schedule::SINGLE_PERIOD)))
            }
        }
    }

    fn settled(&self, now: Reading) -> Moment {
        now.moment + self.policy.trigger_settle
    }

    pub(super) fn is_renewable(&self) -> bool {
        self.held.is_some_and(|held| held.lease.renewable)
    }

    /// Whether a grant can be obtained at the person's word whatever became of the last one: with the client's own
    /// credentials (RFC 6749 section 4.4) nothing is sent that a permanent verdict has ended.
    pub(super) fn is_obtainable(&self) -> bool {
        self.grant == GrantKind::ClientCredentials
    }
}
