//! The stage of every story: simulated servers, the real engine before them, one clock that only the story
//! moves, and a local client. Everything is reached as people and programs reach it: by HTTP on the one
//! loopback port, by the engine's handle, and by the files of the profile. It judges nothing.

mod brittle;
mod client;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use lamplighter_core::Phase;
use lamplighter_core::config::{Config, Environment};
use lamplighter_core::status::Workload;
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::engine::{Engine, Handle, Ports};
use lamplighter_engine::machine::Machine;
use lamplighter_engine::ports::{Clock, Row};
use lamplighter_engine::profile::{EngineFile, Profile};
use lamplighter_engine::{journal, secrets};
use lamplighter_simulator::{Fault, Server, World, person};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use self::brittle::Brittle;
pub(crate) use self::client::{Answer, Endpoint};
use self::client::{Client, send};

/// What a story gives, or what kept it from being told.
pub(crate) type Outcome<T = ()> = anyhow::Result<T>;

/// In real time: far longer than anything takes, so that a story which hangs ends.
const PATIENCE: Duration = Duration::from_mins(2);

/// The profile's own settings; what a story wants otherwise comes after.
const SETTINGS: &str = "listen = \"127.0.0.1:0\"\nsecret_store = \"file\"\n";

/// One profile with its engine, and the servers that it talks to.
pub(crate) struct Stage {
    /// The engine's and the servers' time.
    pub(crate) clock: VirtualClock,
    world: World,
    home: TempDir,
    engine: Option<Engine>,
    secrets: Option<Arc<Brittle>>,
    client: Client,
}

impl Stage {
    /// A running engine without workloads.
    pub(crate) async fn set() -> Outcome<Self> {
        Self::with("").await
    }

    /// The same with these `settings` in `config.toml`.
    pub(crate) async fn with(settings: &str) -> Outcome<Self> {
        let clock = VirtualClock::new();
        let start = clock.now();
        let time = clock.clone();
        let world = World::with_clock(Arc::new(move || time.now().moment.since(start.moment)), start.wall);
        let home = tempfile::tempdir()?;
        let mut stage = Self { clock, world, home, engine: None, secrets: None, client: client::new() };
        std::fs::write(stage.profile().config_file(), format!("{SETTINGS}{settings}"))?;
        stage.start().await?;
        Ok(stage)
    }

    /// Starts the engine on what the profile holds.
    pub(crate) async fn start(&mut self) -> Outcome {
        let profile = self.profile();
        let environment = Environment::new();
        let config = Config::parse("config.toml", &std::fs::read_to_string(profile.config_file())?, &environment)?;
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let secrets = Arc::new(Brittle::new(secrets::open(config.secret_store, &profile, Arc::clone(&clock))));
        self.secrets = Some(Arc::clone(&secrets));
        let journal = journal::open(&profile.journal_file(), Arc::clone(&clock));
        let ports = Ports { secrets, journal, clock, machine: Machine::silent() };
        self.engine = Some(Engine::start(profile, &environment, config, ports).await?);
        Ok(())
    }

    /// Stops the engine; the profile stays.
    pub(crate) async fn stop(&mut self) -> Outcome {
        let engine = self.engine.take().context("the engine does not run")?;
        soon("the engine stops", engine.stop()).await
    }

    /// The next attempt of `name` ends in a panic of the secret store, where it would write.
    pub(crate) async fn broken_attempt(&self, name: &str) -> Outcome<Workload> {
        let secrets = self.secrets.as_ref().context("the engine never ran")?;
        let due = self.workload(name)?.next_attempt_at.context("no attempt is due")?;
        secrets.break_next();
        self.pass_to(due);
        soon("the store breaks", secrets.broken()).await?;
        self.workload(name)
    }

    /// The profile's folders.
    pub(crate) fn profile(&self) -> Profile {
        Profile::inside(self.home.path())
    }

    /// The running engine.
    pub(crate) fn handle(&self) -> Outcome<Handle> {
        Ok(self.engine.as_ref().context("the engine does not run")?.handle())
    }

    /// The simulated server called `name`.
    pub(crate) fn server(&self, name: &str) -> Outcome<Server> {
        Ok(self.world.server(name)?)
    }

    /// A server, with a workload of its name that is signed in.
    pub(crate) async fn signed_in(&self, name: &str) -> Outcome<Server> {
        let server = self.server(name)?;
        self.add(&json!({ "name": name, "url": server.mcp_url() })).await?;
        self.sign_in(name).await?;
        Ok(server)
    }

    /// The same, where nothing of the sign-in server answers but what a test lets answer: in trouble, all that is tried is by
    /// the schedule.
    pub(crate) async fn signed_in_unseen(&self, name: &str) -> Outcome<Server> {
        let server = self.signed_in(name).await?;
        server.fail(lamplighter_simulator::Endpoint::ServerMetadata, Fault::Close);
        Ok(server)
    }

    /// Adds the workload that `fields` describe; the answer's body.
    pub(crate) async fn add(&self, fields: &Value) -> Outcome<Value> {
        let answer = self.api(Method::POST, "/workloads", fields).await?;
        ensure!(answer.status == StatusCode::CREATED, "add: {answer:?}");
        answer.json()
    }

    /// Begins a sign-in; where the person goes.
    pub(crate) async fn begin_sign_in(&self, name: &str) -> Outcome<Url> {
        let answer = self.api(Method::POST, &format!("/workloads/{name}/login"), &json!({})).await?;
        ensure!(answer.status == StatusCode::ACCEPTED, "login: {answer:?}");
        Ok(answer.json()?["authorization_url"].as_str().context("no authorization_url")?.parse()?)
    }

