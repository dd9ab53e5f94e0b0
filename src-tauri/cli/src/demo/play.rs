//! The story itself: what is done to the servers and when, what is told, and whether it went as it should.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lamplighter_core::notice::Toast;
use lamplighter_core::{Phase, Reading, Snapshot};
use lamplighter_engine::clock::SystemClock;
use lamplighter_engine::ports::Clock;
use lamplighter_simulator::{Endpoint, Fault, StatusCode};

use super::caller::Caller;
use super::scene::Scene;
use super::{Result, Tempo};
use crate::ports::Out;
use crate::view::Told;

/// A performance.
pub(super) struct Play<'a> {
    scene: &'a Scene,
    tempo: Tempo,
    clock: Arc<SystemClock>,
    out: &'a mut Out,
    began: Reading,
    /// The phases that each workload has been seen in, in order.
    seen: BTreeMap<String, Vec<Phase>>,
}

/// Something done to the servers.
#[derive(Clone, Copy)]
enum Act {
    FirewallUp,
    FirewallDown,
    Revoke,
    Curtain,
}

/// When, in beats.
const ACTS: [(f64, Act); 4] =
    [(3.0, Act::FirewallUp), (10.0, Act::FirewallDown), (13.0, Act::Revoke), (17.0, Act::Curtain)];

impl<'a> Play<'a> {
    pub(super) fn new(scene: &'a Scene, tempo: Tempo, clock: Arc<SystemClock>, out: &'a mut Out) -> Self {
        let began = clock.now();
        Self { scene, tempo, clock, out, began, seen: BTreeMap::new() }
    }

    /// Plays it; whether it went as it should.
    pub(super) async fn perform(mut self) -> Result<bool> {
        let handle = self.scene.handle();
        self.tell("three MCP servers, each behind a sign-in; Lamplighter keeps all of them signed in")?;
        for server in self.scene.servers() {
            self.scene.sign_in(server).await?;
        }
        let mut callers = BTreeMap::new();
        for server in self.scene.servers() {
            let clock: Arc<dyn Clock> = self.clock.clone();
            let caller = Caller::start(server.name(), &handle, clock, self.tempo.beats(0.1)).await?;
            callers.insert(server.name().to_owned(), caller);
        }
        let mut snapshots = handle.subscribe();
        let mut toasts = handle.toasts();
        let start = self.clock.now().moment;
        for (beats, act) in ACTS {
            let due = start + self.tempo.beats(beats);
            loop {
                tokio::select! {
                    biased;
                    Ok(()) = snapshots.changed() => {
                        let snapshot = Arc::clone(&snapshots.borrow_and_update());
                        self.follow(&snapshot)?;
                    }
                    Ok(toast) = toasts.recv() => self.show(&toast)?,
                    () = self.clock.sleep_until(due) => break,
                }
            }
            self.act(act)?;
        }
        self.sum_up(&callers)
    }

    fn act(&mut self, act: Act) -> std::io::Result<()> {
        match act {
            Act::FirewallUp => {
                self.scene.sentry.fail(Endpoint::Token, Fault::Page(StatusCode::FORBIDDEN));
                self.tell("a firewall begins to answer sentry's token refreshes with a web page")
            }
            Act::FirewallDown => {
                self.scene.sentry.recover(Endpoint::Token);
                self.tell("the firewall lets sentry's refreshes through again")
            }
            Act::Revoke => {
                self.scene.linear.revoke_grants();
                self.tell("linear's sign-in server ends that login: only a person can mend it")
            }
            Act::Curtain => self.tell("the end"),
        }
    }

    /// Tells of every workload whose status is another than before.
    fn follow(&mut self, snapshot: &Snapshot) -> std::io::Result<()> {
        for workload in &snapshot.workloads {
            let seen = self.seen.entry(workload.name.clone()).or_default();
            if seen.last() == Some(&workload.status) {
                continue;
            }
            seen.push(workload.status);
            let reason = workload.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let Told { shape, words, .. } = Told::of(workload);
            let line = format!("  {shape} {:<8}{words}{reason}", workload.name);
            self.tell(&line)?;
        }
        Ok(())
    }

    fn show(&mut self, toast: &Toast) -> std::io::Result<()> {
        self.tell(&format!("  notice  {}: {}", toast.title, toast.body))
    }

    fn tell(&mut self, text: &str) -> std::io::Result<()> {
        let passed = self.clock.now().moment.since(self.began.moment);
        self.out.line(&format!("{:>5.1}s  {text}", passed.as_secs_f64()))
    }

    fn sum_up(self, callers: &BTreeMap<String, Caller>) -> Result<bool> {
        self.out.line("")?;
        self.out.line("workload   served  refused  failed  refreshes")?;
        for server in self.scene.servers() {
            let name = server.name();
            let Some(caller) = callers.get(name) else { continue };
            let [served, refused, failed] = caller.counts();
            let refreshes = server.counts().refreshes;
            self.out.line(&format!("{name:<10} {served:>6}  {refused:>7}  {failed:>6}  {refreshes:>9}"))?;
        }
        self.out.line("")?;
        let problems = self.problems(callers);
        for problem in &problems {
            self.out.note(&format!("error: {problem}"));
        }
        if problems.is_empty() {
            self.out
                .line("As it should be: one outage survived without a sign-in, one login ended by its server alone.")?;
        }
        Ok(problems.is_empty())
    }

    /// What went otherwise than it should.
    fn problems(&self, callers: &BTreeMap<String, Caller>) -> Vec<String> {
        use Phase::{AuthRetrying, Running, Unauthenticated};
        let mut problems = Vec::new();
        let stories: [(&str, &[Phase], bool); 3] = [
            ("notion", &[Running], false),
            ("sentry", &[Running, AuthRetrying, Running], true),
            ("linear", &[Running, Unauthenticated], true),
        ];
        for (name, expected, refusals) in stories {
            let seen = self.seen.get(name).map(Vec::as_slice).unwrap_or_default();
            if seen != expected {
                problems.push(format!("{name} was {seen:?}, and should have been {expected:?}"));
            }
            let [served, refused, failed] = callers.get(name).map(Caller::counts).unwrap_or_default();
            if served == 0 || failed > 0 || (refused > 0) != refusals {
                problems.push(format!("{name}: {served} requests served, {refused} refused, {failed} failed"));
            }
        }
        for server in self.scene.servers() {
            let counts = server.counts();
            if counts.refreshes_in_flight_max > 1 || counts.reuse_detected > 0 {
                problems.push(format!("{}: refreshes overlapped, or a rotated token was used again", server.name()));
            }
        }
        problems
    }
}

impl Caller {
    /// Served, refused, failed.
    fn counts(&self) -> [u64; 3] {
        let tally = &self.tally;
        [&tally.served, &tally.refused, &tally.failed].map(|counter| counter.load(Ordering::Relaxed))
    }
}
