//! Secrets in an encrypted folder: `secrets/key` and one sealed file a document (XChaCha20-Poly1305).
//!
//! The key lies beside what it opens: this protects a document that is copied, not the folder, which is why it must be
//! chosen. Every file is 0600 from its first byte and replaced as a whole. What cannot be opened is never written over:
//! it is an error to read, and a write moves it aside. A key that gets lost or changed under a running engine is put
//! back before anything more is sealed under it.
//!
//! A refresh token that rotates exists twice at no time: until the new one is kept, a process that is killed has lost
//! the login. So a document counts as kept for that purpose as soon as its last byte is written beside the old one,
//! before the disk has been waited for: sealed as it is, a whole one is told from a part, and the next read takes it up.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::SecretSlice;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Vault, failed};
use crate::files;
use crate::ports::{Clock, StoreError};

/// What a sealed file begins with: this format, its first version. The nonce and the sealed document follow.
const MAGIC: &[u8; 4] = b"LLS1";
const NONCE: usize = 24;
const KEY: usize = 32;
const SEALED: &str = "sealed";

/// The folder of one profile. Whoever opens it holds the profile's lock: no other process writes here.
pub(super) struct Folder {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    lock: Option<Arc<Lock>>,
}

/// What documents are sealed and opened with.
struct Lock {
    key: Zeroizing<Vec<u8>>,
    cipher: XChaCha20Poly1305,
}

impl Folder {
    pub(super) fn new(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { path, clock, lock: None }
    }

    /// Names may hold anything (an issuer is a URL), so files are named by their hash.
    fn file(&self, name: &str) -> PathBuf {
        let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(name.as_bytes()));
        self.path.join(digest).with_extension(SEALED)
    }

    fn key_file(&self) -> PathBuf {
        self.path.join("key")
    }

    /// The folder's key, which is made where nothing has been sealed yet.
    fn lock(&mut self) -> Result<Arc<Lock>, StoreError> {
        let lock = match self.lock.take() {
            Some(lock) => lock,
            None => Arc::new(self.unlock()?),
        };
        Ok(Arc::clone(self.lock.insert(lock)))
    }

    fn unlock(&self) -> Result<Lock, StoreError> {
        self.make()?;
        let file = self.key_file();
        let key = match contents(&file).map_err(at(&file))? {
            Some(key) => Zeroizing::new(key),
            None => self.make_key(&file)?,
        };
        let cipher = XChaCha20Poly1305::new_from_slice(&key).map_err(|_| {
            failed(format!(
                "{} is corrupt: it has {} bytes and not {KEY}; restore it, or move its folder away and sign in again",
                file.display(),
                key.len()
            ))
        })?;
        Ok(Lock { key, cipher })
    }

    fn make(&self) -> Result<(), StoreError> {
        files::make_private_folder(&self.path).map_err(at(&self.path))?;
        restrict(&self.path).map_err(at(&self.path))
    }

    /// Sees that `key` is still in the folder: what is sealed under a key that is only in memory ends with it.
    fn keep_key(&self, key: &[u8]) -> Result<(), StoreError> {
        let file = self.key_file();
        match contents(&file).map_err(at(&file))?.map(Zeroizing::new) {
            Some(found) if found.as_slice() == key => return Ok(()),
            Some(_) => self.keep_aside(&file)?,
            None => self.make()?,
        }
        replace(&file, key).map_err(at(&file))?;
        tracing::warn!(file = %file.display(), "the key of the secrets was lost or changed, and was put back");
        Ok(())
    }

    fn make_key(&self, file: &Path) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        for entry in fs::read_dir(&self.path).map_err(at(&self.path))? {
            let name = entry.map_err(at(&self.path))?.file_name();
            if Path::new(&name).extension().is_some_and(|extension| extension == SEALED) {
                return Err(failed(format!(
                    "{} is missing, and without it the secrets beside it cannot be opened; restore it, or move its \
                     folder away and sign in again",
                    file.display()
                )));
            }
        }
        let mut key = Zeroizing::new(vec![0; KEY]);
        getrandom::fill(&mut key).map_err(|error| failed(format!("no randomness: {error}")))?;
        replace(file, &key).map_err(at(file))?;
        Ok(key)
    }

    /// The document in `sealed`; `None` when it is not what was sealed under this name and key.
    fn open(cipher: &XChaCha20Poly1305, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.strip_prefix(MAGIC)?.split_at_checked(NONCE)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        cipher.decrypt(&nonce, Payload { msg: sealed, aad: name.as_bytes() }).ok()
    }

    /// The document that a write which was cut off left beside `file`, where it left all of it: it is newer than `file`.
    fn cut_off(&mut self, name: &str, file: &Path) -> Result<Option<SecretSlice<u8>>, StoreError> {
        let Some(sealed) = contents(&unfinished(file)).map_err(at(file))? else { return Ok(None) };
        Ok(Self::open(&self.lock()?.cipher, name, &sealed).map(Into::into))
    }

    /// Puts what was written beside `file` in its place.
    fn put_in_place(&mut self, name: &str, file: &Path) -> Result<(), StoreError> {
        let before = contents(file).map_err(at(file))?;
        let lock = self.lock()?;
        if before.is_some_and(|before| Self::open(&lock.cipher, name, &before).map(Zeroizing::new).is_none()) {
            self.keep_aside(file)?;
        }
        settle(file).map_err(at(file))
    }

    /// Moves a file that cannot be opened out of the way of the one that takes its place.
    fn keep_aside(&self, file: &Path) -> Result<(), StoreError> {
        let aside = file.with_extension(format!("corrupt-{}", self.clock.now().wall.as_millisecond()));
        fs::rename(file, &aside).map_err(at(file))?;
        tracing::warn!(file = %file.display(), aside = %aside.display(), "what could not be opened was kept aside");
        Ok(())
    }
}

