//! How soon everything runs again once it can, and what waiting for that costs: the figures, each beside what it may be.
//!
//! Measured on the program itself, from outside: a round puts a machine into trouble, waits until every workload on it
//! is `auth_retrying` and a random while longer, in which it may seem to be over, ends the trouble, and reads in the
//! journal when the last workload is `running`. Several machines, each in a network of its own, go through their rounds
//! side by side.

mod machine;

use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;

use self::machine::{Machine, Trouble};
use crate::desktop::processes::Tree;
use crate::exchanges::monotonic;
use crate::figure::Figure;
use crate::patience::{pause, until};
use crate::weather::network::WayEnd;

/// So many machines there are at once.
const MACHINES: usize = 8;
/// So many workloads are kept signed in on each.
const WORKLOADS: usize = 3;
/// So many are there where it is measured what waiting costs.
const WAITING: usize = 20;
/// What the beginning of the wait takes is over by then.
const SETTLED: Duration = Duration::from_secs(10);
/// So often something changes at most before what ends the trouble.
const STIRS: usize = 2;
/// Up to so much time passes before each of these, in milliseconds.
const LONGEST_BEFORE: u64 = 20_000;
/// Up to so much time passes before the end, in milliseconds: longer than any quick tries go on.
const LONGEST_LAST: u64 = 90_000;
/// Sleep lasts up to so long, in milliseconds.
const LONGEST_NAP: u64 = 5_000;
/// Changes further apart than this have nothing to do with one another.
const APART: Duration = Duration::from_mins(1);
/// The median of the way back may be this, in milliseconds.
const MEDIAN: f64 = 3_000.0;
/// So may the longest.
const LONGEST: f64 = 10_000.0;
/// The processor may be kept busy for so long in a minute of waiting, in milliseconds.
const BUSY: f64 = 30.0;

/// One way through trouble and back.
struct Round {
    trouble: Trouble,
    /// From the end of the trouble until everything ran.
    took: Duration,
    /// From the last change of the machine or its network before.
    since_last: Duration,
}

/// Measures everything: so many `rounds` of trouble with the network, as many of such as ends without a word, and as many of
/// sleep, drawn from `seed`, and the cost of waiting for `idle`; `tell` hears of each round and each figure. `None` where
/// this user may not make networks.
pub async fn measure(rounds: usize, idle: Duration, seed: u64, tell: impl Fn(&str)) -> Option<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut note = |figure: Figure| {
        tell(&figure.to_string());
        figures.push(figure);
    };
    waiting(idle).await?.into_iter().for_each(&mut note);
    let machines = join_all((0..MACHINES).map(|_| Machine::start(WORKLOADS))).await;
    let machines: Vec<_> = machines.into_iter().collect::<Option<_>>()?;
    let mut dice = fastrand::Rng::with_seed(seed);
    let kinds: [&[Trouble]; 3] = [&Trouble::NETWORK, &Trouble::UNTOLD, &Trouble::SLEEP];
    let mut plan: Vec<_> = kinds.iter().flat_map(|kinds| kinds.iter().copied().cycle().take(rounds)).collect();
    dice.shuffle(&mut plan);
    let shares = machines.iter().enumerate().map(|(at, machine)| {
        let share = plan.iter().copied().skip(at).step_by(MACHINES);
        live(machine, share, dice.fork(), &tell)
    });
    let lived: Vec<_> = join_all(shares).await.into_iter().flatten().collect();
    let whats = ["network usable to running", "network usable, untold, to running", "wake to running"];
    for (what, kinds) in whats.into_iter().zip(kinds) {
        let of_kind: Vec<_> = lived.iter().filter(|round| kinds.contains(&round.trouble)).collect();
        ways_back(what, &of_kind).into_iter().for_each(&mut note);
    }
    losses(machines).await.into_iter().for_each(&mut note);
    Some(figures)
}

/// What it costs when every workload waits for its server, and nobody asks for anything.
async fn waiting(idle: Duration) -> Option<[Figure; 2]> {
    let machine = Machine::start(WAITING).await?;
    let mut journal = machine.journal();
    // Dearer than silence: somebody answers when it is looked whether their server is back.
    machine.worsen(Trouble::Obstacle(WayEnd::Firewall)).await;
    journal.until_all("auth_retrying").await;
    // Who follows the journal is no part of it.
    drop(journal);
    pause(SETTLED).await;
    let tree = Tree::below(machine.engine.id());
    let before = tree.work();
    pause(idle).await;
    let (busy, woken) = tree.work().since(&before);
    let minutes = idle.as_secs_f64() / 60.0;
    #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit after the point")]
    let woken = woken as f64 / minutes;
    Some([
        Figure::milliseconds("processor, 20 workloads waiting, a minute", busy.div_f64(minutes), Some(BUSY)),
        Figure { what: "wake-ups, 20 workloads waiting, a minute".to_owned(), value: woken, bound: None, unit: "" },
    ])
}

