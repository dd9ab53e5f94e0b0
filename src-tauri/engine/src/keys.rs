//! Keys of local clients: only their hashes are kept, in `keys.json` of the data folder.

use std::path::Path;

use lamplighter_core::admission::Key;
use secrecy::SecretString;

/// The keys that open this engine.
#[derive(Debug)]
pub struct Keyring {}

impl Keyring {
    /// Reads the hashes kept at `file` and makes a fresh API key.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn open(file: &Path) -> std::io::Result<Self> {
        let _ = file;
        unimplemented!()
    }

    /// The API key of this run.
    #[must_use]
    pub fn api_key(&self) -> &SecretString {
        unimplemented!()
    }

    /// Makes a client key for `client`; only its hash is kept, on disk before it answers.
    ///
    /// # Errors
    /// When the hash cannot be written.
    pub fn mint(&self, client: &str) -> std::io::Result<SecretString> {
        let _ = client;
        unimplemented!()
    }

    /// What `key` opens, compared in constant time.
    #[must_use]
    pub fn check(&self, key: &str) -> Key {
        let _ = key;
        unimplemented!()
    }

    /// Revokes every key of `client`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn revoke(&self, client: &str) -> std::io::Result<()> {
        let _ = client;
        unimplemented!()
    }
}
