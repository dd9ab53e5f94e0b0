//! The program that is measured: `lamplighter serve` on a profile of its own, spoken to as people do, by its commands.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::measure::child::{Child, PATIENCE};
use crate::measure::load::Target;
use crate::measure::profile::Profile;
use crate::measure::stopwatch::{Stopwatch, pause};

/// The token that travels up.
pub(crate) const TOKEN: &str = "a-token-of-the-benchmark-and-of-nobody-else";

/// A running engine.
pub(crate) struct Lamplighter {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
    /// Opens everything.
    api_key: String,
    home: TempDir,
}

impl Lamplighter {
    /// Starts an engine on `profile` with `settings`, as environment variables; ready when it answers.
    pub(crate) async fn start(profile: Profile, settings: &[(&str, String)]) -> Result<Self> {
        let home = profile.write()?;
        let mut serve = command(&home)?;
        serve.envs(settings.iter().map(|(name, value)| (name, value)));
        let process = Child::start(serve.arg("serve").stdout(Stdio::null()).stderr(Stdio::null()))?;
        let watch = Stopwatch::start();
        let file = home.path().join("engine.json");
        let published = loop {
            match fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok()) {
                Some(published) => break published,
                None if watch.elapsed() > PATIENCE => bail!("the engine is not ready"),
                None => pause(Duration::from_millis(2)).await,
            }
        };
        let address = published["address"].as_str().context("engine.json names no address")?.parse()?;
        let api_key = published["api_key"].as_str().context("engine.json holds no key")?.to_owned();
        Ok(Self { process, address, api_key, home })
    }

    /// A place that the API key opens.
    pub(crate) fn control(&self, path: &str) -> Target {
        let authorization = format!("Bearer {}", self.api_key);
        Target { address: self.address, path: path.to_owned(), authorization }
    }

    /// One with the workload `tools`, which is signed in for good at `upstream`, and the way to that.
    pub(crate) async fn before(upstream: SocketAddr) -> Result<(Self, Target)> {
        let mut profile = Profile::new()?;
        profile.pasted("tools", &format!("http://{upstream}/mcp")).await?;
        let engine = Self::start(profile, &[]).await?;
        let target = engine.target("tools")?;
        Ok((engine, target))
    }

    /// The way to the workload `name`.
    pub(crate) fn target(&self, name: &str) -> Result<Target> {
        let endpoint: Value = serde_json::from_str(&self.run(&["endpoint", name, "--json"])?)?;
        let authorization = endpoint["headers"]["Authorization"].as_str().context("no key")?.to_owned();
        Ok(Target { address: self.address, path: format!("/{name}/mcp"), authorization })
    }

    /// Runs a command, and gives what it prints.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = command(&self.home)?.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            bail!("lamplighter {} ended with {}", arguments.join(" "), output.status);
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// The program, with a profile and a port of its own.
fn command(home: &TempDir) -> Result<Command> {
    let mut command = Command::new(program()?);
    command
        .env("LAMPLIGHTER_HOME", home.path())
        .env("LAMPLIGHTER_LISTEN", "127.0.0.1:0")
        .env("LAMPLIGHTER_SECRET_STORE", "file");
    Ok(command)
}

/// It was built beside the benchmark.
fn program() -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("lamplighter");
    if !program.is_file() {
        bail!("no lamplighter beside the benchmark\nhint: `cargo xtask bench` builds both");
    }
    Ok(program)
}
