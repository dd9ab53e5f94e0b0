//! Refusals: what a call costs that is refused because there is no token, and that it costs the authorization server
//! nothing.

use std::time::Duration;

use anyhow::{Result, bail};
use http::StatusCode;

use crate::measure::Effort;
use crate::measure::authorization::Authorization;
use crate::measure::child::{Child, PATIENCE};
use crate::measure::lamplighter::Lamplighter;
use crate::measure::load::{Caller, Sample, Target, Until, answers};
use crate::measure::nginx::Nginx;
use crate::measure::profile::Profile;
use crate::measure::report::{Table, median, micros, say};
use crate::measure::roles::{Role, Rules};
use crate::measure::stopwatch::{Stopwatch, now, pause};

/// A try a second, give or take a tenth.
const SETTINGS: [(&str, &str); 2] =
    [("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "1"), ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "1s")];

/// The shortest time from one try to the next.
const TICK: Duration = Duration::from_millis(900);

/// How often a client calls that does not heed `Retry-After`.
const HAMMERED: u64 = 50_000;

/// Clients that hammer together.
const CLIENTS: u64 = 32;

/// Whoever refuses.
struct Way<'a> {
    name: &'static str,
    target: &'a Target,
    process: &'a Child,
    rounds: Vec<Round>,
}

struct Round {
    sample: Sample,
    /// Processor time, in microseconds a refusal.
    cpu: f64,
}

pub(crate) async fn measure(effort: Effort) -> Result<Vec<Table>> {
    let (_server, server) = Role::Upstream.start(&[])?;
    let nginx = Nginx::before(server).await?;
    let authorization = Authorization::start()?;
    authorization.rule(Rules { down: true, ..Rules::default() }).await?;
    let mut profile = Profile::new()?;
    profile.signed_in("tools", &format!("http://{server}/mcp"), authorization.address, now()).await?;
    let engine = Lamplighter::start(profile, &SETTINGS.map(|(name, value)| (name, value.to_owned()))).await?;
    let through = engine.target("tools")?;
    refused(&through).await?;

    let of_nginx = Target { address: nginx.address, path: "/refused".to_owned(), authorization: String::new() };
    let way = |name, target, process| Way { name, target, process, rounds: Vec::new() };
    let mut ways = [way("nginx", &of_nginx, &nginx.process), way("Lamplighter", &through, &engine.process)];
    let count = effort.rounds(9);
    for number in 1..=count {
        say(&format!("refusals, round {number} of {count}"));
        for way in &mut ways {
            way.go(effort).await?;
        }
    }
    Ok(vec![tabulate(&ways), hammered(&authorization, &through, effort).await?])
}

/// Ready when calls are refused.
async fn refused(target: &Target) -> Result<()> {
    let watch = Stopwatch::start();
    while Caller::connect(target.clone()).await?.answered(StatusCode::SERVICE_UNAVAILABLE).await.is_err() {
        if watch.elapsed() > PATIENCE {
            bail!("calls are served although the token has expired");
        }
        pause(Duration::from_millis(20)).await;
    }
    Ok(())
}

impl Way<'_> {
    async fn go(&mut self, effort: Effort) -> Result<()> {
        let before = self.process.usage()?.cpu;
        let until = Until::Span(effort.millis(1_500));
        let sample = answers(StatusCode::SERVICE_UNAVAILABLE, self.target, 1, until).await?;
        let used = self.process.usage()?.cpu.saturating_sub(before);
        let cpu = micros(used) / (sample.per_second() * sample.elapsed.as_secs_f64());
        self.rounds.push(Round { sample, cpu });
        Ok(())
    }

    fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(figure).collect())
    }
}

fn tabulate(ways: &[Way; 2]) -> Table {
    let columns = ["by", "p50", "p99", "refusals a second", "CPU each"];
    let mut table = Table::new("Refusals: a call while there is no token, 1 connection", columns);
    let p50 = |way: &Way| way.median(|round| micros(round.sample.quantile(0.5)));
    for way in ways {
        table.row([
            way.name.to_owned(),
            format!("{:.0} µs", p50(way)),
            format!("{:.0} µs", way.median(|round| micros(round.sample.quantile(0.99)))),
            format!("{:.0}", way.median(|round| round.sample.per_second())),
            format!("{:.1} µs", way.median(|round| round.cpu)),
        ]);
    }
    let [nginx, ours] = ways;
    table.remark(format!(
        "nginx answers every call with one fixed text (`return 503`), which is the bound: Lamplighter, which checks the \
         key, reads the call for its id and says why and until when, takes {:.2} times as long, and {:.2} times the CPU.",
        p50(ours) / p50(nginx),
        ours.median(|round| round.cpu) / nginx.median(|round| round.cpu),
    ));
    table
}

/// Clients that do not heed `Retry-After`, beside none at all.
async fn hammered(authorization: &Authorization, target: &Target, effort: Effort) -> Result<Table> {
    let columns = ["during an outage", "in", "token requests", "the schedule's most"];
    let mut table = Table::new("Refusals: the authorization server's share", columns);
    say(&format!("{HAMMERED} calls that are refused"));
    let before = authorization.tally().await?.requests();
    let until = Until::Calls(HAMMERED / CLIENTS + 1);
    let sample = answers(StatusCode::SERVICE_UNAVAILABLE, target, usize::try_from(CLIENTS)?, until).await?;
    let hammered = authorization.tally().await?.requests() - before;
    let calls = sample.latencies.len();

    let quiet = effort.millis(10_000);
    say("and none");
    let before = authorization.tally().await?.requests();
    pause(quiet).await;
    let idle = authorization.tally().await?.requests() - before;
    for (name, span, asked) in [("nobody calls", quiet, idle), (&format!("{calls} calls"), sample.elapsed, hammered)] {
        let figures = [format!("{:.1} s", span.as_secs_f64()), asked.to_string(), most(span).to_string()];
        table.row([name.to_owned()].into_iter().chain(figures));
    }
    table.remark(format!(
        "{calls} calls cost the token endpoint {hammered} requests in {:.1} s, where its schedule (a try a second here, \
         10 minutes by default) makes {} at most (goal: no more than that). {:.0} calls a second were refused.",
        sample.elapsed.as_secs_f64(),
        most(sample.elapsed),
        sample.per_second(),
    ));
    Ok(table)
}

/// The tries that there can be within `span`.
fn most(span: Duration) -> u128 {
    span.as_millis() / TICK.as_millis() + 1
}
