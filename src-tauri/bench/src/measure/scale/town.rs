//! A profile with many workloads that are signed in, written as the engine keeps it: nobody signs in ten thousand
//! times for a measurement.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use lamplighter_core::config::SecretStoreKind;
use lamplighter_engine::clock::SystemClock;
use lamplighter_engine::grant::{Grant, Origin, Secrets};
use lamplighter_engine::oauth::{AuthMethod, Client};
use lamplighter_engine::profile::Profile;
use lamplighter_engine::secrets;
use tempfile::TempDir;
use url::Url;

use crate::measure::lamplighter::TOKEN;

/// The workload whose token never expires: what goes through it tells how the others disturb it.
pub(super) const BYSTANDER: &str = "bystander";

/// Who serves the workloads.
pub(super) struct Servers {
    pub(super) tools: SocketAddr,
    pub(super) authorization: SocketAddr,
}

/// A folder for a profile. In memory where there is such a place, so that a disk that is shared with others has no
/// say in what is measured.
pub(super) fn home() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? })
}

/// Writes a profile with `count` workloads whose tokens expire at `expires_at`, and the bystander.
pub(super) async fn settle(home: &Path, count: usize, servers: &Servers, expires_at: Timestamp) -> Result<()> {
    let issued_at = crate::measure::stopwatch::now();
    let store = secrets::open(SecretStoreKind::File, &Profile::inside(home), Arc::new(SystemClock::new()));
    let origin = origin(servers.authorization)?;
    let url = format!("http://{}/mcp", servers.tools);
    let mut config = String::new();
    for name in (0..count).map(|number| format!("lamp-{number}")) {
        write!(config, "[[workload]]\nname = \"{name}\"\nurl = \"{url}\"\n\n")?;
        let grant = Grant {
            access_token: format!("access-{name}.0").into(),
            refresh_token: Some(format!("{name}.0").into()),
            issued_at,
            expires_at: Some(expires_at),
            scope: None,
            ended: None,
            origin: Some(origin.clone()),
            account: None,
        };
        store.write(&format!("workload/{name}"), document(grant)?).await?;
    }
    write!(config, "[[workload]]\nname = \"{BYSTANDER}\"\nurl = \"{url}\"\ngrant = \"bearer\"\n")?;
    let pasted = Grant {
        access_token: TOKEN.into(),
        refresh_token: None,
        issued_at,
        expires_at: None,
        scope: None,
        ended: None,
        origin: None,
        account: None,
    };
    store.write(&format!("workload/{BYSTANDER}"), document(pasted)?).await?;
    Ok(std::fs::write(home.join("config.toml"), config)?)
}

fn document(grant: Grant) -> Result<secrecy::SecretSlice<u8>> {
    Ok(Secrets { grant: Some(grant), ..Secrets::default() }.encode()?)
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
