//! Reasons to try now: what each means in each state.

use super::Monitor;
use super::schedule::{self, Rank};
use super::state::{Doing, Due, Quick, State};
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
    /// Tries, quick ones at first; a single one where only a sign-in is sure to help.
    Tries(Moment),
    /// The upstream is looked for.
    Probe(Moment),
}

impl Monitor {
    pub(super) fn triggered(&mut self, trigger: Trigger, now: Reading) {
        let effect = match &self.state {
            State::Stopped { .. } | State::Stopping { .. } | State::Removing => return,
            State::Loading(loading) if loading.errand.is_waiting() => Effect::Load,
            State::Starting { .. } | State::Retrying { .. } => self.tries(trigger, now),
            State::Running => self.effect_while_running(trigger, now),
            State::Unauthenticated { .. } if self.may_try_once(trigger) => self.tries(trigger, now),
            State::Loading(_) | State::Unauthenticated { .. } => Effect::None,
        };
        if effect != Effect::None {
            let (code, sentence) = match trigger {
                Trigger::Woke => ("woke", "the machine woke"),
                Trigger::NetworkChanged => ("network_changed", "the network changed"),
                Trigger::Resumed => ("resumed", "you came back to the session"),
                Trigger::Reached => ("reached", "the server can be reached again"),
                Trigger::Asked => ("asked", "you asked to try now"),
            };
            self.record(Entry::new(EntryKind::Trigger).saying(code, sentence), now);
        }
        self.store_now(now);
        match effect {
            Effect::None => {}
            Effect::Load => self.load_again(now),
            Effect::Tries(at) => self.try_for(trigger, at, now),
            Effect::Probe(at) => {
                if let Some(failing) = &mut self.upstream.failing {
                    failing.probe_at = failing.probe_at.min(at);
                }
                self.probe_if_due(now);
            }
        }
        // While the upstream fails, all this goes for the token too.
        if matches!(effect, Effect::Probe(_))
            && self.has_reason_to_try(trigger, now)
            && let Some(at) = self.tries_from(trigger, now)
        {
            self.try_for(trigger, at, now);
        }
    }

    /// Quick tries for `trigger` begin at `at`.
    fn try_for(&mut self, trigger: Trigger, at: Moment, now: Reading) {
        let (quick, of) = match trigger {
            Trigger::Asked => (Some(Quick::asked(at)), Doing::Trigger),
            Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed => (Some(Quick::beginning(at)), Doing::Trigger),
            // It is looked again: one try is enough, and those that are planned stay.
            Trigger::Reached => (self.renewal.quick, Doing::Sight),
        };
        self.renewal.quick = quick;
        if !self.renewal.under_way() {
            // What an earlier trigger planned gives way to another's; what is due sooner otherwise does not.
            let gives_way = |due: &Due| (due.of, of) == (Doing::Trigger, Doing::Trigger);
            let sooner = self.renewal.due.filter(|due| !gives_way(due) && due.at <= at);
            self.renewal.due = sooner.or(Some(Due { at, of }));
            self.begin_if_due(now);
        }
    }

    /// Whether `trigger` says anything about the token while it is good: what the person asks for is done, the rest is a
    /// hint for a renewal that needs one.
    fn has_reason_to_try(&self, trigger: Trigger, now: Reading) -> bool {
        match trigger {
            Trigger::Asked => self.is_renewable(),
            Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed | Trigger::Reached => self.is_trying(now),
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
                Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed | Trigger::Reached => {
                    self.settled(trigger, now).max(failing.probed_at + schedule::PROBES_APART)
                }
            });
        }
        if self.has_reason_to_try(trigger, now) { self.tries(trigger, now) } else { Effect::None }
    }

    fn tries(&mut self, trigger: Trigger, now: Reading) -> Effect {
        self.tries_from(trigger, now).map_or(Effect::None, Effect::Tries)
    }

    /// Where the tries for `trigger` begin: at once for the person; else when it has settled, once for a whole burst, not
    /// sooner than the server said, and as far as a network that flaps leaves room.
    fn tries_from(&mut self, trigger: Trigger, now: Reading) -> Option<Moment> {
        if trigger == Trigger::Asked {
            return Some(now.moment);
        }
        if trigger == Trigger::Reached && self.renewal.under_way() {
            return None;
        }
        let rank = if trigger == Trigger::Reached { Rank::Seen } else { Rank::First };
        let settled = self.settled(trigger, now);
        // What the person asked for is no reason to be slow about what happens then.
        match self.renewal.quick.as_mut().filter(|quick| !quick.asked && quick.from > now.moment) {
            Some(same_burst) => {
                same_burst.settled = same_burst.settled.max(settled);
                None
            }
            None => Some(self.renewal.not_sooner_than_told(self.renewal.made.room(settled, rank))),
        }
    }

    /// Whether something can be tried where only a sign-in is sure to help.
    fn may_try_once(&self, trigger: Trigger) -> bool {
        match trigger {
            Trigger::Asked => !self.renewal.under_way() && (self.is_renewable() || self.is_obtainable()),
            Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed => self.is_renewable(),
            // Whoever needs a sign-in waits for no server.
            Trigger::Reached => false,
        }
    }

    /// When what led to `trigger` has settled: what was seen is so already.
    fn settled(&self, trigger: Trigger, now: Reading) -> Moment {
        match trigger {
            Trigger::Woke | Trigger::NetworkChanged | Trigger::Resumed => now.moment + self.policy.trigger_settle,
            Trigger::Reached | Trigger::Asked => now.moment,
        }
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
