//! What a kill did to the login, and the sum of them. Knows figures only.

use std::fmt;
use std::time::Duration;

/// One kill, and what was found afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// What was under way with the authorization server.
    pub under_way: UnderWay,
    /// Whether the engine had said of the answer that it was written.
    pub written: bool,
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
    /// A request had come to the server, which never worked on it.
    Asked,
    /// The server worked on it then or later; it had handed no answer to the system.
    Worked,
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
    /// Lost in the window: the answer had been sent, and was not written yet.
    Window,
    /// Lost for no such reason: a promise is broken.
    Broken,
}

/// A renewal that was not disturbed: when its answer was where, on one clock.
#[derive(Clone, Copy, Debug)]
pub struct Renewal {
    /// The server had handed it to the system.
    pub sent: Duration,
    /// The engine had read it.
    pub read: Duration,
    /// It had been written so that no end of the process loses it, or stored, where the store tells only that.
    pub safe: Duration,
    /// The store had answered for it, with all that it waits for.
    pub stored: Duration,
}

/// All kills of a run.
#[derive(Debug, Default)]
pub struct Tally {
    /// One after the other.
    pub kills: Vec<Kill>,
    /// The renewals after each, where the login was kept.
    pub renewals: Vec<Renewal>,
    /// How many calls the MCP server has answered meanwhile.
    pub calls: u64,
}

impl Kill {
    /// What it means.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        if self.kept {
            return Verdict::Kept;
        }
        match self.under_way {
            UnderWay::Worked if self.reused && !self.written => Verdict::Unsent,
            UnderWay::Answered(_) if self.reused && !self.written => Verdict::Window,
            UnderWay::Nothing | UnderWay::Asked | UnderWay::Worked | UnderWay::Answered(_) => Verdict::Broken,
        }
    }
}

impl Tally {
    /// How many kills ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.kills.iter().filter(|kill| kill.verdict() == verdict).count()
    }

    /// How many kills fell into an exchange.
    #[must_use]
    pub fn in_an_exchange(&self) -> usize {
        self.kills.iter().filter(|kill| kill.under_way != UnderWay::Nothing).count()
    }

    /// How many kills found the exchange so far, and how many of them cost the login.
    fn lost_of(&self, so_far: impl Fn(&Kill) -> bool) -> Lost {
        let kills = || self.kills.iter().filter(|kill| so_far(kill));
        Lost { kills: kills().count(), lost: kills().filter(|kill| !kill.kept).count() }
    }

    /// How long before the kill the answer had been sent, kill by kill.
    fn answered(&self, kept: bool) -> impl Iterator<Item = Duration> {
        self.kills.iter().filter(move |kill| kill.kept == kept).filter_map(|kill| match kill.under_way {
            UnderWay::Answered(ago) => Some(ago),
            UnderWay::Nothing | UnderWay::Asked | UnderWay::Worked => None,
        })
    }

    fn spread(&self, span: impl Fn(&Renewal) -> Duration) -> Spread {
        Spread::of(self.renewals.iter().map(span).collect())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} kills under load of {} calls, and the logins that they cost", self.kills.len(), self.calls)?;
        let asked_so_far = |so_far| self.lost_of(|kill| kill.under_way == so_far);
        let answered =
            |written| self.lost_of(|kill| matches!(kill.under_way, UnderWay::Answered(_)) && kill.written == written);
        writeln!(out, "  no request had left          {}", asked_so_far(UnderWay::Nothing))?;
        writeln!(out, "  asked, never worked on       {}", asked_so_far(UnderWay::Asked))?;
        writeln!(out, "  worked on, no answer sent    {}   (by the protocol)", asked_so_far(UnderWay::Worked))?;
        writeln!(out, "  answer sent, not written     {}   (the window)", answered(false))?;
        writeln!(out, "  answer written               {}", answered(true))?;
        if let Some(oldest) = self.answered(false).max() {
            writeln!(out, "    oldest answer lost         {} µs after it was sent", oldest.as_micros())?;
        }
        if let Some(youngest) = self.answered(true).min() {
            writeln!(out, "    youngest answer kept       {} µs after it was sent", youngest.as_micros())?;
        }
        writeln!(out, "  promises broken              {}", self.count(Verdict::Broken))?;
        writeln!(out, "the window in µs, of {} renewals that were not disturbed", self.renewals.len())?;
        writeln!(out, "  sent to read                 {}", self.spread(|at| at.read.saturating_sub(at.sent)))?;
        writeln!(out, "  read to safe from a kill     {}", self.spread(|at| at.safe.saturating_sub(at.read)))?;
        writeln!(out, "  sent to safe from a kill     {}", self.spread(|at| at.safe.saturating_sub(at.sent)))?;
        write!(out, "  sent to stored for good      {}", self.spread(|at| at.stored.saturating_sub(at.sent)))
    }
}

struct Lost {
    kills: usize,
    lost: usize,
}

impl fmt::Display for Lost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:>4} kills, {:>3} lost", self.kills, self.lost)
    }
}

/// The middle, the tail and the end of a list.
struct Spread(Vec<Duration>);

impl Spread {
    fn of(mut list: Vec<Duration>) -> Self {
        list.sort_unstable();
        Self(list)
    }

    fn at(&self, hundredth: usize) -> u128 {
        let place = (self.0.len() * hundredth / 100).min(self.0.len().saturating_sub(1));
        self.0.get(place).map_or(0, Duration::as_micros)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "p50 {:>5}   p99 {:>6}   longest {:>6}", self.at(50), self.at(99), self.at(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_loss_means_hangs_on_how_far_the_exchange_was() {
        let lost = |under_way| Kill { under_way, written: false, kept: false, reused: true };
        let answered = UnderWay::Answered(Duration::from_micros(80));
        assert_eq!(lost(UnderWay::Nothing).verdict(), Verdict::Broken);
        assert_eq!(lost(UnderWay::Asked).verdict(), Verdict::Broken, "the server had replaced nothing");
        assert_eq!(lost(UnderWay::Worked).verdict(), Verdict::Unsent);
        assert_eq!(lost(answered).verdict(), Verdict::Window);
        assert_eq!(Kill { written: true, ..lost(answered) }.verdict(), Verdict::Broken, "it had been written");
        assert_eq!(Kill { reused: false, ..lost(answered) }.verdict(), Verdict::Broken, "no rotation was in the way");
        assert_eq!(Kill { kept: true, ..lost(answered) }.verdict(), Verdict::Kept);
    }

    #[test]
    fn the_spread_of_a_list_is_its_middle_its_tail_and_its_end() {
        let list = Spread::of((1..=200).rev().map(Duration::from_micros).collect());
        assert_eq!([list.at(50), list.at(99), list.at(100)], [101, 199, 200]);
        assert_eq!(Spread::of(Vec::new()).at(99), 0);
    }
}
