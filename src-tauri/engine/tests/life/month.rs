//! The month: what happens when, drawn from its seed; and its end, when all trouble is over.

mod troubles;

use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::Phase;

use super::computer::{Computer, settle};
use super::figures::{Figures, Way};
use super::network::Weather;
use super::person;
use super::server::Mood;
use super::story::Broken;
use super::world::World;

const MONTH: Duration = Duration::from_hours(30 * 24);
/// Once all trouble is over and the machine has said so: the settle time, and ten seconds.
const SOON: Duration = Duration::from_secs(12);
/// Where nobody tells: until it is looked, of the time that it lasted.
const LOOKED_WITHIN: u32 = 300;
/// Quick tries begin at most once a minute: those of a trigger before may stand against these.
const CALM: Duration = Duration::from_mins(2);
/// A month's troubles are over at last.
const PATIENCE: Duration = Duration::from_hours(1);

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// What ends a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relief {
    Weather,
    Mood(usize),
    Up(usize),
    Store,
    Start,
    SignIn(usize),
}

struct Month {
    world: Arc<World>,
    computer: Computer,
    workloads: usize,
    /// What is still to come, and when.
    reliefs: Vec<(Duration, Relief)>,
    /// When the machine last told of anything.
    triggered: Duration,
}

pub(super) async fn live(seed: u64) -> Result<(Figures, Vec<String>), Broken> {
    let workloads = usize::try_from(1 + seed % 3).unwrap();
    let world = World::new(seed, workloads);
    let computer = Computer::new(&world, workloads);
    let mut month = Month { world, computer, workloads, reliefs: Vec::new(), triggered: Duration::ZERO };
    month.begin().await;
    while month.world.clock.age() < MONTH && !month.world.story.is_broken() {
        month.go_on().await;
    }
    if !month.world.story.is_broken() {
        month.end().await;
    }
    let Month { world, mut computer, .. } = month;
    computer.stop().await;
    let figures = Figures { months: 1, ..world.checks.figures() };
    world.story.end(seed).map(|story| (figures, story))
}

impl Month {
    /// Everything is installed, and the person signs in for the first time.
    async fn begin(&mut self) {
        for workload in 0..self.workloads {
            let mut server = self.world.servers.of(workload);
            let tokens = &mut server.tokens;
            tokens.lenient = self.world.one_in(3);
            tokens.rotates = !self.world.one_in(6);
            tokens.tells = !self.world.one_in(8);
            tokens.lifetime = self.world.one_of(&[HOUR, HOUR, HOUR, 10 * MINUTE, 8 * HOUR]);
            self.world.story.tell(format!(
                "w{workload}: tokens for {:?}{}{}{}",
                tokens.lifetime,
                if tokens.tells { "" } else { ", not told" },
                if tokens.rotates { "" } else { ", no rotation" },
                if tokens.lenient { ", lenient" } else { "" },
            ));
        }
        self.computer.start().await;
        for workload in 0..self.workloads {
            person::sign_in_at_last(&self.world, &self.computer, workload).await;
        }
    }

    /// Until the next thing has happened.
    async fn go_on(&mut self) {
        let until = self.world.clock.age() + self.world.span(SECOND, 4 * HOUR);
        self.await_reliefs(until).await;
        self.happen().await;
        settle().await;
        for workload in 0..self.workloads {
            let awaited = self.reliefs.iter().any(|(_, relief)| *relief == Relief::SignIn(workload));
            if !awaited && person::is_needed(&self.computer, workload) {
                self.later(Relief::SignIn(workload), 10 * MINUTE, 10 * HOUR);
            }
        }
    }

    /// Lives until `until`, and through what was to come before.
    async fn await_reliefs(&mut self, until: Duration) {
        while !self.world.story.is_broken() {
            let next =
                self.reliefs.iter().enumerate().min_by_key(|(_, (at, _))| *at).map(|(index, (at, _))| (index, *at));
            let Some((index, at)) = next.filter(|(_, at)| *at <= until) else { break };
            self.pass_until(at).await;
            let (_, relief) = self.reliefs.remove(index);
            self.relieve(relief).await;
        }
        self.pass_until(until).await;
    }

    async fn pass_until(&self, age: Duration) {
        tokio::time::sleep(age.saturating_sub(self.world.clock.age())).await;
    }

    fn later(&mut self, relief: Relief, soonest: Duration, latest: Duration) {
        self.reliefs.retain(|(_, other)| *other != relief);
        self.reliefs.push((self.world.clock.age() + self.world.span(soonest, latest), relief));
    }

