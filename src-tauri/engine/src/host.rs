//! What the engine asks of the program that it runs in, and what that program has told it. Nothing here knows which
//! program that is: what it cannot do it leaves unanswered.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::clock::within;
use crate::ports::Clock;

/// How long the host may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that only the program around the engine can do. One that is dropped unanswered is one that this host cannot
/// do.
#[derive(Debug)]
pub enum HostRequest {
    /// Show the window.
    ShowWindow {
        /// At this workload.
        workload: Option<String>,
        /// At this screen.
        screen: Option<Screen>,
        /// Answered when it is being shown.
        reply: oneshot::Sender<()>,
    },
    /// Start a simulated MCP server, to try things out with; it lives as long as the engine.
    SimulatedServer {
        /// The address of its MCP endpoint.
        reply: oneshot::Sender<Url>,
    },
}

/// A screen of the window other than the list of workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Screen {
    /// Where a server is added.
    Add,
    /// The settings.
    Settings,
}

/// The program around the engine.
#[derive(Default)]
pub(crate) struct Host {
    requests: Mutex<Option<mpsc::UnboundedSender<HostRequest>>>,
    /// Where its simulated servers are: what is added there goes when the engine stops.
    simulated: Mutex<Vec<Url>>,
}

impl Host {
    /// From now on requests go to whoever holds this.
    pub(crate) fn listen(&self) -> mpsc::UnboundedReceiver<HostRequest> {
        let (sender, requests) = mpsc::unbounded_channel();
        *held(&self.requests) = Some(sender);
        requests
    }

    /// What the host answers to the request that `make` makes; `None` when it cannot do that, or nobody listens.
    pub(crate) async fn ask<T>(
        &self,
        clock: &dyn Clock,
        make: impl FnOnce(oneshot::Sender<T>) -> HostRequest,
    ) -> Option<T> {
        let (reply, replied) = oneshot::channel();
        held(&self.requests).as_ref()?.send(make(reply)).ok()?;
        within(clock, PATIENCE, replied).await?.ok()
    }

    /// The host has started a simulated server at `url`.
    pub(crate) fn simulates(&self, url: &Url) {
        let mut simulated = held(&self.simulated);
        if !simulated.contains(url) {
            simulated.push(url.clone());
        }
    }

    /// Whether a simulated server of the host is at `url`.
    pub(crate) fn is_simulated(&self, url: &Url) -> bool {
        held(&self.simulated).contains(url)
    }
}

fn held<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
