//! Workloads that come and go: the configuration, the secret store and the registry change together, or not at all.

use std::sync::Arc;

use lamplighter_core::condition::Cause;
use lamplighter_core::config::{Name, WorkloadConfig};
use lamplighter_core::status::Workload;
use lamplighter_core::{Event, Phase};

use super::{Handle, joined};
use crate::configfile::{ConfigFile, EditError};
use crate::control::{ControlError, Look, NewWorkload, Revocation};
use crate::grant::{Grant, Secrets};
use crate::registry::Entry;

impl Handle {
    /// Keeps a workload, starts it, and says what its server asks for. It is kept whole even when nobody waits.
    ///
    /// # Errors
    /// When the name is taken, or it could not be kept.
    pub async fn add(&self, workload: NewWorkload) -> Result<(Workload, Look), ControlError> {
        let this = self.clone();
        let entry = self.whole(async move { this.keep(workload).await }).await?;
        let look = crate::look::look(&self.0.workloads, &entry).await;
        Ok((Workload::clone(&entry.shown.load()), look))
    }

    /// Stops a workload, forgets its secrets, removes it, even when nobody waits for that.
    ///
    /// # Errors
    /// When no workload has this name, or the configuration cannot be written.
    pub async fn remove(&self, name: &str) -> Result<Revocation, ControlError> {
        let (this, name) = (self.clone(), name.to_owned());
        self.whole(async move { this.part_with(&name).await }).await
    }

    /// Starts a stopped workload (and keeps that in the configuration).
    ///
    /// # Errors
    /// When no workload has this name, or the configuration cannot be written.
    pub async fn start(&self, name: &str) -> Result<(), ControlError> {
        let (this, name) = (self.clone(), name.to_owned());
        self.whole(async move {
            let entry = this.keep_stopped(&name, false).await?;
            if matches!(entry.route.access().status.phase, Phase::Stopping | Phase::Stopped) {
                entry.tell(Event::StartRequested).await;
            }
            Ok(())
        })
        .await
    }

    /// Stops a workload (and keeps that in the configuration).
    ///
    /// # Errors
    /// When no workload has this name, or the configuration cannot be written.
    pub async fn stop(&self, name: &str) -> Result<(), ControlError> {
        self.order(name, true, Event::StopRequested).await
    }

    /// Reloads the grant, then refreshes it.
    ///
    /// # Errors
    /// When no workload has this name.
    pub async fn restart(&self, name: &str) -> Result<(), ControlError> {
        self.order(name, false, Event::StartRequested).await
    }

    /// Keeps in the configuration whether a workload is `stopped`, and tells it `event`.
    async fn order(&self, name: &str, stopped: bool, event: Event) -> Result<(), ControlError> {
        let (this, name) = (self.clone(), name.to_owned());
        self.whole(async move {
            this.keep_stopped(&name, stopped).await?.tell(event).await;
            Ok(())
        })
        .await
    }

    async fn keep(&self, workload: NewWorkload) -> Result<Arc<Entry>, ControlError> {
        let (config, secrets) = self.split(workload);
        let _turn = self.0.editing.lock().await;
        let name = config.name.as_str().to_owned();
        if self.0.workloads.registry.find(&name).is_some() {
            return Err(ControlError::NameTaken(name));
        }
        let running: Vec<Name> =
            self.0.workloads.registry.all().iter().map(|entry| entry.config.name.clone()).collect();
        self.edit(move |file| file.still_names(&running)).await?;
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
        entry.tell(Event::StartRequested).await;
        Ok(entry)
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
        joined(tokio::task::spawn_blocking(move || edit(&file))).await.map_err(ControlError::Config)
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
            token: self.0.settings.policy(),
        };
        (config, secrets)
    }
}
