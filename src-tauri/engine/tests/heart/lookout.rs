//! Trouble of whose end nobody tells: it is looked for.

use std::time::Duration;

use http::StatusCode;
use lamplighter_core::Phase;
use lamplighter_core::config::Name;
use lamplighter_core::entry::EntryKind;
use lamplighter_engine::engine::{Engine, NewWorkload};
use lamplighter_engine::ports::Clock as _;
use lamplighter_simulator::{Endpoint, Fault, Host, World};

use crate::stage::{Stage, soon, workload};

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

    /// Lets time pass until the next look, and waits until `it_has_come` of it.
    async fn looks(&self, it_has_come: impl Fn() -> bool) {
        soon(|| self.clock.next_wake() == Some(self.clock.now().moment + APART)).await;
        self.clock.advance(APART);
        soon(it_has_come).await;
    }

    /// Looks in vain, having asked the authorization server.
    async fn looks_in_vain(&self) {
        let before = self.asked();
        self.looks(|| self.asked().1 == before.1 + 1).await;
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
        stage.looks(|| stage.phase() == Phase::Running).await;
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
    let before = stage.asked();
    stage.server.come_up(Host::AuthorizationServer).await.unwrap();
    stage.looks(|| stage.phase() == Phase::Running).await;
    assert_eq!(stage.asked(), (before.0 + 1, before.1 + 1));
}

#[tokio::test]
async fn an_upstream_that_is_back_is_found() {
    let stage = Stage::signed_in().await;
    stage.server.go_down(Host::McpServer).await.unwrap();
    drop(stage.open(http::Method::POST, "{}").await);
    stage.comes_to(Phase::Unhealthy).await;
    let before = stage.server.counts();
    stage.server.come_up(Host::McpServer).await.unwrap();
    stage.looks(|| stage.phase() == Phase::Running).await;
    let after = stage.server.counts();
    assert_eq!(after.mcp_requests, before.mcp_requests + 1, "the look asks for nothing of the server's");
    assert_eq!(after.mcp_unauthorized, before.mcp_unauthorized);
}

#[tokio::test]
async fn only_who_waits_for_a_server_hears_that_it_is_back() {
    let stage = Stage::signed_in().await;
    let other = World::new().server("notion").unwrap();
    let notion = NewWorkload { name: Name::parse("notion").unwrap(), ..workload(&other) };
    stage.handle.add(notion).await.unwrap();
    stage.server.go_down(Host::McpServer).await.unwrap();
    other.go_down(Host::McpServer).await.unwrap();
    drop(stage.open(http::Method::POST, "{}").await);
    stage.comes_to(Phase::Unhealthy).await;
    stage.server.come_up(Host::McpServer).await.unwrap();
    stage.looks(|| stage.phase() == Phase::Running).await;
    let rows = stage.journal.rows(Some("notion"), None, 1_000).await.unwrap();
    assert!(rows.iter().all(|row| row.kind != EntryKind::Trigger), "{rows:?}");
}

#[tokio::test]
async fn nothing_is_asked_for_once_sleep_is_announced() {
    let stage = Stage::in_trouble(&Fault::Page(StatusCode::OK)).await;
    stage.looks_in_vain().await;
    // One is under way.
    stage.server.fail(Endpoint::ServerMetadata, Fault::Hang);
    let before = stage.asked();
    stage.looks(|| stage.asked().1 == before.1 + 1).await;
    let looks_on = || stage.clock.next_wake().is_some_and(|next| next <= stage.clock.now().moment + 2 * APART);
    soon(looks_on).await;
    stage.teller.falls_asleep().await;
    soon(|| !looks_on()).await;
    stage.teller.wakes();
    soon(looks_on).await;
    assert_eq!(stage.asked().1, before.1 + 1);
}
