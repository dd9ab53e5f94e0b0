//! Scale: what many workloads in one engine cost, at rest and while all of them meet the same outage.

mod outage;
mod pace;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use http::Method;
use jiff::SignedDuration;

use self::outage::Outage;
use self::pace::{Paced, paced};
use crate::measure::Effort;
use crate::measure::authorization::Authorization;
use crate::measure::child::Usage;
use crate::measure::lamplighter::Lamplighter;
use crate::measure::profile::Profile;
use crate::measure::report::{Table, kib, mib, micros, say};
use crate::measure::roles::Role;
use crate::measure::stopwatch::{Stopwatch, now, pause};

/// The workload whose token never expires: what goes through it tells how the others disturb it.
const BYSTANDER: &str = "bystander";

/// How long calls are made before the outage, in milliseconds.
const CALLING: u64 = 5_000;

/// One size of engine.
struct Town {
    count: usize,
    /// From the start of the program to `engine.json`.
    ready: Duration,
    /// From the start of the program until every workload runs.
    running: Duration,
    /// Proportional memory beyond that of an engine without workloads, in bytes.
    memory: u64,
    idle: Idle,
    calls: Paced,
    outage: Outage,
}

/// What an engine does while nobody asks anything of it, a minute.
struct Idle {
    cpu: Duration,
    wakes: f64,
}

/// The times that every workload of a town keeps.
#[derive(Clone, Copy)]
struct Times {
    /// The margin before expiry and the tick: each is jittered by a tenth of itself, more or less.
    span: Duration,
    /// From the moment the profile is begun until the first renewal is due.
    lead: Duration,
    idle: Duration,
}

impl Times {
    fn of(count: usize, effort: Effort) -> Result<Self> {
        let thousandth = Duration::from_millis(u64::try_from(count)?);
        let idle = effort.millis(20_000);
        // A tenth of the policy's own ten minutes at ten thousand, and less where fewer have to share it.
        let span = effort.millis(20_000).max(effort.millis(6_000) * u32::try_from(count / 1_000)?.max(1));
        let span = span.max(Duration::from_secs(5));
        Ok(Self { span, lead: effort.millis(CALLING) + Duration::from_secs(5) + 3 * thousandth + idle, idle })
    }

    /// How long the first tries of all last, and the second ones of those that made the first together.
    fn window(self) -> Duration {
        self.span / 5
    }

