//! The foreign servers and clients of `tests/foreign`, each a process; their head comments say what they do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use http::HeaderMap;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::child::Child;
use crate::patience::within;
use crate::wire::Wire;

/// A foreign authorization server, and an MCP server that takes its tokens.
pub struct Servers {
    /// Where the authorization server is told how to behave.
    control: String,
    /// The address of the MCP server.
    pub mcp: String,
    wire: Wire,
    _processes: [Child; 2],
    folder: TempDir,
}

impl Servers {
    /// Starts both; access tokens live for so many seconds.
    pub async fn start(access_token_seconds: u32) -> Self {
        Self::start_at(access_token_seconds, &[]).await
    }

    /// Starts both where `environment` has them listen, as `doors.mjs` understands it.
    pub async fn start_at(access_token_seconds: u32, environment: &[(&str, OsString)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |script| {
            let mut command = node(script);
            command.envs(environment.iter().cloned());
            command
        };
        let mut command = at("authorization-server.mjs");
        command.env("ACCESS_TOKEN_SECONDS", access_token_seconds.to_string());
        let mut authorization = Child::start("authorization-server", command, folder.path());
        let ready = authorization.line().await;
        let (issuer, control) = (said(&ready, "issuer"), said(&ready, "control"));
        let mut command = at("mcp-server.mjs");
        command.env("ISSUER", &issuer).env("ISSUER_AT", &control);
        let mut resource = Child::start("mcp-server", command, folder.path());
        let mcp = said(&resource.line().await, "url");
        Self { control, mcp, wire: Wire::new(), _processes: [authorization, resource], folder }
    }

    /// What the authorization server has counted.
    pub async fn counts(&self) -> Value {
        serde_json::from_str(&self.wire.get(&format!("{}/__counts", self.control)).await.body).unwrap()
    }

    /// One of these counts.
    pub async fn count(&self, name: &str) -> u64 {
        self.counts().await[name].as_u64().unwrap()
    }

    /// A line for every request to the token endpoint from now on, as it comes and as it is answered.
    pub async fn exchanges(&self) -> UnboundedReceiver<String> {
        self.wire.lines(&format!("{}/__exchanges", self.control)).await
    }

    /// How many tool calls the MCP server has answered.
    pub async fn tool_calls(&self) -> u64 {
        let url = url::Url::parse(&self.mcp).unwrap().join("/__counts").unwrap();
        let counts: Value = serde_json::from_str(&self.wire.get(url.as_str()).await.body).unwrap();
        counts["tool_calls"].as_u64().unwrap()
    }

    /// Tells the authorization server how to behave from now on: `outage=forbidden`, `delay=300`.
    pub async fn control(&self, how: &str) {
        let url = format!("{}/__control?{how}", self.control);
        assert!(self.wire.post(&url, &HeaderMap::new(), String::new()).await.status.is_success());
    }

    /// Starts the official SDK's client on `endpoint` (the JSON of `lamplighter endpoint`) for so many seconds.
    pub fn client(&self, endpoint: &str, seconds: u32) -> Child {
        let mut command = node("mcp-client.mjs");
        command.env("MCP_ENDPOINT", endpoint).env("SECONDS", seconds.to_string()).env("PATIENCE_SECONDS", "1");
        Child::start("mcp-client", command, self.folder.path())
    }
}

/// A firewall that answers in everybody's place, and its port.
pub async fn firewall(environment: &[(&str, OsString)], folder: &Path) -> (Child, u16) {
    let mut command = node("firewall.mjs");
    command.envs(environment.iter().cloned());
    let mut firewall = Child::start("firewall", command, folder);
    let origin = url::Url::parse(&said(&firewall.line().await, "origin")).unwrap();
    (firewall, origin.port().unwrap())
}

/// A person opens `address` in the browser without a screen, on whichever machine, and agrees to everything.
pub async fn agree_at(address: &str) {
    let mut command = node("browser.mjs");
    let visit = command.arg(address).kill_on_drop(true).output();
    let ended = within("the browser", visit).await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
}

/// Has a web page that means harm try everything on the engine at `address` and its workload `name`, in a real Chromium;
/// what came of it, as its head comment says.
pub async fn attack(address: &str, name: &str) -> Value {
    let mut command = node("hostile-page.mjs");
    let ended = command.args([address, name]).kill_on_drop(true).output().await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).unwrap()
}

/// The browser without a screen, for `$BROWSER`.
pub fn browser() -> PathBuf {
    foreign("browser.mjs")
}

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(foreign(script)).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command
}

fn foreign(file: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/foreign");
    assert!(
        folder.join("node_modules").is_dir(),
        "{} has no node_modules: run `npm ci --ignore-scripts` there (`cargo xtask test` does)",
        folder.display()
    );
    folder.join(file)
}

fn said(line: &str, key: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap();
    line[key].as_str().unwrap().to_owned()
}
