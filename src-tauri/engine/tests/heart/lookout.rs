//! Trouble of whose end nobody tells: it is looked for.

use std::time::Duration;

use http::StatusCode;
use lamplighter_core::Phase;
use lamplighter_engine::engine::Engine;
use lamplighter_engine::ports::Clock as _;
use lamplighter_simulator::{Endpoint, Fault, Host};

use crate::stage::{Stage, soon};

const APART: Duration = Duration::from_secs(5);

impl Stage {
    /// A restart in a network where everything is answered by `fault`, when the token has expired.
    async fn in_trouble(fault: &Fault) -> Self {
        let stage = Self::signed_in().await;
        for endpoint in [Endpoint::Token, Endpoint::ServerMetadata] {
            stage.server.fail(endpoint, fault.clone());
        }
        let stage = stage.again_after(Duration::from_hours(2), Engine::stop).await;
        stage.comes_to(Phase::AuthRetrying).await;
        stage
    }

    /// Lets time pass until the next look.
    async fn looks(&self) {
        self.rests().await;
        let next = self.clock.next_wake().unwrap();
        self.clock.advance(next.since(self.clock.now().moment));
    }

    /// Through a look, and whatever follows from it at once.
    async fn looks_in_vain(&self) {
        self.looks().await;
        self.rests().await;
    }

    /// Waits until nothing is under way, and a look is to come: one that is under way has four seconds.
    async fn rests(&self) {
        soon(|| {
            let now = self.clock.now();
            let next_attempt = self.handle.workload("linear").unwrap().next_attempt_at;
            let (glance, next) = (now.moment + Duration::from_secs(4), self.clock.next_wake());
            next_attempt.is_some_and(|at| at > now.wall)
                && next.is_some_and(|next| next != glance && next <= now.moment + APART)
        })
        .await;
    }

    fn asked(&self) -> (u64, u64) {
        let counts = self.server.counts();
        (counts.token_requests, counts.metadata_requests)
    }
}

#[tokio::test]
async fn a_portal_that_lets_the_person_through_is_found_open() {
    for page in [Fault::Page(StatusCode::OK), Fault::Redirect(StatusCode::FOUND, "http://portal.localhost/".to_owned())]
    {
        let stage = Stage::in_trouble(&page).await;
        let (tokens, metadata) = stage.asked();
        for looks in 1..=3 {
            stage.looks_in_vain().await;
            assert_eq!(stage.asked(), (tokens, metadata + looks), "nothing of the login is sent meanwhile");
        }
        for endpoint in [Endpoint::Token, Endpoint::ServerMetadata] {
            stage.server.recover(endpoint);
        }
        stage.looks().await;
        stage.comes_to(Phase::Running).await;
        assert_eq!(stage.asked(), (tokens + 1, metadata + 4));
        assert_eq!(stage.said("reached").await.unwrap().workload, "linear");
        stage.clock.advance(Duration::from_mins(30));
        stage.refreshes().await;
        assert_eq!(stage.asked().1, metadata + 4, "where nothing is wrong it is not looked");
    }
}

#[tokio::test]
async fn a_server_that_is_back_is_found() {
    let stage = Stage::signed_in().await;
    stage.server.go_down(Host::AuthorizationServer).await.unwrap();
    let stage = stage.again_after(Duration::from_hours(2), Engine::stop).await;
    stage.comes_to(Phase::AuthRetrying).await;
    stage.looks_in_vain().await;
    let before = stage.asked();
    stage.server.come_up(Host::AuthorizationServer).await.unwrap();
    stage.looks().await;
    stage.comes_to(Phase::Running).await;
    assert_eq!(stage.asked(), (before.0 + 1, before.1 + 1));
}

#[tokio::test]
async fn an_upstream_that_is_back_is_found() {
    let stage = Stage::signed_in().await;
    stage.server.go_down(Host::McpServer).await.unwrap();
    drop(stage.open(http::Method::POST, "{}").await);
    stage.comes_to(Phase::Unhealthy).await;
    stage.looks_in_vain().await;
    let before = stage.server.counts();
    stage.server.come_up(Host::McpServer).await.unwrap();
    stage.looks().await;
    stage.comes_to(Phase::Running).await;
    let after = stage.server.counts();
    assert_eq!(after.mcp_requests - before.mcp_requests, 2, "the look, and one with the token");
    assert_eq!(after.mcp_unauthorized - before.mcp_unauthorized, 1, "the look carries none");
}

#[tokio::test]
async fn a_token_endpoint_that_fails_where_its_server_is_there_is_left_to_the_cadence() {
    let stage = Stage::signed_in().await;
    stage.server.fail(Endpoint::Token, Fault::Reset);
    let stage = stage.again_after(Duration::from_hours(2), Engine::stop).await;
    stage.comes_to(Phase::AuthRetrying).await;
    let (tokens, metadata) = stage.asked();
    let begin = stage.clock.now().moment;
    while stage.clock.now().moment.since(begin) < Duration::from_mins(2) {
        stage.looks_in_vain().await;
    }
    assert_eq!(stage.asked().0, tokens + 4, "it was news once, with the quick tries of any news");
    assert!(stage.asked().1 > metadata + 10);
}

#[tokio::test]
async fn a_machine_that_is_about_to_sleep_does_not_look() {
    let stage = Stage::in_trouble(&Fault::Page(StatusCode::OK)).await;
    stage.looks_in_vain().await;
    let before = stage.asked();
    stage.teller.falls_asleep().await;
    soon(|| stage.clock.next_wake().is_none_or(|next| next > stage.clock.now().moment + APART)).await;
    stage.teller.wakes();
    stage.looks_in_vain().await;
    assert_eq!(stage.asked(), (before.0 + 1, before.1), "the wake is tried for");
}
