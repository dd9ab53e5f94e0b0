//! Networks, as people carry a laptop through them.

use lamplighter_endurance::child::Child;
use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::{NAME, Product, has};
use lamplighter_endurance::weather::network::{Network, WayEnd};
use serde_json::Value;

/// The program, signed in, on a machine in a network of its own.
struct Stage {
    servers: Servers,
    product: Product,
    engine: Child,
    network: Network,
}

impl Stage {
    async fn set() -> Option<Self> {
        Self::with_tokens_for(3600).await
    }

    /// With access tokens that live for so many seconds.
    async fn with_tokens_for(seconds: u32) -> Option<Self> {
        let network = Network::make().await?;
        let servers = network.servers(seconds).await;
        let mut product = network.product();
        product.set("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "10m");
        product.set("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "1");
        product.set("LAMPLIGHTER_LOG", "info,lamplighter_engine::triggers=debug");
        let engine = product.serve().await;
        product.sign_in(&servers.mcp).await;
        Some(Self { servers, product, engine, network })
    }

    /// Has `change` happen to the network, and waits until it is heard of: what stood before may carry a try until then, and
    /// a try that was planned could pass for one that the change led to.
    async fn changes(&self, change: impl FnOnce(&Network)) {
        let heard = || self.engine.said().matches("the network changed").count();
        let before = heard();
        change(&self.network);
        until("the change to be heard of", async || (heard() > before).then_some(())).await;
    }

    /// Tries, which comes to nothing for the reason `code`.
    async fn fails(&self, code: &str) {
        self.product.done(&["retry", NAME]).await;
        self.is_in_trouble(code).await;
    }

    async fn is_in_trouble(&self, code: &str) {
        let what = format!("it to be in trouble with {code}");
        self.product.until_status(&what, |now| now["status"] == "auth_retrying" && now["reason_code"] == code).await;
    }

    async fn recovers(&self) {
        self.product.until_status("it to run", |now| now["status"] == "running").await;
    }

    async fn ends(self) {
        assert_eq!(self.servers.count("sign_ins").await, 1, "nobody was asked to sign in");
        assert_eq!(self.servers.count("reused_refresh_tokens").await, 0);
        assert_eq!(self.engine.terminate().await.code(), Some(0));
    }
}

#[tokio::test]
async fn a_cable_that_is_pulled_is_waited_for() {
    let Some(stage) = Stage::set().await else { return };
    stage.network.unplug();
    stage.product.done(&["retry", NAME]).await;
    let waits = |now: &Value| has(now, "offline");
    let waiting = stage.product.until_status("it to wait", waits).await;
    assert_eq!(waiting["status"], "running", "its token is good");
    let before = stage.servers.count("refreshes").await;
    stage.network.plug_in();
    stage.product.until_status("it to be renewed", |now| !waits(now)).await;
    assert_eq!(stage.servers.count("refreshes").await, before + 1);
    stage.ends().await;
}

#[tokio::test]
async fn a_firewall_at_the_end_of_a_tunnel_is_forgotten_with_it() {
    let Some(stage) = Stage::set().await else { return };
    stage.changes(|network| network.go_through_tunnel(WayEnd::Firewall)).await;
    stage.fails("firewall").await;
    stage.changes(Network::leave_tunnel).await;
    stage.recovers().await;
    stage.ends().await;
}

#[tokio::test]
async fn a_tunnel_that_swallows_everything_is_left_behind() {
    let Some(stage) = Stage::set().await else { return };
    stage.changes(|network| network.go_through_tunnel(WayEnd::Nothing)).await;
    stage.fails("timeout").await;
    stage.changes(Network::leave_tunnel).await;
    stage.recovers().await;
    stage.ends().await;
}

#[tokio::test]
async fn other_name_servers_are_asked_at_once() {
    let Some(stage) = Stage::set().await else { return };
    stage.changes(Network::lose_names).await;
    stage.fails("dns").await;
    stage.changes(Network::find_names).await;
    stage.recovers().await;
    stage.ends().await;
}

#[tokio::test]
async fn a_portal_that_lets_the_person_through_without_a_word_is_found_open() {
    is_found_over(WayEnd::Firewall, "firewall").await;
}

#[tokio::test]
async fn silence_that_ends_without_a_word_is_found_over() {
    is_found_over(WayEnd::Nothing, "timeout").await;
}

#[tokio::test]
async fn refusals_that_end_without_a_word_are_found_over() {
    is_found_over(WayEnd::Reset, "refused").await;
}

async fn is_found_over(end: WayEnd, code: &str) {
    // Renewed without anybody asking, which would be followed by quick tries.
    let Some(stage) = Stage::with_tokens_for(2).await else { return };
    stage.network.obstruct(end);
    stage.is_in_trouble(code).await;
    stage.network.clear();
    stage.recovers().await;
    assert_eq!(stage.product.triggers("reached").await, 1, "nobody told of it, and it was tried for");
    assert!(!stage.engine.said().contains("the network changed"));
    stage.ends().await;
}

#[tokio::test]
async fn a_lossy_network_is_good_enough() {
    let Some(stage) = Stage::set().await else { return };
    stage.network.obstruct(WayEnd::Loss);
    for _ in 0..3 {
        stage.product.refresh().await;
    }
    stage.network.clear();
    stage.ends().await;
}
