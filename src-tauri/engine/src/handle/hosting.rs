//! The program around the engine: what it is asked for, and what it tells.

use lamplighter_core::condition::HostTrouble;
use tokio::sync::mpsc;
use url::Url;

use super::Handle;
use crate::control::ControlError;
use crate::host::{HostRequest, Screen};

impl Handle {
    /// What the engine asks of the program around it, from now on; whoever held this before gets nothing more.
    #[must_use]
    pub fn host_requests(&self) -> mpsc::UnboundedReceiver<HostRequest> {
        self.0.host.listen()
    }

    /// What the host lacks, in place of what it lacked before. Shown with every snapshot.
    pub fn set_host_conditions(&self, troubles: Vec<HostTrouble>) {
        self.0.workloads.registry.set_host(troubles);
    }

    /// Has the host show its window.
    ///
    /// # Errors
    /// When no workload has this name, or the host has no window.
    pub async fn show_window(&self, workload: Option<String>, screen: Option<Screen>) -> Result<(), ControlError> {
        if let Some(name) = &workload {
            self.entry(name)?;
        }
        let shown = self.0.host.ask(&**self.clock(), |reply| HostRequest::ShowWindow { workload, screen, reply });
        shown.await.ok_or(ControlError::NoWindow)
    }

    /// Has the host start a simulated MCP server; a workload that is added there is removed when the engine stops.
    ///
    /// # Errors
    /// When the host has none to offer.
    pub async fn simulated_server(&self) -> Result<Url, ControlError> {
        let url = self.0.host.ask(&**self.clock(), |reply| HostRequest::SimulatedServer { reply });
        let url = url.await.ok_or(ControlError::NoSimulator)?;
        self.0.host.simulates(&url);
        Ok(url)
    }

    /// Removes the workloads whose simulated servers are about to end: they could never work again.
    pub(crate) async fn remove_simulated(&self) {
        for entry in self.0.workloads.registry.all() {
            if self.0.host.is_simulated(&entry.config.url)
                && let Err(error) = self.remove(entry.name()).await
            {
                tracing::warn!(workload = entry.name(), %error, "its simulated server ends, and it could not be removed");
            }
        }
    }
}
