//! One engine a profile: its folders, its lock, and `engine.json`.
//!
//! The operating system releases the lock however the engine ends, so that one which was killed
//! stands in nobody's way. Whoever reads `engine.json` first looks whether the lock is held; a gate
//! keeps that look and the taking of the lock apart, or the look itself could turn a starting engine away.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use lamplighter_core::config::Environment;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::files;

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

/// Writes a secret into a document that is meant to hold it.
pub(crate) fn reveal<S: serde::Serializer>(secret: &SecretString, out: S) -> Result<S::Ok, S::Error> {
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
        match (self.pid, self.address) {
            (Some(pid), Some(address)) => write!(out, "process {pid}, which listens on {address}"),
            (Some(pid), None) => write!(out, "process {pid}"),
            (None, Some(address)) => write!(out, "a process that listens on {address}"),
            (None, None) => write!(out, "a process that is just starting or stopping"),
        }
    }
}

/// The exclusive lock of a profile; released when dropped, and by the operating system when the process ends.
#[derive(Debug)]
pub struct Lock {
    held: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Not by closing it alone: a program that is being started just now has a copy of it for a moment.
        let _ = self.held.unlock();
    }
}

impl Profile {
    /// The profile that `environment` names: `LAMPLIGHTER_HOME`, else the platform's usual folders.
    #[must_use]
    pub fn locate(environment: &Environment) -> Self {
        match environment.get("LAMPLIGHTER_HOME").filter(|home| !home.is_empty()) {
            Some(home) => Self::inside(Path::new(home)),
            None => Self::usual(),
        }
    }

    /// A profile wholly inside one folder.
    #[must_use]
    pub fn inside(home: &Path) -> Self {
        let home = std::path::absolute(home).unwrap_or_else(|_| home.to_owned());
        Self { config_dir: home.clone(), data_dir: home.clone(), state_dir: home }
    }

    /// The platform's usual folders.
    fn usual() -> Self {
        // A platform without home folders leaves the working folder.
        let Some(folders) = ProjectDirs::from("", "", "Lamplighter") else {
            return Self::inside(Path::new(".lamplighter"));
        };
        Self {
            config_dir: folders.config_dir().to_owned(),
            data_dir: folders.data_local_dir().to_owned(),
            state_dir: folders.state_dir().unwrap_or(folders.data_local_dir()).to_owned(),
        }
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

    /// The folder of the log.
    #[must_use]
    pub fn log_folder(&self) -> PathBuf {
        self.state_dir.join("log")
    }

    /// `keys.json`.
    #[must_use]
    pub fn keys_file(&self) -> PathBuf {
        self.data_dir.join("keys.json")
    }

    /// `engine.json`.
    #[must_use]
    pub fn engine_file(&self) -> PathBuf {
        self.state_dir.join("engine.json")
    }

    /// Tells this profile's items in the OS keychain from another's: `default` for the platform's usual folders, else
    /// a short word derived from where the profile is.
    #[must_use]
    pub fn tag(&self) -> String {
        if *self == Self::usual() {
            return "default".to_owned();
        }
        let home = canonical(&self.data_dir);
        let digest = Sha256::digest(home.as_os_str().as_encoded_bytes());
        let word = digest.iter().take(6).fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        format!("{word:012x}")
    }

    /// Makes the folders (0700) and takes the lock.
    ///
    /// # Errors
    /// The outer error when the folders cannot be made or used, the inner when another engine holds the lock.
    pub fn lock(&self) -> io::Result<Result<Lock, Holder>> {
        for folder in [&self.config_dir, &self.data_dir, &self.state_dir] {
            files::make_private_folder(folder)?;
        }
        let _gate = self.gate()?;
        if let Some(lock) = self.try_lock()? {
            // Left behind by an engine that was killed: it would tell of the wrong one.
            self.retract();
            return Ok(Ok(lock));
        }
        let engine = self.read_engine_file().ok().flatten();
        Ok(Err(Holder { pid: engine.as_ref().map(|engine| engine.pid), address: engine.map(|engine| engine.address) }))
    }

    /// Writes `engine.json` (0600 from its first byte), all or nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn publish(&self, engine: &EngineFile) -> io::Result<()> {
        files::write_private(&self.engine_file(), &serde_json::to_vec(engine)?)
    }

    /// Reads `engine.json` of a running engine: `None` when there is none, also when the file was left behind by a killed one.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn running(&self) -> io::Result<Option<EngineFile>> {
        if !self.engine_file().try_exists()? {
            return Ok(None);
        }
        let _gate = self.gate()?;
        match self.try_lock()? {
            Some(_nobodys) => Ok(None),
            None => self.read_engine_file(),
        }
    }

    /// Removes `engine.json`.
    pub fn retract(&self) {
        // One that cannot be removed is recognised by the lock that nobody holds.
        let _ = fs::remove_file(self.engine_file());
    }

    /// The lock, unless another engine holds it. Only for those who have passed the gate.
    fn try_lock(&self) -> io::Result<Option<Lock>> {
        let held = files::open_private(&self.state_dir.join("engine.lock"))?;
        match held.try_lock() {
            Ok(()) => Ok(Some(Lock { held })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits for whoever is looking at the lock just now; nobody looks for long.
    fn gate(&self) -> io::Result<Lock> {
        let held = files::open_private(&self.state_dir.join("engine.gate"))?;
        held.lock()?;
        Ok(Lock { held })
    }

    fn read_engine_file(&self) -> io::Result<Option<EngineFile>> {
        match fs::read(self.engine_file()) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// `path` without symbolic links, as far as it exists: the same before and after its folders are made.
fn canonical(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(canonical), _, _) => canonical,
        (Err(_), Some(parent), Some(name)) => canonical(parent).join::<&OsStr>(name),
        (Err(_), _, _) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
