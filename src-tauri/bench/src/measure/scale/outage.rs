//! An outage of the authorization server that all workloads meet at once, and its end.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, bail};

use super::pace::{Paced, paced};
use super::{Times, Town, until_all};
use crate::measure::authorization::Authorization;
use crate::measure::lamplighter::Lamplighter;
use crate::measure::load::Target;
use crate::measure::report::{Table, micros};
use crate::measure::roles::Rules;
use crate::measure::stopwatch::{Stopwatch, pause};

/// What was seen of it.
pub(super) struct Outage {
    /// Token requests in each second since the first.
    seconds: Vec<u32>,
    /// From the end of the outage until every workload runs again.
    recovery: Duration,
    /// Refresh tokens that were sent twice.
    reused: u64,
    /// Processor time of the engine for all of it.
    cpu: Duration,
    entering: Paced,
    recovering: Paced,
    window: Duration,
}

/// Lets all renewals fail as they fall due, then lets them succeed.
pub(super) async fn live_through(
    engine: &Lamplighter,
    way: &Target,
    authorization: &Authorization,
    count: usize,
    times: Times,
) -> Result<Outage> {
    let before = engine.process.usage()?;
    authorization.rule(Rules { down: true, ..Rules::default() }).await?;
    let entering = paced(way, times.window() + Duration::from_secs(2)).await?;
    until_all(engine, "auth_retrying", count).await?;

    authorization.rule(Rules::default()).await?;
    let end = Stopwatch::start();
    let recovered = async {
        loop {
            let renewed = authorization.tally().await?.renewed;
            if renewed == u64::try_from(count)? {
                break;
            }
            if end.elapsed() > 3 * times.span + Duration::from_mins(1) {
                bail!("{renewed} of {count} logins were renewed");
            }
            pause(Duration::from_millis(100)).await;
        }
        until_all(engine, "running", count + 1).await?;
        Ok(end.elapsed())
    };
    // The first tries after the end are due nine tenths of a tick after the first that failed.
    let waiting = times.span * 9 / 10;
    let calls = async {
        pause(waiting.saturating_sub(times.window())).await;
        paced(way, 2 * times.window()).await
    };
    let (recovery, recovering) = tokio::try_join!(recovered, calls)?;
    let tally = authorization.tally().await?;
    let quiet = tally.seconds.iter().take_while(|requests| **requests == 0).count();
    Ok(Outage {
        seconds: tally.seconds[quiet..].to_vec(),
        recovery,
        reused: tally.reused,
        cpu: engine.process.usage()?.cpu.saturating_sub(before.cpu),
        entering,
        recovering,
        window: times.window(),
    })
}

pub(super) fn tabulate(towns: &[Town]) -> Table {
    let columns = [
        "workloads",
        "token requests",
        "most in a second",
        "the policy's share",
        "recovered after",
        "engine CPU",
        "call p99 (before)",
        "(entering)",
        "(recovering)",
        "longest call",
    ];
    let mut table = Table::new("Scale: an outage that all meet at once", columns);
    for Town { count, calls, outage, .. } in towns {
        let share = outage.share(*count);
        table.row([
            count.to_string(),
            outage.seconds.iter().sum::<u32>().to_string(),
            outage.peak().to_string(),
            format!("{share:.0} (+{:.0})", allowance(share)),
            format!("{:.1} s", outage.recovery.as_secs_f64()),
            format!("{:.2} s", outage.cpu.as_secs_f64()),
            format!("{:.1} ms", micros(calls.p99) / 1e3),
            format!("{:.1} ms", micros(outage.entering.p99) / 1e3),
            format!("{:.1} ms", micros(outage.recovering.p99) / 1e3),
            format!("{:.1} ms", micros(outage.entering.longest.max(outage.recovering.longest)) / 1e3),
        ]);
    }
    table.remark(
        "All tokens expire in the same second; the server answers 503 until every workload is in auth_retrying, then works \
         again. Margin and tick are shortened to a thirtieth (a tenth at 10,000) of the ten minutes of a default tick, and \
         there is no short retry, which would only spread the tries. Both are jittered by a tenth more or less, so that the \
         policy's share of a second is the number of workloads over a fifth of a tick; in brackets four standard deviations, \
         which is what chance may add to a second. Calls go every 5 ms through a workload that nothing has befallen, and \
         are timed from the moment they were due.",
    );
    for Town { count, outage, .. } in towns {
        let share = outage.share(*count);
        let verdict = if f64::from(outage.peak()) <= share + allowance(share) { "within" } else { "ABOVE" };
        table.remark(format!(
            "{count} workloads, token requests second by second (most: {}, {verdict} the share; refresh tokens sent twice: {}): `{}`",
            outage.peak(),
            outage.reused,
            drawn(&outage.seconds),
        ));
    }
    table
}

impl Outage {
    fn peak(&self) -> u32 {
        self.seconds.iter().copied().max().unwrap_or(0)
    }

    /// How many requests of `count` workloads fall into a second on average while they last.
    fn share(&self, count: usize) -> f64 {
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / self.window.as_secs_f64().max(1.0)
    }
}

/// What chance may add: four standard deviations of independent arrivals.
fn allowance(share: f64) -> f64 {
    (4.0 * share.sqrt()).ceil()
}

/// A bar for every number; a stretch of more than five zeros is only told.
fn drawn(numbers: &[u32]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = numbers.iter().copied().max().unwrap_or(0).max(1);
    let mut picture = String::new();
    for run in numbers.chunk_by(|one, other| *one == 0 && *other == 0) {
        match run {
            [0, ..] if run.len() > 5 => {
                // Writing to a string does not fail.
                let _ = write!(picture, " … {} s … ", run.len());
            }
            _ => picture.extend(run.iter().map(|number| match usize::try_from(number * 8 / (most + 1)) {
                Ok(_) if *number == 0 => ' ',
                Ok(height) => BARS[height.min(7)],
                Err(_) => '█',
            })),
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_drawn_and_long_silences_told() {
        assert_eq!(drawn(&[1, 4, 8, 0, 2]), "▁▄█ ▂");
        assert_eq!(drawn(&[8, 0, 0, 0, 0, 0, 0, 8]), "█ … 6 s … █");
        assert_eq!(drawn(&[]), "");
    }
}