    fn settings(self) -> [(&'static str, String); 4] {
        let span = format!("{}ms", self.span.as_millis());
        [
            ("LAMPLIGHTER_LOG", "warn".to_owned()),
            ("LAMPLIGHTER_TOKEN_REFRESH_MARGIN", span.clone()),
            ("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "1".to_owned()),
            ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", span),
        ]
    }
}

pub(crate) async fn measure(effort: Effort) -> Result<Vec<Table>> {
    let counts: &[usize] = if effort.is_quick() { &[10, 100] } else { &[10, 100, 1_000, 10_000] };
    let bare = bare().await?;
    let mut towns = Vec::new();
    for &count in counts {
        say(&format!("scale, {count} workloads"));
        towns.push(live(count, effort, bare).await.with_context(|| format!("with {count} workloads"))?);
    }
    Ok(vec![at_rest(&towns, bare), outage::tabulate(&towns)])
}

/// Proportional memory of an engine without workloads, in bytes.
async fn bare() -> Result<u64> {
    let engine = Lamplighter::start(Profile::new()?, &[]).await?;
    pause(Duration::from_secs(1)).await;
    Ok(engine.process.usage()?.memory)
}

/// The life of one engine with `count` workloads, from its start to the end of an outage.
async fn live(count: usize, effort: Effort, bare: u64) -> Result<Town> {
    let (_tools, tools) = Role::Upstream.start(&[])?;
    let authorization = Authorization::start()?;
    let times = Times::of(count, effort)?;
    let begun = Stopwatch::start();
    // The first renewal is due a margin and a tenth of it before the tokens expire.
    let expires_at = now() + SignedDuration::try_from(times.lead + times.span * 11 / 10)?;
    let mut profile = Profile::new()?;
    let url = format!("http://{tools}/mcp");
    profile.pasted(BYSTANDER, &url).await?;
    for number in 0..count {
        profile.signed_in(&format!("lamp-{number}"), &url, authorization.address, expires_at).await?;
    }

    let start = Stopwatch::start();
    let engine = Lamplighter::start(profile, &times.settings()).await?;
    let ready = start.elapsed();
    until_all(&engine, "running", count + 1).await?;
    let running = start.elapsed();
    let way = engine.target(BYSTANDER)?;
    let calls = paced(&way, effort.millis(CALLING)).await?;
    pause(Duration::from_secs(1)).await;
    let before = engine.process.usage()?;
    pause(times.idle).await;
    let after = engine.process.usage()?;
    if begun.elapsed() > times.lead {
        bail!("the engine was not idle before the first renewal: it took {running:?} to start");
    }
    // Half a second early: no renewal may slip through.
    pause(times.lead.saturating_sub(begun.elapsed() + Duration::from_millis(500))).await;
    let outage = outage::live_through(&engine, &way, &authorization, count, times).await?;
    Ok(Town {
        count,
        ready,
        running,
        memory: after.memory.saturating_sub(bare),
        idle: Idle::between(before, after, times.idle),
        calls,
        outage,
    })
}

/// Ready when the engine says of `count` workloads that they are in `status`.
async fn until_all(engine: &Lamplighter, status: &str, count: usize) -> Result<()> {
    let label = format!("status=\"{status}\"");
    let watch = Stopwatch::start();
    loop {
        let asked = Stopwatch::start();
        let metrics = engine.control("/metrics").ask(Method::GET, "").await?;
        let there = String::from_utf8_lossy(&metrics).lines().filter(|line| line.contains(&label)).count();
        if there == count {
            return Ok(());
        }
        if watch.elapsed() > Duration::from_mins(3) {
            bail!("{there} of {count} workloads are {status}");
        }
        // Asking takes a tenth of the engine's time at most.
        pause(Duration::from_millis(5) + 10 * asked.elapsed()).await;
    }
}

impl Idle {
    fn between(before: Usage, after: Usage, span: Duration) -> Self {
        let minutes = span.as_secs_f64() / 60.0;
        let waits = u32::try_from(after.waits.saturating_sub(before.waits)).unwrap_or(u32::MAX);
        Self { cpu: after.cpu.saturating_sub(before.cpu).div_f64(minutes), wakes: f64::from(waits) / minutes }
    }
}

fn at_rest(towns: &[Town], bare: u64) -> Table {
    let columns = [
        "workloads",
        "engine.json",
        "all running",
        "memory",
        "memory each",
        "idle CPU a minute",
        "idle wake-ups a minute",
    ];
    let mut table = Table::new("Scale: one engine at rest", columns);
    for town in towns {
        table.row([
            town.count.to_string(),
            format!("{:.0} ms", town.ready.as_secs_f64() * 1e3),
            format!("{:.0} ms", town.running.as_secs_f64() * 1e3),
            mib(town.memory + bare),
            kib(town.memory / town.count as u64),
            format!("{:.1} ms", micros(town.idle.cpu) / 1e3),
            format!("{:.0}", town.idle.wakes),
        ]);
    }
    table.remark(format!(
        "Every workload is signed in with a token of its own, read from the encrypted `file` store. Memory is the \
         proportional share (PSS); memory each is what is beyond the {} of an engine without workloads. A wake-up \
         is a thread that gave up the processor to wait. The profile lies in memory, so that a shared disk has no say.",
        mib(bare),
    ));
    if let [.., fewer, most] = towns {
        let times = most.running.as_secs_f64() / fewer.running.as_secs_f64();
        let ratio = f64::from(u32::try_from(most.count / fewer.count).unwrap_or(u32::MAX));
        table.remark(format!(
            "{} workloads take {times:.1} times as long to start as {} ({ratio:.0} times is linear). Goal: a few idle \
             wake-ups a minute at any size; at {} there are {:.0}, of which 6 are the look at the clocks every 10 s.",
            most.count, fewer.count, most.count, most.idle.wakes,
        ));
    }
    table
}
