//! Streams: what Lamplighter adds to answers that come bit by bit, and what it holds while they last.

mod bulk;
mod delay;
mod idle;
mod slow;

use anyhow::Result;

use crate::measure::Effort;
use crate::measure::child::Child;
use crate::measure::lamplighter::{Lamplighter, TOKEN};
use crate::measure::load::Target;
use crate::measure::nginx::Nginx;
use crate::measure::report::Table;
use crate::measure::roles::Role;

/// The programs between a client and its server.
struct Between {
    relay: Child,
    nginx: Nginx,
    engine: Lamplighter,
    targets: [Target; 4],
    _server: Child,
}

/// A way to the server.
struct Way<'a> {
    name: &'static str,
    target: &'a Target,
    process: Option<&'a Child>,
}

pub(crate) async fn measure(effort: Effort) -> Result<Vec<Table>> {
    Ok(vec![
        delay::measure(&Between::start().await?, effort).await?,
        bulk::measure(&Between::start().await?, effort).await?,
        // What a program holds depends on what it did before: each of these finds it as it starts.
        idle::measure(&Between::start().await?, effort).await?,
        slow::measure(&Between::start().await?, effort).await?,
    ])
}

impl Between {
    async fn start() -> Result<Self> {
        let (server, address) = Role::Streams.start(&[])?;
        let (relay, relay_address) = Role::Relay.start(&[("RELAY_TO", address.to_string())])?;
        let nginx = Nginx::before(address).await?;
        let (engine, through) = Lamplighter::before(address).await?;
        let to = |address| Target { address, path: "/mcp".to_owned(), authorization: format!("Bearer {TOKEN}") };
        let targets = [to(address), to(relay_address), to(nginx.address), through];
        Ok(Self { relay, nginx, engine, targets, _server: server })
    }

    /// Directly, and through each of them.
    fn ways(&self) -> [Way<'_>; 4] {
        let [direct, relay, nginx, through] = &self.targets;
        [
            Way { name: "direct", target: direct, process: None },
            Way { name: "TCP relay", target: relay, process: Some(&self.relay) },
            Way { name: "nginx", target: nginx, process: Some(&self.nginx.process) },
            Way { name: "Lamplighter", target: through, process: Some(&self.engine.process) },
        ]
    }

    /// Each of the programs between, and the way through it.
    fn programs(&self) -> impl Iterator<Item = (&'static str, &Target, &Child)> {
        self.ways().into_iter().filter_map(|way| Some((way.name, way.target, way.process?)))
    }
}
