//! Keys of local clients: only their hashes are kept, in `keys.json` of the data folder.
//!
//! A key is 256 random bits, so that a plain SHA-256 hides it: there is nothing to guess. Sessions in a
//! browser are in no file at all: they end with the engine.

mod sessions;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lamplighter_core::Moment;
use lamplighter_core::admission::Key;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use self::sessions::Sessions;
use crate::files;

/// Begins every key, so that one which has leaked is recognised.
const PREFIX: &str = "lamp_";

/// The keys that open this engine.
#[derive(Debug)]
pub struct Keyring {
    file: PathBuf,
    api_key: SecretString,
    api_hash: Hash,
    sessions: Sessions,
    /// Read by every request, without a lock.
    clients: ArcSwap<Vec<ClientKey>>,
    /// Held while `keys.json` is changed.
    changing: Mutex<()>,
    /// Where a `keys.json` is that could not be understood.
    set_aside: Option<PathBuf>,
}

/// The SHA-256 of a key.
type Hash = [u8; 32];

#[derive(Clone, Debug)]
struct ClientKey {
    client: String,
    hash: Hash,
}

/// `keys.json`.
#[derive(Serialize, Deserialize)]
struct Document {
    keys: Vec<KeyDocument>,
}

#[derive(Serialize, Deserialize)]
struct KeyDocument {
    client: String,
    /// base64url (RFC 4648 section 5) without padding.
    sha256: String,
}

impl Keyring {
    /// Reads the hashes kept at `file` and makes a fresh API key. A file that cannot be understood is set aside: no
    /// client's key is known then, and [`Keyring::set_aside`] tells.
    ///
    /// # Errors
    /// When the file is there and cannot be read or set aside, or the platform gives no randomness.
    pub fn open(file: &Path) -> io::Result<Self> {
        Self::open_with(file, fresh_key()?)
    }

    /// The same with an API key that is known beforehand.
    ///
    /// # Errors
    /// When the file is there and cannot be read or set aside.
    pub fn open_with(file: &Path, api_key: SecretString) -> io::Result<Self> {
        let (clients, set_aside) = match read(file)? {
            Some(clients) => (clients, None),
            None => (Vec::new(), Some(files::set_aside(file)?)),
        };
        if let Some(aside) = &set_aside {
            tracing::error!(aside = %aside.display(), "keys.json is corrupt and was set aside; clients need new keys");
        }
        Ok(Self {
            file: file.to_owned(),
            api_hash: hash(api_key.expose_secret()),
            api_key,
            sessions: Sessions::default(),
            clients: ArcSwap::from_pointee(clients),
            changing: Mutex::new(()),
            set_aside,
        })
    }

    /// The API key of this run.
    #[must_use]
    pub fn api_key(&self) -> &SecretString {
        &self.api_key
    }

    /// Makes a client key for `client`; only its hash is kept, on disk before it answers. Keys that were made for
    /// the same client before stay valid, since a configuration somewhere may still hold one; [`Keyring::revoke`]
    /// ends them all.
    ///
    /// # Errors
    /// When the hash cannot be written, or the platform gives no randomness.
    pub fn mint(&self, client: &str) -> io::Result<SecretString> {
        let key = fresh_key()?;
        let added = ClientKey { client: client.to_owned(), hash: hash(key.expose_secret()) };
        self.change(|keys| keys.push(added))?;
        Ok(key)
    }

    /// Lets `key`, of which somebody else keeps the text, open what a key of `client` opens; only its hash is kept.
    ///
    /// # Errors
    /// When the hash cannot be written.
    pub fn admit(&self, client: &str, key: &SecretString) -> io::Result<()> {
        let admitted = ClientKey { client: client.to_owned(), hash: hash(key.expose_secret()) };
        self.change(|keys| keys.push(admitted))
    }

    /// Where a `keys.json` is that could not be understood when the engine started.
    #[must_use]
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// What `key` opens, compared in constant time. No lock, no allocation: every request comes by here.
    #[must_use]
    pub fn check(&self, key: &str) -> Key {
        let hash = hash(key);
        let api = self.api_hash.ct_eq(&hash) | self.sessions.know(&hash);
        let client = self.clients.load().iter().fold(Choice::from(0), |found, key| found | key.hash.ct_eq(&hash));
        match (bool::from(api), bool::from(client)) {
            (true, _) => Key::Api,
            (false, true) => Key::Client,
            (false, false) => Key::Unknown,
        }
    }

    /// Makes a code that [`Keyring::redeem`] takes once, within 15 minutes. Only its hash is kept, in memory; of too
    /// many codes the oldest is forgotten.
    ///
    /// # Errors
    /// When the platform gives no randomness.
    pub fn begin_session(&self, now: Moment) -> io::Result<SecretString> {
        self.sessions.begin(now)
    }

    /// A key for `code`, which is used up by this. The key opens what the API key opens, for as long as this run
    /// lasts, unless too many newer ones push it out. `None` where no such code waits.
    ///
    /// # Errors
    /// When the platform gives no randomness; the code is still good then.
    pub fn redeem(&self, code: &str, now: Moment) -> io::Result<Option<SecretString>> {
        self.sessions.redeem(code, now)
    }

    /// Revokes every key of `client`.
    ///
    /// # Errors
    /// When it cannot be written; the keys are then still valid.
    pub fn revoke(&self, client: &str) -> io::Result<()> {
        self.change(|keys| keys.retain(|key| key.client != client))
    }

    /// Changes the keys, on disk first.
    fn change(&self, change: impl FnOnce(&mut Vec<ClientKey>)) -> io::Result<()> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = self.clients.load().as_ref().clone();
        change(&mut keys);
        write(&self.file, &keys)?;
        self.clients.store(keys.into());
        Ok(())
    }
}

fn fresh_key() -> io::Result<SecretString> {
    let mut random = Zeroizing::new([0; 32]);
    getrandom::fill(random.as_mut_slice()).map_err(|error| io::Error::other(error.to_string()))?;
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_slice()));
    Ok(SecretString::from(format!("{PREFIX}{}", text.as_str())))
}

fn hash(key: &str) -> Hash {
    Sha256::digest(key).into()
}

/// What is kept at `file`; `None` when it cannot be understood.
fn read(file: &Path) -> io::Result<Option<Vec<ClientKey>>> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Vec::new())),
        Err(error) => return Err(error),
    };
    let Ok(document) = serde_json::from_slice::<Document>(&text) else { return Ok(None) };
    Ok(document.keys.into_iter().map(KeyDocument::decode).collect())
}

fn write(file: &Path, keys: &[ClientKey]) -> io::Result<()> {
    let document = Document { keys: keys.iter().map(KeyDocument::encode).collect() };
    files::write_private(file, &serde_json::to_vec_pretty(&document)?)
}

impl KeyDocument {
    fn encode(key: &ClientKey) -> Self {
        Self { client: key.client.clone(), sha256: URL_SAFE_NO_PAD.encode(key.hash) }
    }

    /// `None` when its hash is no SHA-256.
    fn decode(self) -> Option<ClientKey> {
        let hash = URL_SAFE_NO_PAD.decode(self.sha256).ok()?.try_into().ok()?;
        Some(ClientKey { client: self.client, hash })
    }
}

#[cfg(test)]
mod tests;
