//! What the tests of this crate share.

use std::path::Path;
use std::sync::Arc;

use lamplighter_core::config::{Config, Environment, SecretStoreKind};
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::engine::{Engine, Ports};
use lamplighter_engine::machine::Machine;
use lamplighter_engine::profile::Profile;
use lamplighter_engine::{journal, secrets};

/// An engine on `clock` that keeps its files in `home`, with no workload yet.
pub(crate) async fn engine(home: &Path, clock: &VirtualClock) -> Engine {
    let profile = Profile::inside(home);
    let settings = "listen = \"127.0.0.1:0\"\n";
    let config = Config::parse("config.toml", settings, &Environment::new()).unwrap();
    let ports = Ports {
        clock: Arc::new(clock.clone()),
        secrets: secrets::open(SecretStoreKind::Memory, &profile, Arc::new(clock.clone())),
        journal: journal::in_memory(Arc::new(clock.clone())),
        machine: Machine::silent(),
    };
    Engine::start(profile, &Environment::new(), config, ports).await.unwrap()
}