    /// Signs in, with a person who approves.
    pub(crate) async fn sign_in(&self, name: &str) -> Outcome<Workload> {
        let (status, page) = person::sign_in(&self.begin_sign_in(name).await?).await?;
        ensure!(status == StatusCode::OK, "the callback answered {status}: {page}");
        self.until(name, |workload| workload.status == Phase::Running).await
    }

    /// Asks the control API.
    pub(crate) async fn api(&self, method: Method, path: &str, body: &Value) -> Outcome<Answer> {
        self.open(method, &format!("/api/v1{path}"), body).await
    }

    /// Asks for any path, with the key that opens everything.
    pub(crate) async fn open(&self, method: Method, path: &str, body: &Value) -> Outcome<Answer> {
        let file = self.engine_file()?;
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", file["address"].as_str().context("no address")?))
            .header("authorization", format!("Bearer {}", file["api_key"].as_str().context("no api_key")?))
            .header("content-type", "application/json")
            .body(body.to_string().into())?;
        send(&self.client, request).await
    }

    /// `engine.json`.
    pub(crate) fn engine_file(&self) -> Outcome<Value> {
        let document = std::fs::read(self.profile().engine_file())?;
        // As the command reads it.
        serde_json::from_slice::<EngineFile>(&document)?;
        Ok(serde_json::from_slice(&document)?)
    }

    /// What a local client is given for `name`.
    pub(crate) async fn endpoint(&self, name: &str) -> Outcome<Endpoint> {
        let answer = self.api(Method::GET, &format!("/workloads/{name}/endpoint"), &Value::Null).await?;
        Endpoint::read(self.client.clone(), &answer.json()?)
    }

    /// One JSON-RPC request to `name`, as a local client sends it.
    pub(crate) async fn call(&self, name: &str, message: &Value) -> Outcome<Answer> {
        self.endpoint(name).await?.post(message).await
    }

    /// The workload now.
    pub(crate) fn workload(&self, name: &str) -> Outcome<Workload> {
        Ok(self.handle()?.workload(name)?)
    }

    /// The journal's rows of `name`, oldest first.
    pub(crate) async fn journal(&self, name: &str) -> Outcome<Vec<Row>> {
        let handle = self.handle()?;
        handle.journal().flush().await;
        Ok(handle.journal().rows(Some(name), None, 10_000).await?)
    }

    /// The workload as soon as it `holds`; no time passes meanwhile.
    pub(crate) async fn until(&self, name: &str, holds: impl Fn(&Workload) -> bool) -> Outcome<Workload> {
        let handle = self.handle()?;
        let mut snapshots = handle.subscribe();
        let find = |snapshot: &lamplighter_core::Snapshot| {
            snapshot.workloads.iter().find(|workload| workload.name == name && holds(workload)).cloned()
        };
        let found = soon("the workload gets there", async {
            let snapshot = snapshots.wait_for(|snapshot| find(snapshot).is_some()).await?;
            find(&snapshot).context("it was there")
        });
        found.await.and_then(|found| found).with_context(|| format!("{name} is {:?}", handle.workload(name)))
    }

    /// Lets time pass until the next attempt of `name`, and waits for its end.
    pub(crate) async fn next_attempt(&self, name: &str) -> Outcome<Workload> {
        let before = self.workload(name)?;
        let due = before.next_attempt_at.with_context(|| format!("no attempt is due: {before:?}"))?;
        self.pass_to(due);
        self.until(name, |workload| {
            workload.status != before.status || workload.next_attempt_at.is_some_and(|next| next != due)
        })
        .await
    }

    /// Lets time pass until the next poll of a sign-in on another device, which is five seconds away.
    pub(crate) async fn next_poll(&self) -> Outcome {
        let interval = Duration::from_secs(5);
        let due = self.clock.now().moment + interval;
        let waiting = async {
            while self.clock.next_wake() != Some(due) {
                tokio::task::yield_now().await;
            }
        };
        soon("a poll is due", waiting).await?;
        self.clock.advance(interval);
        Ok(())
    }

    /// Lets attempts of `name` come and go until it is in `phase`.
    pub(crate) async fn attempts_until(&self, name: &str, phase: Phase) -> Outcome<Workload> {
        loop {
            let workload = self.next_attempt(name).await?;
            if workload.status == phase {
                return Ok(workload);
            }
        }
    }

    /// Lets time pass until the access token of `name` has expired.
    pub(crate) fn expire(&self, name: &str) -> Outcome {
        let expiry = self.workload(name)?.expires_at.context("nothing expires")?;
        self.pass_to(expiry);
        Ok(())
    }

    /// Lets time pass until `shown` is past: it is in whole seconds, and the moment itself within the next one.
    pub(crate) fn pass_to(&self, shown: Timestamp) {
        let wait = shown.duration_since(self.clock.now().wall) + SignedDuration::from_secs(1);
        self.clock.advance(wait.try_into().unwrap_or_default());
    }
}

/// A JSON-RPC request.
pub(crate) fn ping() -> Value {
    json!({ "jsonrpc": "2.0", "id": "a-7", "method": "ping" })
}

/// A JSON-RPC request that calls a tool.
pub(crate) fn tool(name: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 8, "method": "tools/call", "params": { "name": name, "arguments": arguments } })
}

/// What `future` brings, or an error that names `what` should have been.
#[expect(clippy::disallowed_methods, reason = "guards the test run against a story that hangs; decides nothing else")]
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> Outcome<T> {
    tokio::time::timeout(PATIENCE, future).await.with_context(|| format!("waited in vain: {what}"))
}
