//! How long after it was sent an event arrives, the first one and those that follow.

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use http_body_util::BodyExt;

use super::{Between, Way};
use crate::measure::Effort;
use crate::measure::load::Caller;
use crate::measure::report::{Table, median, say};
use crate::measure::stopwatch::{Stopwatch, now};

/// Streams opened in a round.
const OPENINGS: usize = 100;

/// In nanoseconds.
struct Round {
    first: Histogram<u64>,
    event: Histogram<u64>,
}

pub(super) async fn measure(between: &Between, effort: Effort) -> Result<Table> {
    let ways = between.ways();
    let mut rounds: [Vec<Round>; 4] = Default::default();
    let count = effort.rounds(9);
    for number in 1..=count {
        say(&format!("events, round {number} of {count}"));
        for (way, rounds) in ways.iter().zip(&mut rounds) {
            rounds.push(round(way, effort).await?);
        }
    }
    Ok(tabulate(&ways, &rounds))
}

async fn round(way: &Way<'_>, effort: Effort) -> Result<Round> {
    let target = way.target.below("/ticks");
    let mut first = Histogram::new(3)?;
    for _ in 0..OPENINGS {
        let watch = Stopwatch::start();
        let mut events = Caller::connect(target.clone()).await?.open().await?;
        events.frame().await.context("no event")??;
        first.record(u64::try_from(watch.elapsed().as_nanos())?)?;
    }
    let mut events = Caller::connect(target).await?.open().await?;
    let mut event = Histogram::new(3)?;
    let (watch, span) = (Stopwatch::start(), effort.millis(1_000));
    while watch.elapsed() < span {
        let frame = events.frame().await.context("the stream ended")??;
        let arrived = now().as_nanosecond();
        let text = frame.into_data().ok().context("no data")?;
        for sent in std::str::from_utf8(&text)?.lines().filter_map(|line| line.strip_prefix("data: ")) {
            event.record(u64::try_from(arrived - sent.parse::<i128>()?).unwrap_or(0))?;
        }
    }
    Ok(Round { first, event })
}

fn tabulate(ways: &[Way<'_>; 4], rounds: &[Vec<Round>; 4]) -> Table {
    let columns = ["through", "first event p50", "p99", "each event p50", "p99"];
    let mut table = Table::new("Streams: from opening one to its first event, and an event's way", columns);
    let figures = |rounds: &[Round]| {
        [(true, 0.5), (true, 0.99), (false, 0.5), (false, 0.99)].map(|(first, share)| {
            let micros = |round: &Round| {
                let histogram = if first { &round.first } else { &round.event };
                std::time::Duration::from_nanos(histogram.value_at_quantile(share)).as_secs_f64() * 1e6
            };
            median(rounds.iter().map(micros).collect())
        })
    };
    for (way, rounds) in ways.iter().zip(rounds) {
        let figures = figures(rounds).map(|micros| format!("{micros:.0} µs"));
        table.row([way.name.to_owned()].into_iter().chain(figures));
    }
    let [direct, relay, nginx, ours] = rounds.each_ref().map(|rounds| figures(rounds));
    table.remark(format!(
        "An event arrives {:.0} µs later than without Lamplighter (the bare relay: {:.0} µs, nginx: {:.0} µs), the first \
         one {:.0} µs later (relay: {:.0} µs, nginx: {:.0} µs); opening includes connecting, to the server beyond as \
         well. nginx has `proxy_buffering off`.",
        ours[2] - direct[2],
        relay[2] - direct[2],
        nginx[2] - direct[2],
        ours[0] - direct[0],
        relay[0] - direct[0],
        nginx[0] - direct[0],
    ));
    table
}
