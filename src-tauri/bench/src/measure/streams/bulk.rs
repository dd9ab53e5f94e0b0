//! A long answer: how fast it passes, and how much memory that takes.

use anyhow::{Result, bail};
use http_body_util::BodyExt;

use super::{Between, Way};
use crate::measure::Effort;
use crate::measure::load::{Caller, Target};
use crate::measure::report::{Table, kib, median, say};
use crate::measure::roles::BULK;
use crate::measure::stopwatch::Stopwatch;

struct Round {
    /// Megabytes (10^6 bytes).
    per_second: f64,
    /// Time on a processor of what is between, in milliseconds.
    cpu: f64,
    /// What it held at its peak, more than before, in bytes.
    peak: u64,
}

pub(super) async fn measure(between: &Between, effort: Effort) -> Result<Table> {
    let ways = between.ways();
    let mut rounds: [Vec<Round>; 4] = Default::default();
    let count = effort.rounds(9);
    for way in &ways {
        fetch(&way.target.below("/bulk")).await?;
    }
    for number in 1..=count {
        say(&format!("a long answer, round {number} of {count}"));
        for (way, rounds) in ways.iter().zip(&mut rounds) {
            rounds.push(round(way).await?);
        }
    }
    Ok(tabulate(&ways, &rounds))
}

async fn round(way: &Way<'_>) -> Result<Round> {
    let target = way.target.below("/bulk");
    let Some(process) = way.process else {
        return Ok(Round { per_second: fetch(&target).await?, cpu: 0.0, peak: 0 });
    };
    let before = process.usage()?.cpu;
    let (per_second, peak) = process.peak(fetch(&target)).await?;
    let cpu = process.usage()?.cpu.saturating_sub(before).as_secs_f64() * 1e3;
    Ok(Round { per_second, cpu, peak })
}

/// Fetches the long answer; megabytes a second.
#[expect(clippy::cast_precision_loss, reason = "its length is far below 2^52")]
async fn fetch(target: &Target) -> Result<f64> {
    let caller = Caller::connect(target.clone()).await?;
    let watch = Stopwatch::start();
    let mut answer = caller.open().await?;
    let mut length = 0;
    while let Some(frame) = answer.frame().await {
        length += frame?.data_ref().map_or(0, bytes::Bytes::len);
    }
    if length != BULK {
        bail!("{length} bytes of {BULK} came");
    }
    Ok(BULK as f64 / 1e6 / watch.elapsed().as_secs_f64())
}

fn tabulate(ways: &[Way<'_>; 4], rounds: &[Vec<Round>; 4]) -> Table {
    let columns = ["through", "MB a second", "CPU", "memory added at the peak"];
    let mut table = Table::new("Streams: an answer of 100 MiB", columns);
    let speed = |rounds: &[Round]| median(rounds.iter().map(|round| round.per_second).collect());
    let peak = |rounds: &[Round]| rounds.iter().map(|round| round.peak).max().unwrap_or(0);
    for (way, rounds) in ways.iter().zip(rounds) {
        let between = |figure: String| if way.process.is_some() { figure } else { String::new() };
        let cpu = median(rounds.iter().map(|round| round.cpu).collect());
        let speed = format!("{:.0}", speed(rounds));
        table.row([way.name.to_owned(), speed, between(format!("{cpu:.0} ms")), between(kib(peak(rounds)))]);
    }
    let [_, relay, nginx, ours] = rounds;
    table.remark(format!(
        "It passes Lamplighter at {:.2} times the speed of the relay (goal: at least 1) and {:.2} times that of nginx, and \
         Lamplighter holds at most {} more meanwhile, the most of all rounds (goal: no more for a longer answer).",
        speed(ours) / speed(relay),
        speed(ours) / speed(nginx),
        kib(peak(ours)),
    ));
    table
}
