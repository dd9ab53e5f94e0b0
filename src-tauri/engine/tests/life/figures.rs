//! What months came to, in figures.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::server::Loss;

/// How it is known that the network is there again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// The machine tells.
    Told,
    /// It tells while the tries for an earlier change still go on.
    ToldAgain,
    /// Nobody tells.
    Found,
    /// Nobody tells, while the tries for an earlier change still go on.
    FoundAgain,
}

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
    /// How long it took from the network being there again until all was running.
    pub(crate) recoveries: BTreeMap<Way, Vec<Duration>>,
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
        for (way, theirs) in other.recoveries {
            let mine = self.recoveries.entry(way).or_default();
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
        write!(out, "from the network being there again to all running:")?;
        for (way, spans) in &self.recoveries {
            let at = |percent: usize| spans[(spans.len() * percent / 100).min(spans.len() - 1)];
            let way = match way {
                Way::Told => "where the machine tells",
                Way::ToldAgain => "where it tells soon after another change",
                Way::Found => "where nobody tells",
                Way::FoundAgain => "where nobody tells, soon after another change",
            };
            write!(out, "\n- {way}: p50 {:?}, p99 {:?}, worst {:?} of {}", at(50), at(99), at(100), spans.len())?;
        }
        Ok(())
    }
}
