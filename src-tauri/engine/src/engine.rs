//! The engine: takes a profile, brings every workload to life, serves, and drains.

mod premises;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::Snapshot;
use lamplighter_core::config::{Config, ConfigError, Environment};
use tokio::sync::{Mutex, broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use self::premises::{Premises, files};
use crate::clock::within;
use crate::configfile::ConfigFile;
use crate::handle::Inner;
use crate::host::Host;
use crate::http::{Dialer, Tcp};
use crate::machine::Machine;
use crate::metrics::Metrics;
use crate::notices::Desk;
use crate::ports::{Clock, Journal, Row, SecretStore};
use crate::profile::{EngineFile, Lock, Profile};
use crate::proxy::Proxy;
use crate::registry::Registry;
use crate::server::{Limits, Parts, Site};
use crate::settings::InForce;
use crate::signin::SignIns;
use crate::triggers::{Lookout, Triggers};
use crate::workloads::Workloads;

pub use crate::control::{
    CallbackPage, ControlError, DeviceSignIn, Look, NewWorkload, Reauthentication, Revocation, SignIn, SignInOutcome,
};
pub use crate::handle::{Handle, History};

/// How long exchanges under way may take when the engine stops.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the journal may take to reach the disk when the engine stops.
const FLUSH: Duration = Duration::from_secs(5);
/// Between two tries to write `engine.json`.
const PUBLISH_AGAIN: Duration = Duration::from_secs(2);
/// Toasts that a slow face may fall behind.
const TOASTS: usize = 64;

/// The doors that the engine is started with.
#[derive(Clone)]
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Secrets.
    pub secrets: Arc<dyn SecretStore>,
    /// History.
    pub journal: Arc<dyn Journal>,
    /// Sleep and network.
    pub machine: Machine,
}

/// The running engine; dropping it cuts off what is under way, [`Engine::stop`] finishes it.
pub struct Engine {
    handle: Handle,
    profile: Profile,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
    background: JoinSet<()>,
    server: AbortOnDropHandle<()>,
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
    /// When the profile is held, a setting is wrong, the address cannot be listened on, or a file cannot be used.
    /// Nothing is left behind then: another start may follow at once.
    pub async fn start(
        profile: Profile,
        environment: &Environment,
        config: Config,
        ports: Ports,
    ) -> Result<Self, StartError> {
        Self::start_over(Arc::new(Tcp::new()), profile, environment, config, ports).await
    }

    /// As [`Engine::start`], with `dialer` for the way to servers: what a simulation puts in the place of the network.
    ///
    /// # Errors
    /// As there.
    pub async fn start_over(
        dialer: Arc<dyn Dialer>,
        profile: Profile,
        environment: &Environment,
        config: Config,
        ports: Ports,
    ) -> Result<Self, StartError> {
        let premises = Premises::take(&profile, environment, config.listen, dialer, &ports.machine).await?;
        let mut engine = Self::open(premises, profile, environment, config, ports).await;
        match engine.announce() {
            Ok(()) => Ok(engine),
            Err(error) => {
                engine.stop().await;
                Err(error)
            }
        }
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
        let drained = within(&*self.clock, DRAIN, async {
            self.handle.remove_simulated().await;
            self.handle.finish().await;
            let _ = (&mut self.server).await;
        });
        if drained.await.is_none() {
            tracing::warn!("a token exchange or request did not end within 10 s; its answer is lost");
            self.server.abort();
        }
        self.handle.journal().append(Row::engine_stopped(self.clock.now().wall));
        if within(&*self.clock, FLUSH, self.handle.journal().flush()).await.is_none() {
            tracing::warn!("the journal was not written within 5 s; its newest rows are lost");
        }
        self.background.shutdown().await;
        // It may have been written late, while the rest was ending.
        self.profile.retract();
    }

