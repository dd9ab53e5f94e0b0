//! The engine: takes a profile, brings every workload to life, serves, and drains.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use lamplighter_core::Reading;
use lamplighter_core::config::{Config, ConfigError, Environment};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clock::within;
use crate::configfile::ConfigFile;
use crate::handle::Inner;
use crate::http::HttpClient;
use crate::keys::Keyring;
use crate::metrics::Metrics;
use crate::notices::Desk;
use crate::ports::{Clock, Journal, SecretStore};
use crate::profile::{EngineFile, Lock, Profile};
use crate::proxy::Proxy;
use crate::registry::Registry;
use crate::server::{Limits, Parts};
use crate::settling::Settling;
use crate::signin::SignIns;
use crate::workloads::Workloads;

pub use crate::control::{
    CallbackPage, ControlError, DeviceSignIn, Look, NewWorkload, Revocation, SignIn, SignInOutcome,
};
pub use crate::handle::Handle;

/// How long exchanges under way may take when the engine stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the journal may take to reach the disk when the engine stops.
const FLUSH: Duration = Duration::from_secs(5);
/// Toasts that a slow face may fall behind.
const TOASTS: usize = 64;

/// The doors that the engine is started with.
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Secrets.
    pub secrets: Arc<dyn SecretStore>,
    /// History.
    pub journal: Arc<dyn Journal>,
}

/// The running engine; dropping it does not drain, [`Engine::stop`] does.
pub struct Engine {
    handle: Handle,
    profile: Profile,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
    background: JoinSet<()>,
    server: tokio::task::JoinHandle<()>,
    _lock: Lock,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Another engine holds the profile.
    #[error("another engine holds this profile: {0}")]
    Held(crate::profile::Holder),
    /// The address is taken, or cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A folder or file cannot be used.
    #[error("{path}: {source}")]
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The HTTP client could not be set up.
    #[error(transparent)]
    Http(#[from] crate::http::SetupError),
}

impl Engine {
    /// Takes the profile's lock, loads every workload, listens, writes `engine.json`, and answers.
    ///
    /// # Errors
    /// When the profile is held, a setting is wrong, or the address cannot be listened on.
    pub async fn start(
        profile: Profile,
        environment: &Environment,
        config: Config,
        ports: Ports,
    ) -> Result<Self, StartError> {
        let lock = profile.lock().map_err(|source| files(&profile.state_dir, source))?.map_err(StartError::Held)?;
        let http = HttpClient::new(environment)?;
        let keyring_file = profile.data_dir.join("keys.json");
        let keyring = Arc::new(Keyring::open(&keyring_file).map_err(|source| files(&keyring_file, source))?);
        let (listener, address) = listen(config.listen).await?;
        let base = base_url(address)?;

        let Ports { clock, secrets, journal } = ports;
        let registry = Arc::new(Registry::new());
        let redirect_uri = base.join("/callback").unwrap_or_else(|_| base.clone());
        let (notices, due) = mpsc::unbounded_channel();
        let metrics = Arc::new(Metrics::default());
        let workloads = Workloads {
            metrics: Arc::clone(&metrics),
            http: http.clone(),
            secrets: Arc::clone(&secrets),
            clock: Arc::clone(&clock),
            journal: Arc::clone(&journal),
            registry: Arc::clone(&registry),
            notices,
            leases: Arc::new(AtomicU64::new(1)),
            base: base.clone(),
            drivers: std::sync::Mutex::default(),
            settling: Settling::default(),
        };
        workloads.start_all(config.workloads).await;

        let shutdown = CancellationToken::new();
        let (snapshots, _) = watch::channel(Arc::new(registry.snapshot()));
        let (toasts, _) = broadcast::channel(TOASTS);
        let mut background = JoinSet::new();
        background.spawn(publish(Arc::clone(&registry), snapshots.clone()));
        let desk = Desk { registry, http: http.clone(), clock: Arc::clone(&clock), toasts: toasts.clone() };
        background.spawn(desk.run(due));

        let handle = Handle(Arc::new(Inner {
            signins: Arc::new(SignIns::new(http.clone(), Arc::clone(&secrets), Arc::clone(&clock), redirect_uri)),
            config_file: Arc::new(ConfigFile::at(&profile.config_file()).under(environment)),
            editing: Mutex::default(),
            policy: config.token,
            metrics,
            workloads,
            keyring,
            snapshots,
            toasts,
            address,
        }));
        let inner = &handle.0;
        let rooms = Parts {
            workloads: Arc::new(handle.clone()),
            keyring: Arc::clone(&inner.keyring),
            proxy: Proxy::new(http, Arc::clone(&clock), Arc::clone(&inner.metrics)),
            api: crate::api::router(handle.clone()),
            metrics: Arc::clone(&inner.metrics),
            clock: Arc::clone(&clock),
            limits: Limits::default(),
        };
        let server = tokio::spawn(crate::server::serve(listener, rooms, shutdown.clone().cancelled_owned()));
        let now = clock.now();
        profile.publish(&engine_file(&handle, now)).map_err(|source| files(&profile.engine_file(), source))?;
        Ok(Self { handle, profile, clock, shutdown, background, server, _lock: lock })
    }

    /// A handle for a face.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        self.handle.0.address
    }

    /// Refuses new requests, finishes exchanges under way (10 s at most), flushes the journal, removes `engine.json`.
    pub async fn stop(mut self) {
        self.profile.retract();
        self.shutdown.cancel();
        let Inner { signins, workloads, .. } = &*self.handle.0;
        let drained = within(&*self.clock, DRAIN, async {
            // A sign-in under way brings a grant that its workload must still be there to keep.
            signins.finish().await;
            workloads.drain().await;
            let _ = (&mut self.server).await;
        });
        if drained.await.is_none() {
            tracing::warn!("a token exchange or request did not end within 10 s; its answer is lost");
            self.server.abort();
        }
        if within(&*self.clock, FLUSH, workloads.journal.flush()).await.is_none() {
            tracing::warn!("the journal was not written within 5 s; its newest rows are lost");
        }
        self.background.shutdown().await;
    }
}

async fn listen(address: std::net::SocketAddr) -> Result<(TcpListener, std::net::SocketAddr), StartError> {
    let refused = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

fn base_url(address: std::net::SocketAddr) -> Result<Url, StartError> {
    Url::parse(&format!("http://{address}")).map_err(|error| StartError::Listen {
        address,
        source: std::io::Error::new(std::io::ErrorKind::InvalidInput, error),
    })
}

fn engine_file(handle: &Handle, now: Reading) -> EngineFile {
    EngineFile {
        pid: std::process::id(),
        address: handle.0.address,
        api_key: handle.0.keyring.api_key().clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: now.wall,
    }
}

fn files(path: &std::path::Path, source: std::io::Error) -> StartError {
    StartError::Files { path: path.to_owned(), source }
}

/// Posts a snapshot whenever something shown has changed; a burst of changes is one.
async fn publish(registry: Arc<Registry>, snapshots: watch::Sender<Arc<lamplighter_core::Snapshot>>) {
    let mut changes = registry.changed().subscribe();
    while changes.changed().await.is_ok() {
        snapshots.send_replace(Arc::new(registry.snapshot()));
    }
}
