//! The same work by what people use today: `mcp-remote`, a program for each server that the client starts and speaks
//! to over standard input and output. The client is the official SDK's, and the same for all.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::measure::Effort;
use crate::measure::child::{Child, Talk};
use crate::measure::lamplighter::{Lamplighter, TOKEN};
use crate::measure::profile::Profile;
use crate::measure::report::{Table, median, mib, say, times};
use crate::measure::roles::Role;
use crate::measure::stopwatch::{Stopwatch, pause};

/// Calls that are made before those that count.
const WARM_UP: usize = 300;

const CALLS: usize = 1_000;

#[derive(Clone, Copy)]
enum Way {
    Direct,
    McpRemote,
    Lamplighter,
}

const WAYS: [Way; 3] = [Way::Direct, Way::McpRemote, Way::Lamplighter];

struct Round {
    /// From the start of what is between until every session is open, in milliseconds.
    ready: f64,
    /// Proportional memory of all that is between, in bytes.
    memory: u64,
    /// Of a call, in microseconds.
    p50: f64,
    p99: f64,
}

/// The client, and its sessions.
struct Client {
    process: Child,
    talk: Talk,
    /// What it took to open them, in milliseconds.
    ready: f64,
}

#[derive(Deserialize)]
struct Ready {
    ready_ms: f64,
}

#[derive(Deserialize)]
struct Called {
    microseconds: Vec<u32>,
}

pub(crate) async fn measure(effort: Effort) -> Result<Vec<Table>> {
    let (_tools, tools) = Role::Upstream.start(&[])?;
    let counts: &[usize] = if effort.is_quick() { &[1, 10] } else { &[1, 10, 50] };
    let rounds = if effort.is_quick() { 1 } else { 3 };
    let columns = ["servers, through", "ready after", "memory", "call p50", "p99"];
    let mut table = Table::new("Clients: beside mcp-remote, a program for each server", columns);
    for &count in counts {
        let urls: Vec<String> = (0..count).map(|number| format!("http://{tools}/mcp/{number}")).collect();
        let mut seen: [Vec<Round>; 3] = Default::default();
        for number in 1..=rounds {
            say(&format!("clients, servers: {count}, round {number} of {rounds}"));
            for (way, seen) in WAYS.into_iter().zip(&mut seen) {
                seen.push(way.round(&urls).await?);
            }
        }
        tabulate(&mut table, count, &seen);
    }
    table.remark(
        "The client opens all its sessions at once and asks every server for its tools; then it calls them in turn, one \
         call after the other. Lamplighter's time begins with the start of the engine. Memory is the proportional share \
         of what is between, without the client. mcp-remote is started by `node` itself: `npx`, as people configure it, \
         takes longer and holds more. Everybody sends a token that does not expire.",
    );
    Ok(vec![table])
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::McpRemote => "mcp-remote",
            Self::Lamplighter => "Lamplighter",
        }
    }

    async fn round(self, urls: &[String]) -> Result<Round> {
        match self {
            Self::Direct => {
                let servers = urls.iter().map(|url| json!({"url": url, "headers": {}}));
                Client::start(servers)?.round(0.0, |_| Ok(0)).await
            }
            Self::McpRemote => {
                let settings = tempfile::tempdir()?;
                let servers = urls.iter().map(|url| mcp_remote(url, settings.path()));
                Client::start(servers)?.round(0.0, Child::memory_below).await
            }
            Self::Lamplighter => {
                let mut profile = Profile::new()?;
                for (number, url) in urls.iter().enumerate() {
                    profile.pasted(&format!("lamp-{number}"), url).await?;
                }
                let watch = Stopwatch::start();
                let engine = Lamplighter::start(profile, &[]).await?;
                let started = watch.elapsed();
                // One key opens all of them.
                let first = engine.target("lamp-0")?;
                let servers = (0..urls.len()).map(|number| {
                    json!({
                        "url": format!("http://{}/lamp-{number}/mcp", first.address),
                        "headers": {"Authorization": first.authorization},
                    })
                });
                let started = started.as_secs_f64() * 1e3;
                Client::start(servers)?.round(started, |_| Ok(engine.process.usage()?.memory)).await
            }
        }
    }
}

/// How a client starts `mcp-remote` for the server at `url`: by itself and not by `npx`, which would take longer.
fn mcp_remote(url: &str, settings: &Path) -> Value {
    let program = foreign().join("node_modules/mcp-remote/dist/proxy.js");
    json!({
        "command": "node",
        "args": [program, url, "--transport", "http-only", "--header", format!("Authorization: Bearer {TOKEN}")],
        "env": {"MCP_REMOTE_CONFIG_DIR": settings},
    })
}

/// Where programs of others are, and the client.
fn foreign() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/foreign"))
}

impl Client {
    fn start(servers: impl Iterator<Item = Value>) -> Result<Self> {
        let (process, mut talk) = Child::talking(Command::new("node").arg(foreign().join("client.mjs")))?;
        let Ready { ready_ms } = talk.ask(&json!(servers.collect::<Vec<_>>()))?;
        Ok(Self { process, talk, ready: ready_ms })
    }

    /// Measures what is between, which took `started` milliseconds to start before the client did.
    async fn round(mut self, started: f64, memory: impl FnOnce(&Child) -> Result<u64>) -> Result<Round> {
        pause(Duration::from_secs(1)).await;
        let memory = memory(&self.process)?;
        let _: Called = self.talk.ask(&json!({"calls": WARM_UP}))?;
        let Called { mut microseconds } = self.talk.ask(&json!({"calls": CALLS}))?;
        microseconds.sort_unstable();
        let at = |share: usize| microseconds.get(CALLS * share / 100).copied().map(f64::from).context("no calls");
        let round = Round { ready: started + self.ready, memory, p50: at(50)?, p99: at(99)? };
        drop(self.talk);
        self.process.done()?;
        Ok(round)
    }
}

/// The medians of `rounds`.
fn middle(rounds: &[Round]) -> Round {
    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let mut memories: Vec<u64> = rounds.iter().map(|round| round.memory).collect();
    memories.sort_unstable();
    Round {
        ready: of(|round| round.ready),
        memory: memories.get(memories.len() / 2).copied().unwrap_or(0),
        p50: of(|round| round.p50),
        p99: of(|round| round.p99),
    }
}

fn tabulate(table: &mut Table, count: usize, seen: &[Vec<Round>; 3]) {
    let middles = seen.each_ref().map(|rounds| middle(rounds));
    for (way, middle) in WAYS.into_iter().zip(&middles) {
        let memory = match way {
            Way::Direct => String::new(),
            Way::McpRemote | Way::Lamplighter => mib(middle.memory),
        };
        table.row([
            format!("{count}, {}", way.name()),
            format!("{:.0} ms", middle.ready),
            memory,
            format!("{:.0} µs", middle.p50),
            format!("{:.0} µs", middle.p99),
        ]);
    }
    let [_, rival, ours] = middles;
    table.remark(format!(
        "{count} server{}: Lamplighter holds {:.2} times the memory, has every session open in {:.2} times the time, and \
         answers a call in {:.2} times the time that mcp-remote takes (goal: less than 1, each).",
        if count == 1 { "" } else { "s" },
        times(ours.memory, rival.memory),
        ours.ready / rival.ready,
        ours.p50 / rival.p50,
    ));
}