    /// Brings everything to life on `premises`; nothing here can be refused.
    async fn open(
        premises: Premises,
        profile: Profile,
        environment: &Environment,
        config: Config,
        ports: Ports,
    ) -> Self {
        let Premises { lock, http, keyring, listener, address, base, redirect_uri } = premises;
        let Ports { clock, secrets, machine, .. } = ports.clone();
        let keyring = Arc::new(keyring);
        let keyring_was_lost = keyring.set_aside().is_some();
        let metrics = Arc::new(Metrics::default());
        let (notices, due) = mpsc::unbounded_channel();
        let (toasts, _) = broadcast::channel(TOASTS);
        let triggers = Triggers::new(&machine, &*clock);
        let workloads = Workloads::new(http.clone(), ports, Arc::clone(&metrics), notices, base);
        let settings = InForce::new(&config, &profile);
        workloads.journal.append(Row::engine_started(clock.now().wall));
        workloads.start_all(config.workloads).await;

        let registry = &workloads.registry;
        let changes = registry.changed().subscribe();
        let (snapshots, _) = watch::channel(Arc::new(registry.snapshot()));
        let desk = Desk {
            registry: Arc::clone(registry),
            http: http.clone(),
            clock: Arc::clone(&clock),
            triggers: triggers.clone(),
            falling_asleep: machine.falling_asleep(),
            toasts: toasts.clone(),
        };
        let lookout = Lookout {
            registry: Arc::clone(registry),
            http: http.clone(),
            clock: Arc::clone(&clock),
            triggers,
            falling_asleep: machine.falling_asleep(),
        };
        let mut background = JoinSet::new();
        background.spawn(publish(Arc::clone(registry), changes, snapshots.clone()));
        background.spawn(desk.run(due));
        background.spawn(lookout.run());

        let handle = Handle(Arc::new(Inner {
            signins: Arc::new(SignIns::new(http.clone(), secrets, Arc::clone(&clock), machine, redirect_uri)),
            config_file: Arc::new(ConfigFile::at(&profile.config_file()).under(environment)),
            editing: Mutex::default(),
            under_way: TaskTracker::new(),
            settings,
            host: Host::default(),
            keyring: Arc::clone(&keyring),
            workloads,
            snapshots,
            toasts,
            address,
        }));
        let rooms = Parts {
            workloads: Arc::new(handle.clone()),
            proxy: Proxy::new(http, Arc::clone(&clock), Arc::clone(&metrics)),
            api: crate::api::router(handle.clone()),
            site: Site::of_this_build(),
            clock: Arc::clone(&clock),
            limits: Limits::default(),
            keyring,
            metrics,
        };
        if keyring_was_lost {
            background.spawn(handle.clone().readmit_endpoint_key());
        }
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(crate::server::serve(listener, rooms, shutdown.clone().cancelled_owned()));
        let server = AbortOnDropHandle::new(server);
        Self { handle, profile, clock, shutdown, background, server, _lock: lock }
    }

    /// Writes `engine.json`: it is ready to serve. Where the disk does not take it just now it serves all the same, and
    /// the file is tried again until it is there: only commands need it.
    fn announce(&mut self) -> Result<(), StartError> {
        let engine = EngineFile {
            pid: std::process::id(),
            address: self.address(),
            api_key: self.handle.0.keyring.api_key().clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.clock.now().wall,
        };
        let file = self.profile.engine_file();
        match self.profile.publish(&engine) {
            Ok(()) => return Ok(()),
            Err(error) if may_pass(error.kind()) => {
                tracing::error!(file = %file.display(), %error, "until this file can be written no command finds the engine");
            }
            Err(error) => return Err(files(&file, error)),
        }
        let (profile, clock, shutdown) = (self.profile.clone(), Arc::clone(&self.clock), self.shutdown.clone());
        self.background.spawn(async move {
            let written = shutdown.run_until_cancelled(async {
                while profile.publish(&engine).is_err() {
                    clock.sleep_until(clock.now().moment + PUBLISH_AGAIN).await;
                }
            });
            if written.await.is_some() {
                tracing::info!(file = %file.display(), "written at last: commands find the engine now");
            }
        });
        Ok(())
    }
}

/// Whether a file that cannot be written for a reason of this kind may be writable later, with nobody's doing here.
fn may_pass(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::PermissionDenied
    )
}

/// Posts a snapshot whenever something shown has changed and somebody listens; a burst of changes is one.
async fn publish(registry: Arc<Registry>, mut changes: watch::Receiver<()>, snapshots: watch::Sender<Arc<Snapshot>>) {
    while changes.changed().await.is_ok() {
        // A snapshot of all for every change of one: with many workloads that is dear. Whoever comes later has it made.
        if snapshots.receiver_count() > 0 {
            snapshots.send_replace(Arc::new(registry.snapshot()));
        }
    }
}
