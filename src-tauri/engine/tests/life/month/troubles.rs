//! What befalls the machine, the network, the servers and the person: one thing after another, drawn from the seed.

use std::sync::Arc;

use jiff::SignedDuration;
use lamplighter_core::condition::StoreFault;

use super::super::client;
use super::super::network::Weather;
use super::super::person;
use super::super::server::Mood;
use super::{HOUR, MINUTE, Month, Relief, SECOND};

impl Month {
    /// One thing.
    pub(super) async fn happen(&mut self) {
        let world = Arc::clone(&self.world);
        let workload = usize::try_from(world.below(u32::try_from(self.workloads).unwrap())).unwrap();
        match world.below(40) {
            0..=5 => self.sleep().await,
            6..=9 => self.bad_weather().await,
            10..=11 => self.flaps().await,
            12..=14 => self.bad_mood(workload),
            15..=16 => self.bad_store(),
            17 => self.wrong_time(),
            18..=19 => self.restart().await,
            20 => self.kill(),
            21..=27 => self.in_an_exchange().await,
            28 => self.end_grant(workload),
            29..=30 => world.servers.of(workload).tokens.reject_access(),
            31 => person::retry(&world, &self.computer, workload).await,
            32..=33 => self.down(workload).await,
            _ => {
                for workload in 0..self.workloads {
                    client::call(&world, &self.computer, workload).await;
                }
            }
        }
    }

    async fn sleep(&mut self) {
        self.trouble(None);
        let span = self.world.span(MINUTE, 72 * HOUR);
        if self.world.one_in(2) {
            let weather = self.some_weather();
            self.world.story.tell(format!("when it wakes the network is {weather:?}"));
            self.set_weather(weather);
        }
        self.computer.sleep(span).await;
        self.triggered = self.world.clock.age();
    }

    async fn bad_weather(&mut self) {
        let weather = self.some_weather();
        self.trouble(None);
        self.weather(weather).await;
    }

    /// A VPN that comes and goes.
    async fn flaps(&mut self) {
        self.trouble(Some("the network flaps"));
        for _ in 0..=self.world.below(12) {
            let weather = self.world.one_of(&Weather::BAD);
            self.weather(weather).await;
            tokio::time::sleep(self.world.span(SECOND / 10, 10 * SECOND)).await;
            self.weather(Weather::Clear).await;
            tokio::time::sleep(self.world.span(SECOND / 10, 20 * SECOND)).await;
        }
        self.reliefs.retain(|(_, relief)| *relief != Relief::Weather);
    }

    fn bad_mood(&mut self, workload: usize) {
        let mood = self.world.one_of(&Mood::BAD);
        self.trouble(Some(&format!("w{workload}: the authorization server is {mood:?}")));
        self.world.servers.of(workload).mood = mood;
        self.later(Relief::Mood(workload), SECOND, 100 * HOUR);
    }

    fn bad_store(&mut self) {
        let fault = self.world.one_of(&[StoreFault::Locked, StoreFault::Absent, StoreFault::Failed]);
        self.trouble(Some(&format!("the store fails: {fault:?}")));
        self.world.documents.fail(Some(fault));
        self.later(Relief::Store, SECOND, 10 * HOUR);
    }

    fn wrong_time(&mut self) {
        let span = SignedDuration::try_from(self.world.span(MINUTE, 1_000 * 24 * HOUR)).unwrap();
        let ahead = match self.world.below(3) {
            0 => -self.world.clock.wall_error(),
            1 => span,
            _ => -span,
        };
        self.trouble(Some(&format!("the wall clock is set ahead by {ahead:?}")));
        self.world.clock.set_wall(ahead);
        self.world.clock.notice();
    }

    async fn restart(&mut self) {
        self.trouble(None);
        self.computer.stop().await;
        self.later(Relief::Start, SECOND / 10, 8 * HOUR);
    }

    fn kill(&mut self) {
        self.trouble(None);
        self.computer.kill();
        self.later(Relief::Start, SECOND / 10, HOUR);
    }

    fn end_grant(&mut self, workload: usize) {
        let mut server = self.world.servers.of(workload);
        if !server.tokens.is_ended() && self.world.one_in(2) {
            self.world.story.tell(format!("w{workload}: the server ends the grant"));
            server.tokens.end();
            self.world.checks.count(|figures| figures.ended += 1);
        }
    }

    /// The MCP server fails, and clients run into that.
    async fn down(&mut self, workload: usize) {
        self.trouble(Some(&format!("w{workload}: the MCP server is down")));
        self.world.servers.of(workload).down = true;
        for _ in 0..3 {
            client::call(&self.world, &self.computer, workload).await;
        }
        self.later(Relief::Up(workload), SECOND, 5 * HOUR);
    }

    /// Something happens in the middle of the next token request.
    async fn in_an_exchange(&mut self) {
        let world = Arc::clone(&self.world);
        let mut exchanges = world.exchanges.subscribe();
        let begun = async { exchanges.changed().await.is_ok() };
        let begun = tokio::select! {
            biased;
            begun = begun => begun,
            () = tokio::time::sleep(70 * MINUTE) => false,
        };
        if !begun {
            return;
        }
        world.some_time(900).await;
        world.story.tell("in the middle of an exchange:");
        match world.below(8) {
            0..=1 => self.kill(),
            2 => self.sleep().await,
            3 => self.bad_weather().await,
            4 => self.bad_store(),
            5 => self.restart().await,
            6 => self.wrong_time(),
            _ => {
                self.trouble(Some("answers are lost"));
                (0..self.workloads).for_each(|workload| world.servers.of(workload).lose_next = true);
                tokio::time::sleep(SECOND).await;
                (0..self.workloads).for_each(|workload| world.servers.of(workload).lose_next = false);
            }
        }
    }

    /// Counts a trouble.
    fn trouble(&self, told: Option<&str>) {
        self.world.checks.count(|figures| figures.troubles += 1);
        if let Some(told) = told {
            self.world.story.tell(told);
        }
    }

    fn some_weather(&mut self) -> Weather {
        let weather = self.world.one_of(&Weather::BAD);
        self.later(Relief::Weather, 2 * SECOND, 40 * HOUR);
        weather
    }
}