/// Goes through `troubles` on one machine, one after the other.
async fn live(
    machine: &Machine,
    troubles: impl Iterator<Item = Trouble>,
    mut dice: fastrand::Rng,
    tell: impl Fn(&str),
) -> Vec<Round> {
    let mut journal = machine.journal();
    let mut rounds = Vec::new();
    for trouble in troubles {
        journal.until_all("running").await;
        journal.turn_over();
        let mut last = monotonic();
        machine.worsen(trouble).await;
        journal.until_all("auth_retrying").await;
        for _ in 0..dice.usize(0..=STIRS) {
            pause(Duration::from_millis(dice.u64(0..LONGEST_BEFORE))).await;
            machine.stir(trouble, Duration::from_millis(dice.u64(0..LONGEST_NAP))).await;
            last = monotonic();
        }
        pause(Duration::from_millis(dice.u64(0..LONGEST_LAST))).await;
        let begin = machine.mend(trouble, Duration::from_millis(dice.u64(0..LONGEST_NAP))).await;
        let end = journal.until_all("running").await;
        // One that never left `running`, its token being good, may have a renewal to catch up on.
        until("all to be well", async || machine.is_well().await.then_some(())).await;
        let round = Round { trouble, took: end.saturating_sub(begin), since_last: begin.saturating_sub(last) };
        tell(&round.to_string());
        if round.took.as_secs_f64() * 1000.0 > LONGEST {
            tell(journal.told(begin).trim_end());
        }
        rounds.push(round);
    }
    rounds
}

/// How long `rounds` took: all of them, and those before whose end nothing had changed for a while.
fn ways_back(what: &str, rounds: &[&Round]) -> Vec<Figure> {
    let calm = rounds.iter().filter(|round| round.since_last > APART);
    let mut figures = spread(what, rounds.iter().map(|round| round.took).collect());
    figures.extend(spread(&format!("{what} after a calm minute"), calm.map(|round| round.took).collect()));
    figures
}

/// The median, the ninth decile and the longest of `spans`; none of none.
fn spread(what: &str, mut spans: Vec<Duration>) -> Vec<Figure> {
    spans.sort_unstable();
    let count = spans.len();
    let part = |name: &str, percent: usize, bound| {
        let span = spans.get((count * percent).div_ceil(100).checked_sub(1)?)?;
        Some(Figure::milliseconds(format!("{what}, {name} of {count}"), *span, bound))
    };
    let parts = [part("p50", 50, Some(MEDIAN)), part("p90", 90, None), part("longest", 100, Some(LONGEST))];
    parts.into_iter().flatten().collect()
}

/// What must not have happened in all of that. Ends the machines.
async fn losses(machines: Vec<Machine>) -> [Figure; 2] {
    let (mut sign_ins, mut reused) = (0, 0);
    for machine in machines {
        sign_ins += machine.servers.count("sign_ins").await;
        reused += machine.servers.count("reused_refresh_tokens").await;
        assert_eq!(machine.engine.terminate().await.code(), Some(0));
    }
    let none = |what: &str, count: u64| {
        #[expect(clippy::cast_precision_loss, reason = "it is small")]
        let value = count as f64;
        Figure { what: what.to_owned(), value, bound: Some(0.0), unit: "" }
    };
    let asked = sign_ins.saturating_sub((MACHINES * WORKLOADS) as u64);
    [none("sign-ins asked for", asked), none("refresh tokens that were used twice", reused)]
}

impl fmt::Display for Round {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trouble, took, since_last } = self;
        let (what, took, since) = (trouble.what(), took.as_secs_f64(), since_last.as_secs());
        write!(out, "{what:<20} over {since:>3} s after the last change: running after {took:>7.3} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(took: u64, since_last: u64) -> Round {
        let (took, since_last) = (Duration::from_millis(took), Duration::from_secs(since_last));
        Round { trouble: Trouble::Cable, took, since_last }
    }

    fn values(rounds: &[Round]) -> Vec<f64> {
        ways_back("there to here", &rounds.iter().collect::<Vec<_>>()).iter().map(|figure| figure.value).collect()
    }

    #[test]
    fn a_median_is_one_of_those_it_is_of() {
        let rounds: Vec<_> = (1..=100).rev().map(|took| round(took, 1)).collect();
        assert_eq!(values(&rounds), [50.0, 90.0, 100.0]);
        assert_eq!(values(&[]), [0.0; 0]);
    }

    #[test]
    fn those_that_follow_soon_are_told_with_all_and_not_apart() {
        let rounds = [round(7, 90), round(9, 60), round(8, 61)];
        assert_eq!(values(&rounds), [8.0, 9.0, 9.0, 7.0, 8.0, 8.0]);
    }

    #[test]
    fn whatever_takes_too_long_is_beyond_its_bound() {
        let held =
            |took: [u64; 3]| ways_back("", &took.map(|took| round(took, 1)).each_ref()).iter().all(Figure::holds);
        assert!(held([2_900, 3_000, 10_000]));
        assert!(!held([2_900, 3_000, 10_001]));
        assert!(!held([2_900, 3_001, 9_000]));
    }
}
