//! One engine a profile: its folders, its lock, and `engine.json`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lamplighter_core::config::Environment;
use secrecy::SecretString;

/// Where a profile keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Holds `config.toml`.
    pub config_dir: PathBuf,
    /// Holds `journal.db`, and `secrets` where the file store was chosen.
    pub data_dir: PathBuf,
    /// Holds `engine.json`, the lock and `log/`.
    pub state_dir: PathBuf,
}

/// `engine.json`: how to reach the running engine.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct EngineFile {
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub address: SocketAddr,
    /// The key that opens everything.
    #[serde(serialize_with = "reveal")]
    pub api_key: SecretString,
    /// Its version.
    pub version: String,
    /// When it was ready.
    pub started_at: jiff::Timestamp,
}

fn reveal<S: serde::Serializer>(secret: &SecretString, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(secrecy::ExposeSecret::expose_secret(secret))
}

/// Who holds a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process, where it could be told.
    pub pid: Option<u32>,
    /// Where it listens, where it could be told.
    pub address: Option<SocketAddr>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let _ = self;
        write!(out, "")
    }
}

/// The exclusive lock of a profile; released when dropped.
#[derive(Debug)]
pub struct Lock {}

impl Profile {
    /// The profile that `environment` names: `LAMPLIGHTER_HOME`, else the platform's usual folders.
    #[must_use]
    pub fn locate(environment: &Environment) -> Self {
        let _ = environment;
        unimplemented!()
    }

    /// A profile wholly inside one folder.
    #[must_use]
    pub fn inside(home: &Path) -> Self {
        let _ = home;
        unimplemented!()
    }

    /// `config.toml`.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.config_dir.join("config.toml")
    }

    /// `journal.db`.
    #[must_use]
    pub fn journal_file(&self) -> PathBuf {
        self.data_dir.join("journal.db")
    }

    /// `engine.json`.
    #[must_use]
    pub fn engine_file(&self) -> PathBuf {
        self.state_dir.join("engine.json")
    }

    /// Tells this profile's items in the OS keychain from another's: a short word derived from its folders.
    #[must_use]
    pub fn tag(&self) -> String {
        unimplemented!()
    }

    /// Makes the folders (0700) and takes the lock.
    ///
    /// # Errors
    /// The outer error when the folders cannot be made or used, the inner when another engine holds the lock.
    pub fn lock(&self) -> std::io::Result<Result<Lock, Holder>> {
        unimplemented!()
    }

    /// Writes `engine.json` (0600 from its first byte), all or nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn publish(&self, engine: &EngineFile) -> std::io::Result<()> {
        let _ = engine;
        unimplemented!()
    }

    /// Reads `engine.json` of a running engine: `None` when there is none, also when the file was left behind by a killed one.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn running(&self) -> std::io::Result<Option<EngineFile>> {
        unimplemented!()
    }

    /// Removes `engine.json`.
    pub fn retract(&self) {
        unimplemented!()
    }
}
