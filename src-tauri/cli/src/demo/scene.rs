//! The stage: three simulated servers, and the real engine with short times before them.

use std::collections::BTreeMap;
use std::sync::Arc;

use lamplighter_core::config::{Config, Environment, GrantKind, Name, Resource, SecretStoreKind};
use lamplighter_engine::clock::SystemClock;
use lamplighter_engine::engine::{Engine, Handle, NewWorkload, Ports};
use lamplighter_engine::machine::Machine;
use lamplighter_engine::profile::Profile;
use lamplighter_engine::{journal, secrets};
use lamplighter_simulator::{Server, World, person};
use tempfile::TempDir;

use super::{Result, Tempo};

/// Everything that the story needs.
pub(super) struct Scene {
    engine: Engine,
    /// Stays well.
    pub(super) notion: Server,
    /// Meets a firewall.
    pub(super) sentry: Server,
    /// Is revoked.
    pub(super) linear: Server,
    _world: World,
    _home: TempDir,
}

impl Scene {
    /// Starts everything; nobody is signed in yet.
    pub(super) async fn set(tempo: Tempo, clock: Arc<SystemClock>) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let profile = Profile::inside(home.path());
        let environment = Environment::new();
        let config = Config::parse("demo", &settings(tempo), &environment)?;
        let ports = Ports {
            secrets: secrets::open(SecretStoreKind::Memory, &profile, clock.clone()),
            journal: journal::in_memory(clock.clone()),
            clock,
            machine: Machine::silent(),
        };
        let engine = Engine::start(profile, &environment, config, ports).await?;
        let world = World::new();
        let server = |name| -> Result<Server> {
            let server = world.server(name)?;
            server.authorization(|rules| {
                rules.access_token_lifetime = tempo.beats(2.0);
                rules.account = Some("you@example.com".to_owned());
            });
            server.resource(|rules| rules.sessions = false);
            Ok(server)
        };
        let (notion, sentry, linear) = (server("notion")?, server("sentry")?, server("linear")?);
        Ok(Self { engine, notion, sentry, linear, _world: world, _home: home })
    }

    pub(super) fn handle(&self) -> Handle {
        self.engine.handle()
    }

    pub(super) fn servers(&self) -> [&Server; 3] {
        [&self.notion, &self.sentry, &self.linear]
    }

    /// Adds `server` and signs it in, with a person who approves.
    pub(super) async fn sign_in(&self, server: &Server) -> Result<()> {
        let workload = NewWorkload {
            name: Name::parse(server.name())?,
            url: server.mcp_url(),
            client_id: None,
            client_secret: None,
            scopes: Vec::new(),
            resource: Resource::Discovered,
            issuer: None,
            grant: GrantKind::AuthorizationCode,
            bearer: None,
            headers: BTreeMap::new(),
        };
        let handle = self.handle();
        handle.add(workload).await?;
        let sign_in = handle.login(server.name(), false).await?;
        person::sign_in(&sign_in.authorization_url).await?;
        Ok(())
    }

    /// Stops the engine, then the servers.
    pub(super) async fn strike(self) {
        self.engine.stop().await;
    }
}

/// The engine's times, shortened to the story's.
fn settings(tempo: Tempo) -> String {
    let beats = |count| format!("\"{}ms\"", tempo.beats(count).as_millis());
    format!(
        "listen = \"127.0.0.1:0\"\n\
         secret_store = \"memory\"\n\
         [token]\n\
         refresh_margin = {margin}\n\
         refresh_initial_retry_interval = {first}\n\
         refresh_max_retry_interval = {longest}\n\
         refresh_max_tries = 3\n\
         refresh_max_elapsed_time = {short}\n\
         auth_retrying_tick_interval = {tick}\n\
         auth_retrying_max_elapsed = {ceiling}\n\
         caller_wait = {patience}\n",
        margin = beats(0.5),
        first = beats(0.1),
        longest = beats(0.2),
        short = beats(1.0),
        tick = beats(1.0),
        ceiling = beats(100.0),
        patience = beats(0.3),
    )
}