impl Vault for Folder {
    fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
        let file = self.file(name);
        if let Some(document) = self.cut_off(name, &file)? {
            if let Err(error) = self.put_in_place(name, &file) {
                // Whole where it is: the next read, or the next write, tries again.
                tracing::warn!(file = %file.display(), %error, "a document that was cut off cannot be put in its place");
            }
            return Ok(Some(document));
        }
        let Some(sealed) = contents(&file).map_err(at(&file))? else { return Ok(None) };
        let document = Self::open(&self.lock()?.cipher, name, &sealed).ok_or_else(|| {
            failed(format!("{} ({name}) is corrupt, or sealed under another key; sign in again", file.display()))
        })?;
        Ok(Some(document.into()))
    }

    fn write(&mut self, name: &str, document: &[u8]) -> Result<(), StoreError> {
        let file = self.file(name);
        let lock = self.lock()?;
        self.keep_key(&lock.key)?;
        let mut nonce = XNonce::default();
        getrandom::fill(&mut nonce).map_err(|error| failed(format!("no randomness: {error}")))?;
        let sealed = (lock.cipher)
            .encrypt(&nonce, Payload { msg: document, aad: name.as_bytes() })
            .map_err(|_| failed(format!("{name} is too long to be sealed")))?;
        write_beside(&file, &[MAGIC, nonce.as_slice(), &sealed].concat()).map_err(at(&file))?;
        tracing::debug!(name, "a document lies whole beside the one that it replaces");
        self.put_in_place(name, &file)
    }

    fn delete(&mut self, name: &str) -> Result<(), StoreError> {
        let file = self.file(name);
        // The one beside first: it would be taken up in place of the other.
        let removed = [remove(&unfinished(&file)), remove(&file)];
        for removed in removed {
            if removed.map_err(at(&file))? {
                files::sync_folder(&self.path).map_err(at(&self.path))?;
            }
        }
        Ok(())
    }
}

/// Whether there was such a file to remove.
fn remove(file: &Path) -> io::Result<bool> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn contents(file: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts `contents` in place of `file`, all or nothing, on disk before it answers.
fn replace(file: &Path, contents: &[u8]) -> io::Result<()> {
    write_beside(file, contents)?;
    settle(file)
}

/// Where `file` is written before it is put in place. There is one writer, so that what a crash left there in parts is
/// simply written over.
fn unfinished(file: &Path) -> PathBuf {
    file.with_extension("unfinished")
}

/// Writes `contents` beside `file`, without waiting for the disk.
fn write_beside(file: &Path, contents: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(unfinished(file))?.write_all(contents)
}

/// Puts what was written beside `file` in its place, on disk before it answers.
fn settle(file: &Path) -> io::Result<()> {
    let unfinished = unfinished(file);
    // Opened to write, without which Windows syncs nothing.
    fs::OpenOptions::new().write(true).open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, file)?;
    file.parent().map_or(Ok(()), files::sync_folder)
}

/// Opens the folder to its owner alone. On Windows it has the rights of the person's profile.
#[cfg(unix)]
fn restrict(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    // Only what is open to others is changed: what can only be read must still be readable.
    let open_to_others = fs::metadata(folder)?.permissions().mode() & 0o077 != 0;
    if open_to_others { fs::set_permissions(folder, fs::Permissions::from_mode(0o700)) } else { Ok(()) }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}

fn at(path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |error| failed(format!("{}: {error}", path.display()))
}
