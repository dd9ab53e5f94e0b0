//! The machine that the engine runs on: starts it, stops it, kills it, sleeps, and tells it what machines tell.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::poll;
use lamplighter_core::Phase;
use lamplighter_core::config::{Config, Environment};
use lamplighter_engine::engine::{Engine, Ports};
use lamplighter_engine::http::HttpClient;
use lamplighter_engine::machine::{Machine, Teller};
use lamplighter_engine::profile::Profile;
use lamplighter_engine::proxy::Proxy;
use lamplighter_engine::route::Route;
use tempfile::TempDir;
use tokio_util::task::AbortOnDropHandle;

use super::diary::{Diary, Rows};
use super::network::{Network, Weather};
use super::server;
use super::shelf::Shelf;
use super::world::{Ending, Life, World};

/// How long the engine may take to stop: what is under way, then the journal.
const LONGEST_STOP: Duration = Duration::from_secs(16);

pub(super) struct Computer {
    world: Arc<World>,
    home: TempDir,
    config: Config,
    rows: Rows,
    lives: u32,
    on: Option<On>,
    /// The way up of the person's clients.
    pub(super) way_up: (HttpClient, Proxy),
}

/// A running engine.
struct On {
    engine: Engine,
    life: Life,
    /// What the machine tells it.
    teller: Teller,
    _onlooker: AbortOnDropHandle<()>,
}

impl Computer {
    /// With `workloads`, and nothing running yet.
    pub(super) fn new(world: &Arc<World>, workloads: usize) -> Self {
        let mut text = "listen = \"127.0.0.1:0\"\n".to_owned();
        for number in 0..workloads {
            let url = server::mcp_url(number);
            text.extend(["[[workload]]\n", &format!("name = \"w{number}\"\nurl = \"{url}\"\nclient_id = \"lamp\"\n")]);
        }
        let config = Config::parse("month", &text, &Environment::new()).unwrap();
        let home = tempfile::tempdir().unwrap();
        let network = Network { world: Arc::clone(world), life: Life::new(0) };
        let http = HttpClient::over(Arc::new(network), &Environment::new()).unwrap();
        let proxy = Proxy::new(http.clone(), Arc::new(world.clock.clone()), Arc::default());
        Self {
            world: Arc::clone(world),
            home,
            config,
            rows: Rows::default(),
            lives: 0,
            on: None,
            way_up: (http, proxy),
        }
    }

    pub(super) fn engine(&self) -> Option<&Engine> {
        self.on.as_ref().map(|on| &on.engine)
    }

    /// Starts the engine.
    pub(super) async fn start(&mut self) {
        self.lives += 1;
        let life = Life::new(self.lives);
        let world = &self.world;
        world.story.tell(format!("the engine starts (life {})", self.lives));
        world.checks.began(world.clock.age(), world.clock.awake());
        let around = Arc::clone(world);
        let (machine, teller) = Machine::new(move || *around.weather.lock().unwrap() != Weather::Offline);
        let ports = Ports {
            clock: Arc::new(world.clock.clone()),
            secrets: Arc::new(Shelf { world: Arc::clone(world), life: life.clone() }),
            journal: Arc::new(Diary { world: Arc::clone(world), life: life.clone(), rows: Arc::clone(&self.rows) }),
            machine,
        };
        let network = Arc::new(Network { world: Arc::clone(world), life: life.clone() });
        let profile = Profile::inside(self.home.path());
        let environment = Environment::new();
        let starting = Engine::start_over(network, profile, &environment, self.config.clone(), ports);
        let engine = starting.await.unwrap();
        let onlooker = AbortOnDropHandle::new(tokio::spawn(look_on(Arc::clone(world), engine.handle())));
        self.on = Some(On { engine, life, teller, _onlooker: onlooker });
    }

    /// Stops the engine, which finishes what is under way.
    pub(super) async fn stop(&mut self) {
        let Some(On { engine, life, teller: _teller, _onlooker }) = self.on.take() else { return };
        let world = &self.world;
        world.story.tell("the engine is stopped");
        let begun = world.clock.awake();
        engine.stop().await;
        let took = world.clock.awake().saturating_sub(begun);
        if took > LONGEST_STOP {
            world.story.broke(format!("the engine took {took:?} to stop"));
        }
        let ending = if took < Duration::from_secs(10) { Ending::Drained } else { Ending::CutOff };
        life.end(ending, world.clock.awake());
        world.checks.ended(world.clock.awake(), false);
    }

