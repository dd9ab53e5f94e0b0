//! What a kill did to the login, and the sum of them. Knows figures only.

use std::fmt;
use std::time::Duration;

/// One kill, and what was found afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// What was under way with the authorization server.
    pub under_way: UnderWay,
    /// Whether the login was still good after the restart.
    pub kept: bool,
    /// Whether a refresh token was sent that the server had replaced.
    pub reused: bool,
}

/// How far the exchange was when the engine was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnderWay {
    /// No request had left.
    Nothing,
    /// A request had left; the server had handed no answer to the system.
    Asked,
    /// It had, this long before.
    Answered(Duration),
}

/// What a kill means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The login was kept.
    Kept,
    /// Lost by the protocol: the server rotated, and its answer had not been sent when the engine was killed.
    Unsent,
    /// Lost in the window: the answer had been sent, and was not stored yet.
    Window,
    /// Lost for no such reason: a promise is broken.
    Broken,
}

/// All kills of a run.
#[derive(Debug, Default)]
pub struct Tally {
    /// One after the other.
    pub kills: Vec<Kill>,
    /// From an answer's being sent to its being read, renewal by renewal.
    pub on_the_way: Vec<Duration>,
    /// From an answer's being read to its being safe from an end of the process, renewal by renewal.
    pub in_memory: Vec<Duration>,
    /// From an answer's being read to its being stored, with all that the store waits for, renewal by renewal.
    pub storing: Vec<Duration>,
    /// How many calls the MCP server has answered meanwhile.
    pub calls: u64,
}

impl Kill {
    /// What it means.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match (self.kept, self.reused, self.under_way) {
            (true, ..) => Verdict::Kept,
            (false, true, UnderWay::Asked) => Verdict::Unsent,
            (false, true, UnderWay::Answered(_)) => Verdict::Window,
            (false, false, _) | (false, true, UnderWay::Nothing) => Verdict::Broken,
        }
    }
}

impl Tally {
    /// How many kills of this kind ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.kills.iter().filter(|kill| kill.verdict() == verdict).count()
    }

    /// How many kills fell while a request was under way.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.kills.iter().filter(|kill| kill.under_way == UnderWay::Asked).count()
    }

    fn answered(&self, kept: bool) -> impl Iterator<Item = Duration> {
        self.kills.iter().filter(move |kill| kill.kept == kept).filter_map(|kill| match kill.under_way {
            UnderWay::Answered(ago) => Some(ago),
            UnderWay::Nothing | UnderWay::Asked => None,
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quiet = self.kills.iter().filter(|kill| kill.under_way == UnderWay::Nothing).count();
        let answered = self.answered(true).count() + self.answered(false).count();
        writeln!(out, "kills                               {}", self.kills.len())?;
        writeln!(out, "  no request had left               {quiet}")?;
        writeln!(out, "  a request, and no answer sent     {}", self.asked())?;
        writeln!(out, "  the answer had been sent          {answered}")?;
        writeln!(out, "logins kept                         {}", self.count(Verdict::Kept))?;
        writeln!(out, "  lost: rotated, answer not sent    {}   (by the protocol)", self.count(Verdict::Unsent))?;
        writeln!(out, "  lost: answer sent, not stored     {}   (the window)", self.count(Verdict::Window))?;
        writeln!(out, "  lost otherwise                    {}   (must be 0)", self.count(Verdict::Broken))?;
        if let Some(oldest) = self.answered(false).max() {
            writeln!(out, "oldest answer that was lost         {} µs after it was sent", oldest.as_micros())?;
        }
        if let Some(youngest) = self.answered(true).min() {
            writeln!(out, "youngest answer that was kept       {} µs after it was sent", youngest.as_micros())?;
        }
        writeln!(out, "the window, of {} renewals under load of {} calls, in µs", self.storing.len(), self.calls)?;
        writeln!(out, "  from sent to read                 {}", Spread(&self.on_the_way))?;
        writeln!(out, "  from read to safe from a kill     {}", Spread(&self.in_memory))?;
        write!(out, "  from read to safe on the disk     {}", Spread(&self.storing))
    }
}

/// The middle, the tail and the end of a list.
struct Spread<'a>(&'a [Duration]);

impl fmt::Display for Spread<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.to_vec();
        sorted.sort_unstable();
        let at = |hundredth: usize| {
            let place = (sorted.len() * hundredth / 100).min(sorted.len().saturating_sub(1));
            sorted.get(place).map_or(0, Duration::as_micros)
        };
        write!(out, "p50 {}   p99 {}   longest {}", at(50), at(99), at(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_loss_means_hangs_on_how_far_the_exchange_was() {
        let lost = |under_way, reused| Kill { under_way, kept: false, reused }.verdict();
        let answered = UnderWay::Answered(Duration::from_micros(80));
        assert_eq!(lost(UnderWay::Nothing, true), Verdict::Broken);
        assert_eq!(lost(UnderWay::Asked, true), Verdict::Unsent);
        assert_eq!(lost(answered, true), Verdict::Window);
        assert_eq!(lost(answered, false), Verdict::Broken, "no rotation was in the way");
        assert_eq!(Kill { under_way: answered, kept: true, reused: false }.verdict(), Verdict::Kept);
    }

    #[test]
    fn the_spread_of_a_list_is_its_middle_its_tail_and_its_end() {
        let list: Vec<_> = (1..=200).rev().map(Duration::from_micros).collect();
        assert_eq!(Spread(&list).to_string(), "p50 101   p99 199   longest 200");
        assert_eq!(Spread(&[]).to_string(), "p50 0   p99 0   longest 0");
    }
}
