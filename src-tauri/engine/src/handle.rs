//! What faces hold: read the snapshot, ask for things. Cheap to clone.

mod endpoint;
mod hosting;
mod keeping;
mod past;
mod session;
mod settings;
mod signing;

use std::net::SocketAddr;
use std::sync::Arc;

use lamplighter_core::event::Trigger;
use lamplighter_core::notice::Toast;
use lamplighter_core::status::Workload;
use lamplighter_core::{Event, Phase, Snapshot};
use tokio::sync::{Mutex, broadcast, watch};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::configfile::ConfigFile;
use crate::control::ControlError;
use crate::host::Host;
use crate::keys::Keyring;
use crate::ports::{Clock, Journal};
use crate::registry::Entry;
use crate::route::Route;
use crate::settings::InForce;
use crate::signin::SignIns;
use crate::workloads::Workloads;

pub use self::past::History;

/// What faces hold: cheap to clone.
#[derive(Clone)]
pub struct Handle(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) workloads: Workloads,
    pub(crate) signins: Arc<SignIns>,
    pub(crate) config_file: Arc<ConfigFile>,
    /// Held while workloads come and go, so that the file and the registry agree.
    pub(crate) editing: Mutex<()>,
    /// What was begun and must come to its end.
    pub(crate) under_way: TaskTracker,
    pub(crate) settings: InForce,
    pub(crate) host: Host,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) snapshots: watch::Sender<Arc<Snapshot>>,
    pub(crate) toasts: broadcast::Sender<Toast>,
    pub(crate) address: SocketAddr,
}

impl Handle {
    /// All workloads now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(self.0.workloads.registry.snapshot())
    }

    /// All workloads at every change; the first value is whole.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        let mut receiver = self.0.snapshots.subscribe();
        // Nothing was published while nobody listened. Others who do are told only of what is news to them.
        self.0.snapshots.send_if_modified(|held| {
            let snapshot = self.0.workloads.registry.snapshot();
            let stale = **held != snapshot;
            if stale {
                *held = Arc::new(snapshot);
            }
            stale
        });
        receiver.mark_changed();
        receiver
    }

    /// Desktop notifications as they fall due.
    #[must_use]
    pub fn toasts(&self) -> broadcast::Receiver<Toast> {
        self.0.toasts.subscribe()
    }

    /// One workload now.
    ///
    /// # Errors
    /// When no workload has this name.
    pub fn workload(&self, name: &str) -> Result<Workload, ControlError> {
        Ok(Workload::clone(&self.entry(name)?.shown.load()))
    }

    /// The request path to one workload.
    #[must_use]
    pub fn route(&self, name: &str) -> Option<Arc<Route>> {
        self.0.workloads.registry.route(name)
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.0.workloads.journal
    }

    /// The clocks that the engine runs on.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.workloads.clock
    }

    /// Where the engine listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Refreshes now, whatever the state, but that nothing stopped is started. Answers when it is under way.
    ///
    /// # Errors
    /// When no workload has this name, or it is stopped.
    pub async fn retry(&self, name: &str) -> Result<(), ControlError> {
        let entry = self.entry(name)?;
        if matches!(entry.route.access().status.phase, Phase::Stopping | Phase::Stopped) {
            return Err(ControlError::Stopped(name.to_owned()));
        }
        entry.tell(Event::Triggered(Trigger::Asked)).await;
        Ok(())
    }

    /// Ready when all that was asked for has come to its end: the engine stops. Not bounded in time: the caller is.
    pub(crate) async fn finish(&self) {
        self.0.under_way.close();
        self.0.under_way.wait().await;
        // A sign-in under way brings a grant that its workload must still be there to keep.
        self.0.signins.finish().await;
        self.0.workloads.drain().await;
    }

    pub(crate) fn entry(&self, name: &str) -> Result<Arc<Entry>, ControlError> {
        let registry = &self.0.workloads.registry;
        registry.find(name).ok_or_else(|| ControlError::NoSuchWorkload {
            name: name.to_owned(),
            nearest: lamplighter_core::config::nearest(name, registry.all().iter().map(|entry| entry.name()))
                .map(str::to_owned),
        })
    }

    /// Runs `work` in a task of its own: whoever asked may not wait for the end, and half of it is worse than none.
    async fn whole<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        joined(self.0.under_way.spawn(work)).await
    }
}

/// What `task` brings; its panic is the caller's.
async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime is ending, and with it whoever waits here.
        Err(Err(_)) => std::future::pending().await,
    }
}
