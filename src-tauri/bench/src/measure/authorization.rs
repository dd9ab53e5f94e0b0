//! The authorization server that is told what to do: the near end of the part played in [`Role::Authorization`].

use std::net::SocketAddr;

use anyhow::Result;
use http::Method;

use crate::measure::child::Child;
use crate::measure::load::Target;
use crate::measure::roles::{Role, Rules, Tally};

/// A running authorization server.
pub(crate) struct Authorization {
    pub(crate) address: SocketAddr,
    _process: Child,
}

impl Authorization {
    /// Starts one that works.
    pub(crate) fn start() -> Result<Self> {
        let (process, address) = Role::Authorization.start(&[])?;
        Ok(Self { address, _process: process })
    }

    /// Has it keep to `rules` from now on.
    pub(crate) async fn rule(&self, rules: Rules) -> Result<()> {
        self.at("/rules").ask(Method::PUT, serde_json::to_vec(&rules)?).await?;
        Ok(())
    }

    /// What it has counted.
    pub(crate) async fn tally(&self) -> Result<Tally> {
        Ok(serde_json::from_slice(&self.at("/tally").ask(Method::GET, "").await?)?)
    }

    fn at(&self, path: &str) -> Target {
        Target { address: self.address, path: path.to_owned(), authorization: String::new() }
    }
}
