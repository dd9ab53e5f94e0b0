//! An authorization server that does as it is told, on a thread of its own: the benchmark's clients do not slow it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use lamplighter_simulator::{ResourceParameter, Server, World};
use tokio::runtime::{Builder, Runtime};

use crate::measure::lamplighter::Lamplighter;
use crate::measure::load::Target;

/// A running authorization server.
pub(crate) struct Authorization {
    server: Server,
    /// There until it is dropped.
    runtime: Option<Runtime>,
}

impl Authorization {
    /// Starts one whose access tokens last for `lifetime`.
    pub(crate) fn start(lifetime: Duration) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let within = runtime.enter();
        let server = World::new().server("tools")?;
        drop(within);
        // Tokens are for a server of tools that is another program, as quick as can be.
        server.authorization(|rules| rules.resource = ResourceParameter::Ignored);
        let authorization = Self { server, runtime: Some(runtime) };
        authorization.tokens_last(lifetime);
        Ok(authorization)
    }

    /// Signs in to a workload called `name` at `upstream`; the way to it.
    pub(crate) async fn sign_in(&self, engine: &Lamplighter, name: &str, upstream: SocketAddr) -> Result<Target> {
        let url = format!("http://{upstream}/mcp");
        engine.run(&["add", name, &url, "--issuer", self.server.issuer().as_str()], "")?;
        engine.sign_in(name).await?;
        engine.target(name)
    }

    /// Tokens issued from now on last for `lifetime`.
    pub(crate) fn tokens_last(&self, lifetime: Duration) {
        self.server.authorization(|rules| rules.access_token_lifetime = lifetime);
    }

    /// How often the token endpoint has been asked.
    pub(crate) fn asked(&self) -> u64 {
        self.server.counts().token_requests
    }

    /// What else can be done to it.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }
}

impl Drop for Authorization {
    fn drop(&mut self) {
        // A runtime that is merely dropped waits for its end, which the benchmark's own forbids.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
