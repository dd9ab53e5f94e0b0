//! What an engine must have before anything of it runs: the profile to itself, a way out, keys, and a place to listen.
//! All that can stand against a start is here, so that a start that is refused leaves nothing behind.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use lamplighter_core::config::Environment;
use tokio::net::TcpListener;
use url::Url;

use super::StartError;
use crate::http::{Dialer, HttpClient};
use crate::keys::Keyring;
use crate::machine::Machine;
use crate::profile::{Lock, Profile};

pub(super) struct Premises {
    pub(super) lock: Lock,
    pub(super) http: HttpClient,
    pub(super) keyring: Keyring,
    pub(super) listener: TcpListener,
    /// Where `listener` listens.
    pub(super) address: SocketAddr,
    /// The same as clients write it.
    pub(super) base: Url,
    /// Where browsers come back to.
    pub(super) redirect_uri: Url,
}

impl Premises {
    /// Takes all of it, or nothing.
    pub(super) async fn take(
        profile: &Profile,
        environment: &Environment,
        listen: SocketAddr,
        dialer: Arc<dyn Dialer>,
        machine: &Machine,
    ) -> Result<Self, StartError> {
        let lock = profile.lock().map_err(|source| files(&profile.state_dir, source))?.map_err(StartError::Held)?;
        let http = HttpClient::over(dialer, environment)?.on(machine);
        let keys = profile.keys_file();
        let keyring = Keyring::open(&keys).map_err(|source| files(&keys, source))?;
        let refused = |source| StartError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let no_address = |error| refused(io::Error::new(io::ErrorKind::InvalidInput, error));
        let base = Url::parse(&format!("http://{address}")).map_err(no_address)?;
        let redirect_uri = base.join("/callback").map_err(no_address)?;
        Ok(Self { lock, http, keyring, listener, address, base, redirect_uri })
    }
}

pub(super) fn files(path: &Path, source: io::Error) -> StartError {
    StartError::Files { path: path.to_owned(), source }
}
