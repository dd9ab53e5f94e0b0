//! The parts of other programs that the benchmark plays in processes of its own, so that what each costs can be told.

mod authorization;
mod proxy;
mod relay;
mod streams;
mod upstream;

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;
use tokio::net::TcpListener;

use crate::measure::child::Child;

pub(crate) use authorization::{Rules, Tally};
pub(crate) use streams::BULK;

/// A part to play.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    /// A server of tools that answers at once.
    Upstream,
    /// A server of event streams, and of long answers.
    Streams,
    /// A TCP relay that looks at nothing; its other end is `RELAY_TO`.
    Relay,
    /// An HTTP proxy without rules of its own; its other end is `RELAY_TO`.
    Proxy,
    /// An authorization server that counts, and fails when it is told to.
    Authorization,
}

impl Role {
    /// Plays it until killed; its address is the first line printed.
    pub(crate) fn play(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let mut out = std::io::stdout();
            writeln!(out, "{}", listener.local_addr()?)?;
            out.flush()?;
            match self {
                Self::Upstream => upstream::serve(listener).await,
                Self::Streams => streams::serve(listener).await,
                Self::Relay => relay::serve(listener, std::env::var("RELAY_TO")?.parse()?).await,
                Self::Proxy => proxy::serve(listener, std::env::var("RELAY_TO")?.parse()?).await,
                Self::Authorization => authorization::serve(listener).await,
            }
        })
    }

    /// Has a process play it.
    pub(crate) fn start(self, environment: &[(&str, String)]) -> Result<(Child, SocketAddr)> {
        let value = self.to_possible_value();
        let name = value.as_ref().map_or("", |value| value.get_name());
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--role", name]).envs(environment.iter().map(|(name, value)| (name, value)));
        Child::serving(&mut command)
    }
}
