//! When the next try is due: margins, backoff, ticks, quick tries, and jitter without randomness.
//!
//! Arithmetic on times only; knows neither states nor events.

use std::collections::VecDeque;
use std::time::Duration;

use crate::lease::Lease;
use crate::policy::Policy;
use crate::time::Moment;

/// An attempt that was not answered by then never will be: the 30 s that one may take, and some grace.
pub(super) const GIVE_UP: Duration = Duration::from_secs(35);

/// One that a suspend interrupted has this long after waking: its answer may have come meanwhile.
pub(super) const AFTER_WAKING: Duration = Duration::from_secs(10);

/// Where a trigger leads to tries, counted from the end of its settle time.
const QUICK_TRIES: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(3), Duration::from_secs(10), Duration::from_secs(30)];

/// A network that flaps has no more changes tried for in this time than a single trigger has tries.
const QUICK_PERIOD: Duration = Duration::from_mins(1);

/// How far a quick try is from the one before at least, after none, one, two and more within the period: a change soon
/// after another is tried for soon, and a network that flaps for a while does not use up everything at its beginning.
const QUICK_APART: [Duration; QUICK_TRIES.len()] =
    [Duration::ZERO, Duration::from_secs(3), Duration::from_secs(5), Duration::from_secs(8)];

/// A lease that nobody has used is as good as new for this long: a refusal later on may well be its expiry.
pub(super) const FRESH: Duration = Duration::from_mins(5);

/// How often an upstream out of reach is looked for.
pub(super) const PROBE_PERIOD: Duration = Duration::from_mins(1);

/// Triggers have it looked for this far apart at least.
pub(super) const PROBES_APART: Duration = Duration::from_secs(5);

/// A fresh lease is not renewed sooner than this, however short it lives.
pub(super) const SHORTEST_RENEWAL: Duration = Duration::from_secs(1);

/// The share of a lifetime that remains when it is renewed, and the most that it may be.
const MARGIN_PERCENT: u32 = 20;
const LONGEST_MARGIN: Duration = Duration::from_mins(5);

/// What jitter is derived from: a workload's name and a number that changes from try to try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed<'a> {
    pub(super) name: &'a str,
    pub(super) number: u64,
}

impl Seed<'_> {
    /// `span`, more or less by up to `percent`.
    fn jitter(self, span: Duration, percent: u32) -> Duration {
        // The upper half of the hash, as a part of one.
        let part = f64::from(u32::try_from(self.hash() >> 32).unwrap_or_default()) / 2f64.powi(32);
        let reach = f64::from(percent) / 100.0;
        span.mul_f64(1.0 - reach + 2.0 * reach * part)
    }

    /// FNV-1a, and `SplitMix64`'s finish, without which the numbers of two tries in a row lead to hashes a constant
    /// apart, and whoever was jittered apart is brought together again. The same on every machine and in every version.
    fn hash(self) -> u64 {
        let bytes = self.name.bytes().chain(self.number.to_le_bytes());
        let hash: u64 =
            bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

/// The wait after the `failed`-th try of a short retry.
pub(super) fn short_wait(policy: &Policy, failed: u32, seed: Seed<'_>) -> Duration {
    let longest = policy.max_retry_interval;
    let mut wait = policy.initial_retry_interval;
    for _ in 1..failed {
        if wait >= longest {
            break;
        }
        wait = wait.saturating_mul(3) / 2;
    }
    seed.jitter(wait.min(longest), 50).min(longest)
}

/// The wait between two tries of an episode.
pub(super) fn tick(policy: &Policy, seed: Seed<'_>) -> Duration {
    seed.jitter(policy.auth_retrying_tick_interval, 10)
}

/// When `lease` is to be renewed; `None` where nothing says when it expires.
pub(super) fn renewal_at(policy: &Policy, lease: &Lease, seed: Seed<'_>) -> Option<Moment> {
    let expiry = lease.expires_at?;
    let lifetime = expiry.since(lease.issued_at);
    let margin =
        policy.refresh_margin.unwrap_or_else(|| (lifetime.saturating_mul(MARGIN_PERCENT) / 100).min(LONGEST_MARGIN));
    Some(expiry - seed.jitter(margin, 10).min(lifetime / 2))
}

/// The quick tries of the last period, the oldest first.
#[derive(Debug, Default)]
pub(super) struct QuickTries(VecDeque<QuickTry>);

#[derive(Clone, Copy, Debug)]
struct QuickTry {
    at: Moment,
    rank: Rank,
}

/// What a try is worth, the most first: none is kept waiting by those that are worth less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A trigger's first.
    First,
    /// That of a server that was seen.
    Seen,
    /// A trigger's others, which only bridge the time until something happens.
    Further,
}

impl QuickTries {
    pub(super) fn note(&mut self, at: Moment, rank: Rank) {
        self.0.retain(|made| at.since(made.at) < QUICK_PERIOD);
        self.0.push_back(QuickTry { at, rank });
    }

    /// The one at `at` was none.
    pub(super) fn forget(&mut self, at: Moment) {
        self.0.retain(|made| made.at != at);
    }

    /// When there may be one more that is wanted `at`.
    pub(super) fn room(&self, at: Moment, rank: Rank) -> Moment {
        let counts = |made: &&QuickTry| made.rank <= rank && at.since(made.at) < QUICK_PERIOD;
        let recent = || self.0.iter().filter(counts);
        let count = recent().count();
        let apart = QUICK_APART[count.min(QUICK_APART.len() - 1)];
        let spaced = self.0.back().map_or(at, |last| at.max(last.at + apart));
        let in_the_way = count.checked_sub(QUICK_TRIES.len()).and_then(|surplus| recent().nth(surplus));
        in_the_way.map_or(spaced, |made| spaced.max(made.at + QUICK_PERIOD))
    }
}

/// The first quick try after `now` of those that begin at `anchor`.
pub(super) fn quick_try(anchor: Moment, now: Moment) -> Option<Moment> {
    QUICK_TRIES.iter().map(|offset| anchor + *offset).find(|at| *at > now)
}
