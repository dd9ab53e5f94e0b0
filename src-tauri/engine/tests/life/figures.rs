//! What months came to, in figures.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::server::Loss;

/// What months came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// How many months.
    pub(crate) months: u64,
    /// Attempts at the token endpoint that the engine wrote down.
    pub(crate) attempts: u64,
    /// Stays in `auth_retrying`.
    pub(crate) episodes: u64,
    /// Engines that were killed, at a random moment or in the middle of an exchange.
    pub(crate) kills: u64,
    /// Times that the machine was suspended.
    pub(crate) suspends: u64,
    /// What befell network, servers, store and clock.
    pub(crate) troubles: u64,
    /// Grants that a server ended of its own will.
    pub(crate) ended: u64,
    /// Requests that the engine let through, or did not.
    pub(crate) calls: (u64, u64),
    /// Logins that were lost to what nobody can help.
    pub(crate) lost: BTreeMap<Loss, u64>,
    /// How long it took from the network being there again until all was running: while the tries for an earlier change
    /// still went on, and without any.
    pub(crate) recoveries: [Vec<Duration>; 2],
}

impl Figures {
    /// With those of another run.
    pub(crate) fn add(&mut self, other: Self) {
        self.months += other.months;
        self.attempts += other.attempts;
        self.episodes += other.episodes;
        self.kills += other.kills;
        self.suspends += other.suspends;
        self.troubles += other.troubles;
        self.ended += other.ended;
        self.calls = (self.calls.0 + other.calls.0, self.calls.1 + other.calls.1);
        for (loss, count) in other.lost {
            *self.lost.entry(loss).or_default() += count;
        }
        for (mine, theirs) in self.recoveries.iter_mut().zip(other.recoveries) {
            mine.extend(theirs);
            mine.sort_unstable();
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} months: {} troubles, {} suspends, {} kills",
            self.months, self.troubles, self.suspends, self.kills
        )?;
        writeln!(out, "{} attempts, {} stays in auth_retrying", self.attempts, self.episodes)?;
        writeln!(out, "{} calls served, {} refused", self.calls.0, self.calls.1)?;
        writeln!(out, "{} grants ended by servers; lost to what nobody can help: {:?}", self.ended, self.lost)?;
        let [flapping, calm] = self.recoveries.each_ref().map(|spans| {
            let at =
                |percent: usize| spans.get((spans.len() * percent / 100).min(spans.len().saturating_sub(1))).copied();
            format!("p50 {:?}, p99 {:?}, worst {:?} of {}", at(50), at(99), at(100), spans.len())
        });
        writeln!(out, "from the network being there again to all running: {calm}")?;
        write!(out, "the same soon after another change: {flapping}")
    }
}
