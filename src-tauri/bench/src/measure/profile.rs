//! Profiles whose workloads are signed in from the start, written as the engine keeps them: nobody signs in ten
//! thousand times for a measurement.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use lamplighter_core::config::SecretStoreKind;
use lamplighter_engine::clock::SystemClock;
use lamplighter_engine::grant::{Grant, Origin, Secrets};
use lamplighter_engine::oauth::{AuthMethod, Client};
use lamplighter_engine::ports::SecretStore;
use lamplighter_engine::{profile, secrets};
use tempfile::TempDir;
use url::Url;

use crate::measure::lamplighter::TOKEN;
use crate::measure::stopwatch::now;

/// A profile that is being written, for the encrypted `file` store.
pub(crate) struct Profile {
    folder: TempDir,
    store: Arc<dyn SecretStore>,
    config: String,
}

impl Profile {
    /// One without workloads. It lies in memory where there is such a place, so that a disk that is shared with others
    /// has no say in what is measured.
    pub(crate) fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        let place = profile::Profile::inside(folder.path());
        let store = secrets::open(SecretStoreKind::File, &place, Arc::new(SystemClock::new()));
        Ok(Self { folder, store, config: String::new() })
    }

    /// A workload at `url` with a token that somebody pasted: it never expires.
    pub(crate) async fn pasted(&mut self, name: &str, url: &str) -> Result<()> {
        writeln!(self.config, "[[workload]]\nname = \"{name}\"\nurl = \"{url}\"\ngrant = \"bearer\"\n")?;
        self.keep(name, grant(TOKEN, None, None, None)).await
    }

    /// A workload at `url` that is signed in at `authorization`, with a token that expires at `expires_at`.
    pub(crate) async fn signed_in(
        &mut self,
        name: &str,
        url: &str,
        authorization: SocketAddr,
        expires_at: Timestamp,
    ) -> Result<()> {
        writeln!(self.config, "[[workload]]\nname = \"{name}\"\nurl = \"{url}\"\n")?;
        let refresh_token = format!("{name}.0");
        let origin = origin(authorization)?;
        self.keep(name, grant(TOKEN, Some(refresh_token), Some(expires_at), Some(origin))).await
    }

    /// The folder, once everything is written.
    pub(crate) fn write(self) -> Result<TempDir> {
        std::fs::write(self.folder.path().join("config.toml"), self.config)?;
        Ok(self.folder)
    }

    async fn keep(&self, name: &str, grant: Grant) -> Result<()> {
        let document = Secrets { grant: Some(grant), ..Secrets::default() }.encode()?;
        Ok(self.store.write(&format!("workload/{name}"), document).await?)
    }
}

fn grant(
    access_token: &str,
    refresh_token: Option<String>,
    expires_at: Option<Timestamp>,
    origin: Option<Origin>,
) -> Grant {
    Grant {
        access_token: access_token.into(),
        refresh_token: refresh_token.map(Into::into),
        // Long ago: the margin before expiry is never half of what the token lives.
        issued_at: now() - SignedDuration::from_hours(24),
        expires_at,
        scope: None,
        ended: None,
        origin,
        account: None,
    }
}

fn origin(authorization: SocketAddr) -> Result<Origin> {
    let issuer = format!("http://{authorization}");
    let client = Client {
        id: "lamplighter-bench".to_owned(),
        secret: None,
        method: AuthMethod::None,
        registered: false,
        grant_types: Vec::new(),
        redirect_uri: None,
        secret_expires_at: None,
    };
    let token_endpoint = Url::parse(&format!("{issuer}/token"))?;
    Ok(Origin { issuer, token_endpoint, revocation_endpoint: None, client, resource: None })
}
