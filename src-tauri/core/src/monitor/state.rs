//! What a monitor remembers: the values that its transitions move between.

use std::time::Duration;

use jiff::Timestamp;

use super::episode::Episode;
use super::schedule::{self, QuickTries, Rank, Seed};
use crate::condition::{Cause, StoreFault, UpstreamFault};
use crate::lease::{Attempt, Lease};
use crate::policy::Policy;
use crate::status::Phase;
use crate::time::{Moment, Reading};

/// What the monitor is doing.
#[derive(Debug)]
pub(super) enum State {
    Stopped {
        past: Option<Past>,
    },
    /// Waits for the answer of an attempt under way.
    Stopping {
        past: Option<Past>,
    },
    Removing,
    /// The secret store is being read.
    Loading(Loading),
    /// What was loaded is being refreshed before anything else; an episode may go on meanwhile.
    Starting {
        episode: Option<Episode>,
    },
    /// `running`, or `unhealthy` while the upstream fails.
    Running,
    Retrying {
        episode: Episode,
        cause: Cause,
    },
    Unauthenticated {
        cause: Cause,
    },
}

/// What a stop or restart interrupted, and a start goes on with.
#[derive(Clone, Debug)]
pub(super) enum Past {
    Episode(Episode),
    Unauthenticated { cause: Cause, since: Timestamp },
}

#[derive(Debug)]
pub(super) struct Loading {
    pub(super) past: Option<Past>,
    pub(super) errand: Errand,
    pub(super) fault: Option<StoreFault>,
    /// The server has asked for a sign-in meanwhile.
    pub(super) challenged: bool,
    /// What is loaded is to be refreshed even when it is valid.
    pub(super) refresh: bool,
}

/// Something asked of the secret store, again and again until it succeeds.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) failed: u32,
    pub(super) step: Step,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Due(Moment),
    Asked { give_up_at: Moment },
}

/// A rotated token that the secret store does not hold yet.
#[derive(Debug)]
pub(super) struct Unstored {
    pub(super) fault: StoreFault,
    pub(super) errand: Errand,
}

/// The lease in hand, and what the upstream thinks of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) lease: Lease,
    pub(super) standing: Standing,
    /// It replaced one that the upstream had rejected.
    pub(super) born_of_rejection: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Unproven,
    Accepted,
    Rejected,
}

/// Attempts: the one that is due, the one under way, and what holds them back or hurries them.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    /// How many there were.
    pub(super) attempts: u64,
    pub(super) due: Option<Due>,
    pub(super) in_flight: Option<InFlight>,
    /// Not sooner, said the server (`Retry-After`).
    pub(super) not_before: Option<Moment>,
    /// The quick tries of the last trigger.
    pub(super) quick: Option<Quick>,
    /// Those that were made, the person's aside.
    pub(super) made: QuickTries,
    /// An error word that ends the grant if the next answer repeats it.
    pub(super) previous_word: Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Quick {
    /// Where they begin.
    pub(super) from: Moment,
    /// When everything that happened until they begin has settled.
    pub(super) settled: Moment,
    /// The person's doing, and no flapping network's.
    pub(super) asked: bool,
    /// An attempt was begun since then.
    pub(super) tried: bool,
}

impl Quick {
    pub(super) const fn asked(now: Moment) -> Self {
        Self { from: now, settled: now, asked: true, tried: false }
    }

    pub(super) const fn beginning(from: Moment) -> Self {
        Self { from, settled: from, asked: false, tried: false }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) at: Moment,
    pub(super) of: Doing,
}

/// Whose doing a try is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// The schedule's: a renewal ahead of expiry, a short retry, a tick.
    Cadence,
    /// A trigger's, which has quick tries.
    Trigger,
    /// That of a look which saw the server.
    Sight,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight {
    pub(super) attempt: Attempt,
    pub(super) begun: Reading,
    pub(super) quick: bool,
    /// The grant it was for is gone: its answer only frees the way for the next.
    pub(super) superseded: bool,
    pub(super) give_up_at: Moment,
}

