//! What a decision costs: those that every request waits for, and those of a login's whole life.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use lamplighter_core::admission::{Area, Key, admit};
use lamplighter_core::condition::{Cause, Transport};
use lamplighter_core::config::{Config, Environment, GrantKind};
use lamplighter_core::event::Loaded;
use lamplighter_core::lease::Attempt;
use lamplighter_core::notice::{Board, Notice};
use lamplighter_core::verdict::{Answer, Content, judge};
use lamplighter_core::{Command, Event, Lease, LeaseId, Moment, Monitor, Phase, Policy, Reading};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    admission(&mut criterion);
    verdict(&mut criterion);
    monitor(&mut criterion);
    board(&mut criterion);
    settings(&mut criterion);
    criterion.final_summary();
}

fn admission(criterion: &mut Criterion) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4114));
    criterion.bench_function("admission of a client's request", |bench| {
        bench.iter(|| {
            let (host, path) = black_box(("127.0.0.1:4114", "/linear/mcp"));
            admit(Some(host), None, Key::Client, Area::of(path), address)
        });
    });
}

fn verdict(criterion: &mut Criterion) {
    let answers = [
        ("a firewall's page", Answer::Http { status: 403, content: Content::Page, retry_after: None }),
        ("invalid_grant", Answer::Http { status: 400, content: word("invalid_grant"), retry_after: None }),
        ("a word never heard", Answer::Http { status: 400, content: word("bad_refresh_token"), retry_after: None }),
    ];
    for (name, answer) in &answers {
        criterion.bench_function(&format!("verdict on {name}"), |bench| bench.iter(|| judge(black_box(answer), None)));
    }
}

fn monitor(criterion: &mut Criterion) {
    criterion.bench_function("monitor: a renewal, from due to done", |bench| {
        bench.iter_batched_ref(Workload::running, Workload::renew, BatchSize::SmallInput);
    });
    criterion.bench_function("monitor: an outage up to the ceiling", |bench| {
        bench.iter_batched_ref(Workload::running, Workload::outlast_the_ceiling, BatchSize::SmallInput);
    });
}

fn board(criterion: &mut Criterion) {
    let names: Vec<String> = (0..1_000).map(|number| format!("lamp-{number}")).collect();
    let cause = Cause::Transport(Transport::Timeout);
    let notices = [Notice::Retrying { episode: 1, cause }, Notice::Recovered { episode: 1 }];
    let now = beginning();
    criterion.bench_function("board: 1,000 workloads in one toast, and their recovery", |bench| {
        bench.iter(|| {
            let mut board = Board::default();
            for notice in &notices {
                black_box(board.noticed(names.iter().map(|name| (name.as_str(), notice)), now));
            }
        });
    });
}

fn settings(criterion: &mut Criterion) {
    for count in [1_000, 10_000] {
        let workload =
            |number| format!("[[workload]]\nname = \"lamp-{number}\"\nurl = \"https://mcp.example/{number}\"\n\n");
        let text: String = (0..count).map(workload).collect();
        let environment = Environment::new();
        criterion.bench_function(&format!("settings: {count} workloads"), |bench| {
            bench.iter(|| {
                Config::parse("config.toml", black_box(&text), &environment).map(|config| config.workloads.len())
            });
        });
    }
}

fn beginning() -> Reading {
    Reading { moment: Moment::from_millis(0), awake: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH }
}

fn word(error: &str) -> Content {
    Content::OAuthError(error.to_owned())
}

/// A monitor, and the clocks it is shown.
struct Workload {
    monitor: Monitor,
    now: Reading,
    leases: u64,
}

impl Workload {
    /// Running on a lease of an hour.
    fn running() -> Self {
        let now = beginning();
        let monitor = Monitor::new("linear", GrantKind::AuthorizationCode, Policy::default(), None, now);
        let mut workload = Self { monitor, now, leases: 0 };
        let lease = workload.lease();
        workload.send(Event::StartRequested);
        workload.send(Event::Loaded(Loaded::Grant(lease)));
        assert_eq!(workload.monitor.status().phase, Phase::Running);
        workload
    }

    fn renew(&mut self) {
        if let Some(attempt) = self.next_attempt() {
            let lease = self.lease();
            self.send(Event::Renewed { attempt, lease, stored: Ok(()), skew: None });
        }
    }

    fn outlast_the_ceiling(&mut self) {
        while let Some(attempt) = self.next_attempt() {
            let answer = Answer::Transport(Transport::Timeout);
            self.send(Event::RenewalFailed { attempt, answer, registered: false, skew: None });
        }
        assert_eq!(self.monitor.status().phase, Phase::Unauthenticated);
    }

    /// Jumps from deadline to deadline until an attempt is made; `None` when no more will be.
    fn next_attempt(&mut self) -> Option<Attempt> {
        loop {
            let (at, _) = self.monitor.deadline()?;
            let span = at.since(self.now.moment);
            self.now.moment = at;
            self.now.awake += span;
            for command in self.send(Event::Woken) {
                if let Command::Renew(attempt) = command {
                    return Some(attempt);
                }
            }
        }
    }

    fn send(&mut self, event: Event) -> Vec<Command> {
        self.monitor.handle(event, self.now)
    }

    /// An hour's lease, issued now.
    fn lease(&mut self) -> Lease {
        self.leases += 1;
        let issued_at = self.now.moment;
        let expires_at = Some(issued_at + Duration::from_hours(1));
        Lease { id: LeaseId(self.leases), issued_at, expires_at, renewable: true }
    }
}
