//! Every workload of the engine, in the order of the configuration, and what is shown of each.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use lamplighter_core::condition::HostTrouble;
use lamplighter_core::config::WorkloadConfig;
use lamplighter_core::status::{Identity, Workload};
use lamplighter_core::{Event, Policy, Reading, Snapshot};
use tokio::sync::{mpsc, oneshot, watch};

use crate::control::Revocation;
use crate::grant::Grant;
use crate::route::{Access, Route};
use crate::session::Session;
use crate::step_ups::StepUps;

/// Something the engine asks of a driver.
pub(crate) enum Ask {
    /// Handle this event; told when its consequences can be seen.
    Handle(Event, oneshot::Sender<()>),
    /// A grant was obtained by a sign-in: keep it; told when its consequences can be seen.
    Adopt(Box<Grant>, oneshot::Sender<()>),
    /// Handle this event, which makes the monitor forget the grant; told how the revocation went.
    Forget(Event, oneshot::Sender<Revocation>),
    /// Go on with these times; told when their consequences can be seen.
    Times(Policy, oneshot::Sender<()>),
    /// Finish the errands under way and end.
    Drain,
}

/// One workload: the ways to it, and what is shown of it.
pub(crate) struct Entry {
    pub(crate) config: WorkloadConfig,
    pub(crate) route: Arc<Route>,
    pub(crate) session: Arc<Session>,
    pub(crate) step_ups: StepUps,
    /// Held by whoever renews the login at the person's word: one at a time.
    pub(crate) reauthenticating: tokio::sync::Mutex<()>,
    pub(crate) asks: mpsc::UnboundedSender<Ask>,
    pub(crate) shown: ArcSwap<Workload>,
    pub(crate) changed: watch::Sender<()>,
}

impl Entry {
    /// Shows `access` to callers and its description to faces. For the driver.
    pub(crate) fn show(&self, access: Access, (account, issuer): (Option<String>, Option<String>), now: &Reading) {
        let before = self.shown.load();
        let identity = Identity {
            name: before.name.clone(),
            url: before.url.clone(),
            endpoint: before.endpoint.clone(),
            account,
            issuer,
        };
        let shown = access.status.describe(&identity, now);
        self.route.publish(access);
        if **before != shown {
            self.shown.store(Arc::new(shown));
            self.changed.send_replace(());
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.config.name.as_str()
    }

    /// Handles `event`; its consequences can be seen when this is ready.
    pub(crate) async fn tell(&self, event: Event) {
        self.ask(|seen| Ask::Handle(event, seen)).await;
    }

    /// Has `event` handled, in its turn among all that is told and asked.
    pub(crate) fn say(&self, event: Event) {
        let (seen, _) = oneshot::channel();
        // The driver is gone only when the workload is: then nobody is interested.
        let _ = self.asks.send(Ask::Handle(event, seen));
    }

    /// Keeps a grant that a sign-in brought; false when the workload is gone.
    pub(crate) async fn adopt(&self, grant: Grant) -> bool {
        self.ask(|seen| Ask::Adopt(Box::new(grant), seen)).await.is_some()
    }

    /// Forgets the grant by way of `event`; `None` when the workload is gone.
    pub(crate) async fn forget(&self, event: Event) -> Option<Revocation> {
        self.ask(|told| Ask::Forget(event, told)).await
    }

    /// Goes on with these times.
    pub(crate) async fn set_times(&self, policy: Policy) {
        self.route.set_caller_wait(policy.caller_wait);
        self.ask(|seen| Ask::Times(policy, seen)).await;
    }

    /// Ends the driver once its errands are done.
    pub(crate) fn end(&self) {
        let _ = self.asks.send(Ask::Drain);
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.asks.send(ask(sender)).ok()?;
        answer.await.ok()
    }
}

/// All workloads; looked up without a lock.
pub(crate) struct Registry {
    index: ArcSwap<Index>,
    /// What the host lacks.
    host: ArcSwap<Vec<HostTrouble>>,
    changed: watch::Sender<()>,
}

#[derive(Clone, Default)]
struct Index {
    ordered: Vec<Arc<Entry>>,
    by_name: HashMap<String, Arc<Entry>>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self { index: ArcSwap::default(), host: ArcSwap::default(), changed: watch::Sender::new(()) }
    }

    /// Told at every change of what is shown.
    pub(crate) fn changed(&self) -> &watch::Sender<()> {
        &self.changed
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Entry>> {
        self.index.load().by_name.get(name).cloned()
    }

    pub(crate) fn route(&self, name: &str) -> Option<Arc<Route>> {
        self.index.load().by_name.get(name).map(|entry| Arc::clone(&entry.route))
    }

    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        self.index.load().ordered.clone()
    }

    pub(crate) fn extend(&self, entries: &[Arc<Entry>]) {
        self.index.rcu(|index| {
            let mut index = Index::clone(index);
            for entry in entries {
                index.ordered.push(Arc::clone(entry));
                index.by_name.insert(entry.name().to_owned(), Arc::clone(entry));
            }
            index
        });
        self.changed.send_replace(());
    }

    pub(crate) fn remove(&self, name: &str) {
        self.index.rcu(|index| {
            let mut index = Index::clone(index);
            index.ordered.retain(|entry| entry.name() != name);
            index.by_name.remove(name);
            index
        });
        self.changed.send_replace(());
    }

    /// The host lacks this, and nothing else.
    pub(crate) fn set_host(&self, troubles: Vec<HostTrouble>) {
        let before = self.host.swap(Arc::new(troubles));
        if *before != **self.host.load() {
            self.changed.send_replace(());
        }
    }

    /// What all faces may show, now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let workloads: Vec<Workload> =
            self.index.load().ordered.iter().map(|entry| Workload::clone(&entry.shown.load())).collect();
        Snapshot::new(workloads, &self.host.load())
    }
}