/// Failures while `running`, before they make an episode.
#[derive(Debug)]
pub(super) struct ShortRetry {
    pub(super) cause: Cause,
    pub(super) since: Moment,
    pub(super) tries: u32,
}

/// How the upstream has been doing.
#[derive(Debug, Default)]
pub(super) struct Upstream {
    /// Answers of 5xx in a row.
    pub(super) errors: u32,
    pub(super) failing: Option<Failing>,
}

#[derive(Debug)]
pub(super) struct Failing {
    pub(super) fault: UpstreamFault,
    pub(super) probe_at: Moment,
    pub(super) probed_at: Moment,
}

impl State {
    pub(super) fn phase(&self, upstream: &Upstream) -> Phase {
        match self {
            Self::Stopped { .. } => Phase::Stopped,
            Self::Stopping { .. } => Phase::Stopping,
            Self::Removing => Phase::Removing,
            Self::Loading(_) | Self::Starting { .. } => Phase::Starting,
            Self::Running if upstream.failing.is_some() => Phase::Unhealthy,
            Self::Running => Phase::Running,
            Self::Retrying { .. } => Phase::AuthRetrying,
            Self::Unauthenticated { .. } => Phase::Unauthenticated,
        }
    }

    pub(super) const fn loading(&self) -> Option<&Loading> {
        if let Self::Loading(loading) = self { Some(loading) } else { None }
    }

    /// The episode that goes on, or would go on after a start.
    pub(super) const fn episode(&self) -> Option<&Episode> {
        match self {
            Self::Retrying { episode, .. }
            | Self::Starting { episode: Some(episode) }
            | Self::Loading(Loading { past: Some(Past::Episode(episode)), .. })
            | Self::Stopped { past: Some(Past::Episode(episode)) }
            | Self::Stopping { past: Some(Past::Episode(episode)) } => Some(episode),
            Self::Stopped { .. }
            | Self::Stopping { .. }
            | Self::Removing
            | Self::Loading(_)
            | Self::Starting { episode: None }
            | Self::Running
            | Self::Unauthenticated { .. } => None,
        }
    }
}

impl Errand {
    pub(super) fn asked(failed: u32, now: Moment) -> Self {
        Self { failed, step: Step::Asked { give_up_at: now + schedule::GIVE_UP } }
    }

    /// The same after an answer that was no success, or none at all.
    pub(super) fn put_off(&self, policy: &Policy, name: &str, now: Moment) -> Self {
        let failed = self.failed + 1;
        let seed = Seed { name, number: u64::from(failed) };
        Self { failed, step: Step::Due(now + schedule::short_wait(policy, failed, seed)) }
    }

    pub(super) const fn deadline(&self) -> Moment {
        match self.step {
            Step::Due(at) | Step::Asked { give_up_at: at } => at,
        }
    }

    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self.step, Step::Due(_))
    }
}

impl Held {
    pub(super) const fn new(lease: Lease) -> Self {
        Self { lease, standing: Standing::Unproven, born_of_rejection: false }
    }

    pub(super) fn usable_at(&self, now: Moment) -> bool {
        self.standing != Standing::Rejected && self.lease.valid_at(now)
    }
}

impl Renewal {
    /// Takes the attempt under way, if it is this one.
    pub(super) fn answered(&mut self, attempt: Attempt) -> Option<InFlight> {
        self.in_flight.take_if(|flight| flight.attempt == attempt)
    }

    /// The attempt under way whose answer counts.
    pub(super) fn under_way(&self) -> bool {
        self.in_flight.is_some_and(|flight| !flight.superseded)
    }

    /// The grant is replaced or gone: nothing that was planned or sent for it counts any more.
    pub(super) fn supersede(&mut self) {
        if let Some(flight) = &mut self.in_flight {
            flight.superseded = true;
        }
        self.due = None;
        self.not_before = None;
        self.quick = None;
        self.made = QuickTries::default();
        self.previous_word = None;
    }