    /// Ends the engine as a crash would: what it has in memory is gone, and nothing is finished.
    pub(super) fn kill(&mut self) {
        let Some(On { engine, life, teller: _, _onlooker }) = self.on.take() else { return };
        self.world.story.tell("the engine is killed");
        life.end(Ending::Killed, self.world.clock.awake());
        drop(engine);
        self.world.checks.ended(self.world.clock.awake(), true);
    }

    /// The machine is suspended for `span`. What tells the engine of that, and when, is all here.
    pub(super) async fn sleep(&self, span: Duration) {
        let world = &self.world;
        // A battery that runs out announces nothing.
        let told = self.on.as_ref().map(|on| &on.teller).filter(|_| !world.one_in(4));
        if let Some(teller) = told {
            world.story.tell("a sleep is announced");
            // Whoever holds it back is waited for, for some seconds.
            let mut asleep = pin!(teller.falls_asleep());
            for _ in 0..25 {
                settle().await;
                if poll!(&mut asleep).is_ready() {
                    self.nothing_begins().await;
                    break;
                }
                world.some_time(400).await;
            }
        }
        world.story.tell(format!("the machine sleeps for {span:?}"));
        world.checks.suspended(span);
        world.clock.suspend(span);
        world.story.tell("the machine wakes");
        world.checks.triggered(world.clock.age());
        if let Some(teller) = told {
            teller.wakes();
            settle().await;
        }
        // The clocks are looked at every ten seconds.
        world.some_time(10_000).await;
        world.checks.triggered(world.clock.age());
        world.clock.notice();
        settle().await;
    }

    /// The machine is about to sleep, and nothing is under way any more.
    async fn nothing_begins(&self) {
        let world = &self.world;
        let before = *world.exchanges.borrow();
        world.some_time(2_000).await;
        settle().await;
        if *world.exchanges.borrow() != before {
            world.story.broke("a token was asked for when a sleep had been announced");
        }
    }

    /// Addresses, routes or name servers have changed, and the machine says so.
    pub(super) async fn network_changed(&self) {
        let world = &self.world;
        world.checks.triggered(world.clock.age());
        if let Some(on) = &self.on {
            on.teller.surroundings.send_modify(|told| told.network += 1);
        }
        settle().await;
    }

    /// The request path to `workload`.
    pub(super) fn route(&self, workload: usize) -> Option<Arc<Route>> {
        self.engine()?.handle().route(&format!("w{workload}"))
    }

    /// The phase of `workload`.
    pub(super) fn phase(&self, workload: usize) -> Option<Phase> {
        Some(self.route(workload)?.access().status.phase)
    }

    /// Whether the token of `workload`, and its server, may be brought back without the person.
    pub(super) fn mends_quietly(&self, workload: usize) -> bool {
        self.route(workload).is_some_and(|route| route.access().status.mends_quietly)
    }
}

/// Lets everything that can be done at once be done.
pub(super) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Looks at what one life shows: snapshots come in the order of the journal, and each notice in one toast at most.
async fn look_on(world: Arc<World>, handle: lamplighter_engine::Handle) {
    let (mut snapshots, mut toasts) = (handle.subscribe(), handle.toasts());
    drop(handle);
    let mut seen: Vec<usize> = Vec::new();
    loop {
        tokio::select! {
            biased;
            changed = snapshots.changed() => if changed.is_err() { return },
            toast = toasts.recv() => {
                let Ok(toast) = toast else { return };
                world.story.tell(format!("shown ({}): {}", toast.id, toast.title));
                if toast.id > world.checks.notices() {
                    world.story.broke(format!("a notice is shown that nobody gave: {}", toast.title));
                }
                continue;
            }
        }
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        seen.resize(snapshot.workloads.len(), 0);
        for (workload, seen) in snapshot.workloads.iter().zip(&mut seen) {
            let number = workload.name[1..].parse().unwrap();
            let phases = world.checks.phases(number);
            match phases[*seen..].iter().position(|phase| *phase == workload.status) {
                Some(further) => *seen += further,
                None => world.story.broke(format!("{} is shown {:?}, out of order", workload.name, workload.status)),
            }
        }
    }
}
