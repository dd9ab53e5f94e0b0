//! A login that is waited for: its renewal has failed, and nothing tries again for minutes unless something happens.

use lamplighter_endurance::child::Child;
use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::Product;
use serde_json::Value;

/// The program at it, and the servers, which are in trouble.
pub(crate) struct Waiting {
    pub(crate) servers: Servers,
    engine: Child,
    product: Product,
}

impl Waiting {
    /// Signs in with `product`, has the server ask for patience, and waits until the token is to be renewed and cannot be.
    /// Nobody asks for that, which would be followed by quick tries; and nothing is looked for, since the server answers.
    pub(crate) async fn begin(mut product: Product) -> Self {
        let servers = Servers::start(2).await;
        product.set("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "10m");
        product.set("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "1");
        product.set("LAMPLIGHTER_LOG", "info,lamplighter_engine::triggers=debug");
        let engine = product.serve().await;
        product.sign_in(&servers.mcp).await;
        servers.control("outage=unavailable").await;
        let in_trouble = |now: &Value| now["status"] == "auth_retrying" && now["reason_code"] == "server_busy";
        product.until_status("the trouble", in_trouble).await;
        Self { servers, engine, product }
    }

    /// Waits until the engine has said `what` so many times.
    pub(crate) async fn until_said(&self, what: &str, times: usize) {
        until(what, async || (self.times_said(what) >= times).then_some(())).await;
    }

    /// Waits until all is well with the engine having said `what` so many times and not more, and ends.
    pub(crate) async fn recovers_having_said(self, what: &str, times: usize) {
        self.until_said(what, times).await;
        self.product.until_status("it to run", |now| now["status"] == "running").await;
        assert_eq!(self.times_said(what), times, "{what}");
        assert_eq!(self.servers.count("sign_ins").await, 1, "nobody was asked to sign in");
        assert_eq!(self.engine.terminate().await.code(), Some(0));
    }

    fn times_said(&self, what: &str) -> usize {
        self.engine.said().matches(what).count()
    }
}