    async fn relieve(&mut self, relief: Relief) {
        let world = Arc::clone(&self.world);
        world.story.tell(format!("{relief:?} is well again"));
        match relief {
            Relief::Weather if world.one_in(3) => {
                // A portal lets the person through, a router is back: nothing about the machine changes by that.
                world.story.tell("the network is Clear, and nobody tells");
                self.set_weather(Weather::Clear);
                let way = if self.told() == Way::Told { Way::Found } else { Way::FoundAgain };
                self.all_is_running_soon(way).await;
            }
            Relief::Weather => {
                self.weather(Weather::Clear).await;
                self.all_is_running_soon(self.told()).await;
            }
            Relief::Mood(workload) => world.servers.of(workload).mood = Mood::Well,
            Relief::Up(workload) => world.servers.of(workload).down = false,
            Relief::Store => world.documents.fail(None),
            Relief::Start => self.computer.start().await,
            Relief::SignIn(workload) => {
                let needed = person::is_needed(&self.computer, workload);
                if needed && !person::sign_in(&world, &self.computer, workload).await {
                    self.later(relief, 10 * MINUTE, 10 * HOUR);
                }
            }
        }
    }

    fn set_weather(&self, weather: Weather) {
        self.world.checks.cut(self.world.clock.awake());
        *self.world.weather.lock().unwrap() = weather;
        self.world.changed.notify_waiters();
    }

    /// The network is different from now on, and the machine notices.
    async fn weather(&mut self, weather: Weather) {
        self.world.story.tell(format!("the network is {weather:?}"));
        self.set_weather(weather);
        self.computer.network_changed().await;
        if weather != Weather::Clear {
            self.triggered = self.world.clock.age();
        }
    }

    /// How the end of trouble is known where the machine tells of it.
    fn told(&self) -> Way {
        let since = self.world.clock.age().saturating_sub(self.triggered);
        if since > CALM { Way::Told } else { Way::ToldAgain }
    }

    /// Where nothing else stands against it, everything is running within ten seconds and the settle time.
    async fn all_is_running_soon(&mut self, way: Way) {
        let world = Arc::clone(&self.world);
        let begin = world.clock.age();
        let soon = match way {
            Way::Told => SOON,
            Way::ToldAgain | Way::FoundAgain => SOON + CALM,
            Way::Found => SOON + begin.saturating_sub(self.triggered) / LOOKED_WITHIN,
        };
        let fit: Vec<usize> = (0..self.workloads).filter(|workload| self.is_fit(*workload, begin)).collect();
        if world.documents.is_failing() || self.computer.engine().is_none() {
            return;
        }
        let all_running =
            |month: &Self| fit.iter().all(|workload| month.computer.phase(*workload) == Some(Phase::Running));
        if all_running(self) {
            return;
        }
        while !all_running(self) {
            tokio::time::sleep(SECOND / 10).await;
            let late = |workload: &&usize| self.computer.phase(**workload) != Some(Phase::Running);
            let excused = |workload: &usize| {
                let server = world.servers.of(*workload);
                // A sign-in that was never stored is lost with the engine.
                server.refreshing > 0 || server.tokens.is_ended() || person::is_needed(&self.computer, *workload)
            };
            if fit.iter().filter(late).any(excused) {
                // Servers take their time as well, or end what they gave.
                return;
            }
            if world.clock.age().saturating_sub(begin) > soon {
                let late: Vec<&usize> = fit.iter().filter(late).collect();
                return world.story.broke(format!("not running {soon:?} after the network is there again: w{late:?}"));
            }
        }
        let took = world.clock.age().saturating_sub(begin);
        world.checks.count(|figures| figures.recoveries.entry(way).or_default().push(took));
    }

    /// Whether nothing but the network stands between `workload` and its login.
    fn is_fit(&self, workload: usize, now: Duration) -> bool {
        let server = self.world.servers.of(workload);
        let told_to_wait = self.world.checks.floor(workload).is_some_and(|floor| now < floor);
        let well = server.mood == Mood::Well && !server.down && !server.tokens.is_ended();
        well && !told_to_wait && self.computer.mends_quietly(workload)
    }

    /// All trouble is over: so is every trace of it, soon.
    async fn end(&mut self) {
        let world = Arc::clone(&self.world);
        world.story.tell("the month is over, and so is all trouble");
        self.set_weather(Weather::Clear);
        world.documents.fail(None);
        for workload in 0..self.workloads {
            let mut server = world.servers.of(workload);
            (server.mood, server.down) = (Mood::Well, false);
        }
        if self.computer.engine().is_none() {
            self.computer.start().await;
        }
        // Grants that ended are noticed when they are next used.
        tokio::time::sleep(PATIENCE + 10 * HOUR).await;
        for workload in 0..self.workloads {
            if person::is_needed(&self.computer, workload) {
                person::sign_in_at_last(&world, &self.computer, workload).await;
            }
        }
        self.computer.network_changed().await;
        self.all_is_running_soon(self.told()).await;
        for workload in 0..self.workloads {
            let phase = self.computer.phase(workload);
            if phase != Some(Phase::Running) {
                world.story.broke(format!("w{workload} is {phase:?} when all trouble is over"));
            }
        }
    }
}