    /// When the next quick try is made, were it not for the server's word.
    pub(super) fn next_quick_try(&self, now: Moment) -> Option<Moment> {
        self.untried(now).or_else(|| {
            let quick = self.quick?;
            let planned = schedule::quick_try(quick.from, now)?;
            Some(if quick.asked { planned } else { self.made.room(planned, Rank::Further) })
        })
    }

    /// When the try is made for a trigger that came while another one was under way, or just before.
    pub(super) fn untried(&self, now: Moment) -> Option<Moment> {
        let quick = self.quick.filter(|quick| !quick.asked && !quick.tried)?;
        Some(self.made.room(quick.settled.max(now), Rank::First))
    }

    /// An attempt begins, by whose doing.
    pub(super) fn begin(&mut self, of: Doing, now: Moment) {
        let mut rank = None;
        if let Some(quick) = self.quick.as_mut().filter(|quick| quick.from <= now) {
            rank = (!quick.asked).then_some(if quick.tried { Rank::Further } else { Rank::First });
            quick.tried = quick.settled <= now;
        }
        let rank = match of {
            Doing::Cadence => None,
            Doing::Trigger => rank,
            Doing::Sight => Some(Rank::Seen),
        };
        if let Some(rank) = rank {
            self.made.note(now, rank);
        }
    }

    /// When a try is due that would be due at `at`, were it not for the server's word.
    pub(super) fn not_sooner_than_told(&self, at: Moment) -> Moment {
        self.not_before.map_or(at, |floor| floor.max(at))
    }
}

impl InFlight {
    pub(super) fn begun(attempt: Attempt, of: Doing, now: Reading) -> Self {
        Self {
            attempt,
            begun: now,
            quick: of != Doing::Cadence,
            superseded: false,
            give_up_at: now.moment + schedule::GIVE_UP,
        }
    }

    /// For how long its answer may still come, the machine having been asleep meanwhile.
    pub(super) fn slept_through(&self, now: Reading) -> Duration {
        schedule::GIVE_UP.saturating_sub(now.awake.saturating_sub(self.begun.awake)).min(schedule::AFTER_WAKING)
    }
}

impl Loading {
    pub(super) fn asked(past: Option<Past>, refresh: bool, now: Moment) -> Self {
        Self { past, errand: Errand::asked(0, now), fault: None, challenged: false, refresh }
    }
}

impl Past {
    /// What a stop interrupts.
    pub(super) fn of(state: State, since: Timestamp, now: Reading) -> Option<Self> {
        match state {
            State::Stopped { past } | State::Stopping { past } => past,
            State::Loading(loading) => loading.past.map(|past| past.paused(now)),
            State::Starting { episode } => episode.map(|episode| Self::Episode(episode.paused(now))),
            State::Retrying { episode, .. } => Some(Self::Episode(episode.paused(now))),
            State::Unauthenticated { cause } => Some(Self::Unauthenticated { cause, since }),
            State::Running | State::Removing => None,
        }
    }

    pub(super) fn paused(self, now: Reading) -> Self {
        match self {
            Self::Episode(episode) => Self::Episode(episode.paused(now)),
            Self::Unauthenticated { .. } => self,
        }
    }

    pub(super) fn resumed(self, now: Reading) -> Self {
        match self {
            Self::Episode(episode) => Self::Episode(episode.resumed(now)),
            Self::Unauthenticated { .. } => self,
        }
    }

    pub(super) const fn is_sign_out(&self) -> bool {
        matches!(self, Self::Unauthenticated { cause: Cause::SignedOut, .. })
    }

    /// Whether `lease` was issued after this began, and so settles it.
    pub(super) fn is_settled_by(&self, lease: &Lease, now: Reading) -> bool {
        let began = match self {
            Self::Episode(episode) => episode.started_at,
            Self::Unauthenticated { since, .. } => *since,
        };
        !lease.is_yet_to_come() && lease.issued_at > now.moment_at(began)
    }
}

impl ShortRetry {
    pub(super) fn is_over(&self, next: Moment, max_tries: u32, max_elapsed: Duration) -> bool {
        self.tries >= max_tries || next > self.since + max_elapsed
    }
}
