//! What can be looked at without an engine: folders, settings, proxies, clock, port and secret store.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use lamplighter_core::config::{Config, Environment, SecretStoreKind};
use lamplighter_engine::api::Check;
use lamplighter_engine::http::HttpClient;
use lamplighter_engine::launch::SettingsError;
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::{EngineFile, Profile};
use lamplighter_engine::secrets;

use crate::view;

/// The folders of the profile: there, ours alone, writable.
pub(super) fn folders(profile: &Profile) -> Vec<Check> {
    let mut folders = vec![&profile.config_dir, &profile.data_dir, &profile.state_dir];
    folders.dedup();
    folders.into_iter().map(|folder| self::folder(folder)).collect()
}

fn folder(path: &Path) -> Check {
    let shown = path.display();
    let title = "Folder";
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Check::well("folder", title, format!("{shown} will be made when the engine starts."))
        }
        Err(error) => Check::amiss(
            "folder",
            title,
            format!("{shown} cannot be used: {error}."),
            "See that you own it and may enter it.".to_owned(),
        ),
        Ok(found) if !found.is_dir() => Check::amiss(
            "folder",
            title,
            format!("{shown} is not a folder."),
            "Move that file away, or choose another folder with LAMPLIGHTER_HOME.".to_owned(),
        ),
        Ok(found) if open_to_others(&found) => Check::amiss(
            "folder",
            title,
            format!("Others on this machine may enter {shown}."),
            format!("Run `chmod 700 {shown}`."),
        ),
        Ok(_) => Check::well("folder", title, format!("{shown} is yours alone.")),
    }
}

#[cfg(unix)]
fn open_to_others(found: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

/// The settings: whether they can be used, and what is odd about them.
pub(super) fn config(config: &Result<Config, SettingsError>) -> Vec<Check> {
    match config {
        Err(error) => vec![Check::amiss("config", "Settings", format!("{error}."), error.hint())],
        Ok(config) if config.warnings.is_empty() => {
            let workloads = view::count(config.workloads.len(), "workload");
            vec![Check::well("config", "Settings", format!("They can be used, with {workloads}."))]
        }
        Ok(config) => {
            let odd = config.warnings.iter();
            odd.map(|warning| Check::amiss("config", "Settings", format!("{warning}."), None)).collect()
        }
    }
}

/// The HTTP stack: proxies and extra certificates from the environment.
pub(super) fn proxies(environment: &Environment) -> Check {
    if let Err(error) = HttpClient::new(environment) {
        return Check::amiss("http", "Way out", format!("{}.", error.problem), error.hint);
    }
    let set: Vec<String> = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"]
        .into_iter()
        .filter(|name| {
            [name.to_string(), name.to_lowercase()]
                .iter()
                .any(|name| environment.get(name).is_some_and(|value| !value.is_empty()))
        })
        .map(str::to_owned)
        .collect();
    match set.as_slice() {
        [] => Check::well("http", "Way out", "Requests go out without a proxy."),
        set => Check::well(
            "http",
            "Way out",
            format!("Requests go out as the environment says: {} is set.", set.join(", ")),
        ),
    }
}

/// The wall clock: not before this program was made, nor before the engine was started.
pub(super) fn clock(now: Timestamp, engine: Option<&EngineFile>) -> Check {
    /// 2026-11-01: no copy of this program is older.
    const MADE: Timestamp = Timestamp::constant(1_793_491_200, 0);
    let wrong = match engine {
        _ if now < MADE => Some(format!("It says {now:.0}, which is in the past.")),
        Some(engine) if now < engine.started_at => Some(format!(
            "It says {now:.0}, but the engine was started at {:.0}: it was set back since.",
            engine.started_at
        )),
        Some(_) | None => None,
    };
    match wrong {
        Some(text) => Check::amiss(
            "clock",
            "Clock",
            text,
            "Set the time of this machine, or let it be set from the network.".to_owned(),
        ),
        None => Check::well("clock", "Clock", format!("It says {now:.0}.")),
    }
}

/// No engine runs.
pub(super) fn absent() -> Check {
    Check::amiss("engine", "Engine", "No engine is running.", "Start it with `lamplighter serve`.".to_owned())
}

/// `engine.json` is there, and of no use.
pub(super) fn unreadable(profile: &Profile, error: &std::io::Error) -> Check {
    let text = format!("{} cannot be read: {error}.", profile.engine_file().display());
    Check::amiss("engine", "Engine", text, "Stop the engine, remove that file, and start the engine again.".to_owned())
}

/// The port that an engine would listen on.
pub(super) async fn port(address: SocketAddr) -> Check {
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => Check::well("port", "Port", format!("{address} is free.")),
        Err(error) => Check::amiss(
            "port",
            "Port",
            format!("{address} cannot be listened on: {error}."),
            "Stop the program that listens there, or choose another address with `listen` in config.toml.".to_owned(),
        ),
    }
}

/// The secret store: whether it answers, and is unlocked.
pub(super) async fn secrets(profile: &Profile, kind: SecretStoreKind, clock: Arc<dyn Clock>) -> Check {
    let store = secrets::open(kind, profile, clock);
    match store.read("key/endpoint").await {
        Ok(_) => Check::well("secret_store", "Secret store", "Secrets can be read."),
        Err(error) => Check::amiss(
            "secret_store",
            "Secret store",
            format!("Secrets cannot be read: {error}."),
            "Unlock the keychain or start its service; or choose `secret_store = \"file\"` in config.toml.".to_owned(),
        ),
    }
}
