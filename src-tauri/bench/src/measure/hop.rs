//! The hop: what a call costs that goes through Lamplighter instead of straight to its server.

use anyhow::Result;

use crate::measure::Effort;
use crate::measure::child::Child;
use crate::measure::lamplighter::{Lamplighter, TOKEN};
use crate::measure::load::{Sample, Target, calls};
use crate::measure::nginx::Nginx;
use crate::measure::report::{Table, median, micros, say};
use crate::measure::roles::Role;

/// A way to the server.
struct Way<'a> {
    name: &'static str,
    target: Target,
    process: Option<&'a Child>,
    rounds: Vec<Round>,
}

struct Round {
    sample: Sample,
    /// Processor time of what is between, in microseconds a call.
    cpu: f64,
}

pub(crate) async fn measure(effort: Effort) -> Result<Vec<Table>> {
    let (_server, server) = Role::Upstream.start(&[])?;
    let (relay, relay_address) = Role::Relay.start(&[("RELAY_TO", server.to_string())])?;
    let (proxy, proxy_address) = Role::Proxy.start(&[("RELAY_TO", server.to_string())])?;
    let nginx = Nginx::before(server).await?;
    let (engine, through) = Lamplighter::before(server).await?;
    let to = |address| Target { address, path: "/mcp".to_owned(), authorization: format!("Bearer {TOKEN}") };

    let mut tables = Vec::new();
    for connections in [1, 32] {
        let way = |name, target, process| Way { name, target, process, rounds: Vec::new() };
        let mut ways = [
            way("direct", to(server), None),
            way("TCP relay", to(relay_address), Some(&relay)),
            way("bare proxy", to(proxy_address), Some(&proxy)),
            way("nginx", to(nginx.address), Some(&nginx.process)),
            way("Lamplighter", through.clone(), Some(&engine.process)),
        ];
        for way in &ways {
            calls(&way.target, connections, effort.millis(500)).await?;
        }
        let rounds = effort.rounds(9);
        for round in 1..=rounds {
            say(&format!("the hop, {connections} connections, round {round} of {rounds}"));
            for way in &mut ways {
                way.go(connections, effort).await?;
            }
        }
        tables.push(tabulate(connections, &ways));
    }
    Ok(tables)
}

impl Way<'_> {
    async fn go(&mut self, connections: usize, effort: Effort) -> Result<()> {
        let used = |process: Option<&Child>| process.map(Child::usage).transpose();
        let before = used(self.process)?;
        let sample = calls(&self.target, connections, effort.millis(1_500)).await?;
        let after = used(self.process)?;
        let cpu = match (before, after) {
            (Some(before), Some(after)) => {
                micros(after.cpu.saturating_sub(before.cpu)) / (sample.per_second() * sample.elapsed.as_secs_f64())
            }
            _ => 0.0,
        };
        self.rounds.push(Round { sample, cpu });
        Ok(())
    }

    fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(figure).collect())
    }

    fn p50(&self) -> f64 {
        self.median(|round| micros(round.sample.quantile(0.5)))
    }
}

fn tabulate(connections: usize, ways: &[Way; 5]) -> Table {
    let title = format!("The hop: a tool call, {connections} connection{}", if connections == 1 { "" } else { "s" });
    let mut table = Table::new(&title, ["through", "p50", "added p50", "p99", "calls a second", "CPU a call"]);
    let [direct, relay, bare, nginx, ours] = ways;
    for way in ways {
        let between = way.process.is_some();
        table.row([
            way.name.to_owned(),
            format!("{:.0} µs", way.p50()),
            if between { format!("{:.0} µs", way.p50() - direct.p50()) } else { String::new() },
            format!("{:.0} µs", way.median(|round| micros(round.sample.quantile(0.99)))),
            format!("{:.0}", way.median(|round| round.sample.per_second())),
            if between { format!("{:.1} µs", way.median(|round| round.cpu)) } else { String::new() },
        ]);
    }
    let added = |way: &Way| way.p50() - direct.p50();
    let p99 = |way: &Way| way.median(|round| micros(round.sample.quantile(0.99)));
    let rate = |way: &Way| way.median(|round| round.sample.per_second());
    table.remark(format!(
        "Lamplighter adds {:.2} times what the bare relay adds to the median (goal: at most 1.2). Beside nginx it answers \
         {:.2} times as many calls a second (goal: at least 1), with {:.2} times its p99 (goal: at most 1). The bare proxy is \
         made with the same HTTP library and has no rules of its own: it adds {:.2} times what the relay adds, so that the \
         rules cost {:.1} µs of processor time a call (admission by a hashed key, the token put in, fields taken out, \
         answers judged and counted, memory wiped).",
        added(ours) / added(relay),
        rate(ours) / rate(nginx),
        p99(ours) / p99(nginx),
        added(bare) / added(relay),
        ours.median(|round| round.cpu) - bare.median(|round| round.cpu),
    ));
    table
}
