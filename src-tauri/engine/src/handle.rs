//! What faces hold: read the snapshot, ask for things. Cheap to clone.

mod signing;

use std::net::SocketAddr;
use std::sync::Arc;

use lamplighter_core::condition::Cause;
use lamplighter_core::config::WorkloadConfig;
use lamplighter_core::event::Trigger;
use lamplighter_core::notice::Toast;
use lamplighter_core::status::Workload;
use lamplighter_core::{Event, Phase, Policy, Snapshot, admission};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, broadcast, watch};

use crate::configfile::{ConfigFile, EditError};
use crate::control::{ControlError, Look, NewWorkload, Revocation};
use crate::grant::{Grant, Secrets};
use crate::keys::Keyring;
use crate::metrics::Metrics;
use crate::ports::{Clock, Journal};
use crate::registry::Entry;
use crate::route::Route;
use crate::signin::SignIns;
use crate::workloads::Workloads;

/// The document that keeps the key which `endpoint` prints.
const ENDPOINT_KEY: &str = "key/endpoint";
/// The client that this key is for.
const ENDPOINT_CLIENT: &str = "endpoint";

/// What faces hold: cheap to clone.
#[derive(Clone)]
pub struct Handle(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) workloads: Workloads,
    pub(crate) signins: Arc<SignIns>,
    pub(crate) config_file: Arc<ConfigFile>,
    /// Held while workloads come and go, so that the file and the registry agree.
    pub(crate) editing: Mutex<()>,
    pub(crate) policy: Policy,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) metrics: Arc<Metrics>,
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

    /// Keeps a workload, starts it, and says what its server asks for.
    ///
    /// # Errors
    /// When the name is taken, or it could not be kept.
    pub async fn add(&self, workload: NewWorkload) -> Result<(Workload, Look), ControlError> {
        let (config, secrets) = self.split(workload);
        let turn = self.0.editing.lock().await;
        let name = config.name.as_str().to_owned();
        if self.0.workloads.registry.find(&name).is_some() {
            return Err(ControlError::NameTaken(name));
        }
        let session = self.0.workloads.session(&config);
        self.0.workloads.settling.end(&name);
        let secretless = secrets.is_empty();
        if let Err(fault) = session.furnish(secrets).await {
            // Whatever an earlier workload of this name left in the store goes when the store is back.
            if !secretless {
                session.replace(Secrets::default());
            }
            self.0.workloads.settling.begin(&name, Arc::clone(&session));
            if !secretless {
                return Err(ControlError::Secrets(Cause::Store(fault).sentence()));
            }
        }
        let kept = config.clone();
        if let Err(error) = self.edit(move |file| file.add(&kept)).await {
            session.delete().await;
            return Err(error);
        }
        let entry = self.0.workloads.spawn(config, session).await;
        self.0.workloads.registry.extend(&[Arc::clone(&entry)]);
        drop(turn);
        entry.tell(Event::StartRequested).await;
        let look = crate::look::look(&self.0.workloads, &entry).await;
        Ok((Workload::clone(&entry.shown.load()), look))
    }

    /// Stops a workload, forgets its secrets, removes it.
    ///
    /// # Errors
    /// When no workload has this name, or the configuration cannot be written.
    pub async fn remove(&self, name: &str) -> Result<Revocation, ControlError> {
        let (this, name) = (self.clone(), name.to_owned());
        // A task of its own: whoever asked may not wait for the end, and half a removal is none.
        match tokio::spawn(async move { this.part_with(&name).await }).await {
            Ok(removed) => removed,
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        }
    }

    async fn part_with(&self, name: &str) -> Result<Revocation, ControlError> {
        let _turn = self.0.editing.lock().await;
        let entry = self.entry(name)?;
        let removed = entry.config.name.clone();
        self.edit(move |file| file.remove(&removed)).await?;
        self.0.signins.cancel(name, "the workload was removed");
        let revocation = entry.forget(Event::RemoveRequested).await.unwrap_or(Revocation::NothingHeld);
        self.0.workloads.registry.remove(name);
        entry.end();
        Ok(revocation)
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

    /// Starts a stopped workload (and keeps that in the configuration).
    ///
    /// # Errors
    /// When no workload has this name, or the configuration cannot be written.
    pub async fn start(&self, name: &str) -> Result<(), ControlError> {
        let entry = self.keep_stopped(name, false).await?;
        if matches!(entry.route.access().status.phase, Phase::Stopping | Phase::Stopped) {
            entry.tell(Event::StartRequested).await;
        }
        Ok(())
    }

    /// Stops a workload (and keeps that in the configuration).
    ///
    /// # Errors
    /// When no workload has this name, or the configuration cannot be written.
    pub async fn stop(&self, name: &str) -> Result<(), ControlError> {
        self.keep_stopped(name, true).await?.tell(Event::StopRequested).await;
        Ok(())
    }

    /// Reloads the grant, then refreshes it.
    ///
    /// # Errors
    /// When no workload has this name.
    pub async fn restart(&self, name: &str) -> Result<(), ControlError> {
        self.keep_stopped(name, false).await?.tell(Event::StartRequested).await;
        Ok(())
    }

    /// The key that `endpoint` prints: stable, made anew only when the secret store no longer has it.
    ///
    /// # Errors
    /// When the secret store cannot be used.
    pub async fn endpoint_key(&self) -> Result<SecretString, ControlError> {
        let store = &self.0.workloads.secrets;
        let refused = |error: &dyn std::fmt::Display| ControlError::Secrets(error.to_string());
        if let Some(kept) = store.read(ENDPOINT_KEY).await.map_err(|error| refused(&error))?
            && let Ok(key) = std::str::from_utf8(kept.expose_secret())
            && self.0.keyring.check(key) != admission::Key::Unknown
        {
            return Ok(key.into());
        }
        let key = self.0.keyring.mint(ENDPOINT_CLIENT).map_err(|error| refused(&error))?;
        let document = key.expose_secret().as_bytes().to_vec();
        store.write(ENDPOINT_KEY, document.into()).await.map_err(|error| refused(&error))?;
        Ok(key)
    }

    pub(crate) fn entry(&self, name: &str) -> Result<Arc<Entry>, ControlError> {
        let registry = &self.0.workloads.registry;
        registry.find(name).ok_or_else(|| ControlError::NoSuchWorkload {
            name: name.to_owned(),
            nearest: lamplighter_core::config::nearest(name, registry.all().iter().map(|entry| entry.name()))
                .map(str::to_owned),
        })
    }

    async fn keep_stopped(&self, name: &str, stopped: bool) -> Result<Arc<Entry>, ControlError> {
        let _turn = self.0.editing.lock().await;
        let entry = self.entry(name)?;
        let kept = entry.config.name.clone();
        self.edit(move |file| file.set_stopped(&kept, stopped)).await?;
        Ok(entry)
    }

    /// Edits `config.toml`, off the runtime: a disk may be slow.
    async fn edit(
        &self,
        edit: impl FnOnce(&ConfigFile) -> Result<(), EditError> + Send + 'static,
    ) -> Result<(), ControlError> {
        let file = Arc::clone(&self.0.config_file);
        match tokio::task::spawn_blocking(move || edit(&file)).await {
            Ok(edited) => edited.map_err(ControlError::Config),
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        }
    }

    /// What is written to the configuration, and what is kept as a secret.
    fn split(&self, workload: NewWorkload) -> (WorkloadConfig, Secrets) {
        let now = self.0.workloads.clock.now().wall;
        let secrets = Secrets {
            grant: workload.bearer.map(|token| Grant::pasted(token, now)),
            client_secret: workload.client_secret,
            headers: workload.headers,
        };
        let config = WorkloadConfig {
            name: workload.name,
            url: workload.url,
            client_id: workload.client_id,
            scopes: workload.scopes,
            resource: workload.resource,
            issuer: workload.issuer,
            grant: workload.grant,
            headers: secrets.headers.keys().cloned().collect(),
            stopped: false,
            token: self.0.policy,
        };
        (config, secrets)
    }
}

impl Grant {
    fn pasted(token: SecretString, now: jiff::Timestamp) -> Self {
        Self {
            access_token: token,
            refresh_token: None,
            issued_at: now,
            expires_at: None,
            scope: None,
            ended: None,
            origin: None,
            account: None,
        }
    }
}
