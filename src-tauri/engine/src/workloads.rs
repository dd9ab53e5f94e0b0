//! Brings workloads to life and drains them: one session, one monitor, one driver each.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use lamplighter_core::config::WorkloadConfig;
use lamplighter_core::notice::Notice;
use lamplighter_core::status::Identity;
use lamplighter_core::{Event, Monitor};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::driver::Driver;
use crate::engine::Ports;
use crate::http::HttpClient;
use crate::machine::Machine;
use crate::metrics::Metrics;
use crate::ports::{Clock, Journal, SecretStore};
use crate::registry::{Entry, Registry};
use crate::revocation::Revocations;
use crate::route::{Access, Route};
use crate::session::Session;
use crate::settling::Settling;
use crate::step_ups::StepUps;

/// What every workload is made of.
pub(crate) struct Workloads {
    pub(crate) http: HttpClient,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) machine: Machine,
    pub(crate) registry: Arc<Registry>,
    pub(crate) notices: mpsc::UnboundedSender<(String, Notice)>,
    pub(crate) leases: Arc<AtomicU64>,
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) base: Url,
    pub(crate) drivers: Mutex<JoinSet<()>>,
    pub(crate) settling: Settling,
}

impl Workloads {
    /// No workload yet; `base` is where the engine listens.
    pub(crate) fn new(
        http: HttpClient,
        ports: Ports,
        metrics: Arc<Metrics>,
        notices: mpsc::UnboundedSender<(String, Notice)>,
        base: Url,
    ) -> Self {
        let Ports { clock, secrets, journal, machine } = ports;
        Self {
            revocations: Arc::new(Revocations::new(http.clone(), Arc::clone(&clock), Arc::clone(&journal))),
            http,
            metrics,
            secrets,
            clock,
            journal,
            machine,
            registry: Arc::new(Registry::new()),
            notices,
            leases: Arc::new(AtomicU64::new(1)),
            base,
            drivers: Mutex::default(),
            settling: Settling::default(),
        }
    }

    /// Starts every workload that is not kept stopped.
    pub(crate) async fn start_all(&self, configs: Vec<WorkloadConfig>) {
        let mut entries = Vec::with_capacity(configs.len());
        for config in configs {
            let session = self.session(&config);
            entries.push(self.spawn(config, session).await);
        }
        self.registry.extend(&entries);
        for entry in entries.iter().filter(|entry| !entry.config.stopped) {
            entry.route.report(Event::StartRequested);
        }
    }

    /// The session of a workload that is about to be.
    pub(crate) fn session(&self, config: &WorkloadConfig) -> Arc<Session> {
        Arc::new(Session::new(
            config,
            self.http.clone(),
            Arc::clone(&self.secrets),
            Arc::clone(&self.clock),
            Arc::clone(&self.leases),
            Arc::clone(&self.revocations),
        ))
    }

    /// Gives a workload its monitor and driver; it is `stopped` until it is told to start.
    pub(crate) async fn spawn(&self, config: WorkloadConfig, session: Arc<Session>) -> Arc<Entry> {
        let name = config.name.as_str().to_owned();
        let remembered = self.journal.remembered(&name).await.unwrap_or_else(|error| {
            tracing::warn!(workload = name, %error, "starting without a memory of what was");
            None
        });
        let now = self.clock.now();
        let monitor = Monitor::new(&name, config.grant, config.token, remembered, now);
        let (reports, reported) = mpsc::unbounded_channel();
        let (asks, asked) = mpsc::unbounded_channel();
        let status = monitor.status().clone();
        let endpoint = format!("{}{name}/mcp", self.base);
        let identity =
            Identity { name: name.clone(), url: config.url.as_str().to_owned(), endpoint, account: None, issuer: None };
        let shown = status.describe(&identity, &now);
        let ends = CancellationToken::new();
        let access = Access { status: Arc::new(status), credential: None, headers: Arc::default(), ends: ends.clone() };
        let route = Route::new(config.name.clone(), config.url.clone(), config.token.caller_wait, access, reports);
        let entry = Arc::new(Entry {
            route: Arc::new(route),
            session: Arc::clone(&session),
            step_ups: StepUps::default(),
            reauthenticating: tokio::sync::Mutex::default(),
            asks,
            shown: ArcSwap::from_pointee(shown),
            changed: self.registry.changed().clone(),
            config,
        });
        let driver = Driver {
            monitor,
            session,
            entry: Arc::clone(&entry),
            http: self.http.clone(),
            metrics: Arc::clone(&self.metrics),
            clock: Arc::clone(&self.clock),
            journal: Arc::clone(&self.journal),
            machine: self.machine.clone(),
            falling_asleep: self.machine.falling_asleep(),
            notices: self.notices.clone(),
            reports: reported,
            asks: asked,
            errands: JoinSet::new(),
            settling: self.settling.clone(),
            credential: None,
            offered: None,
            ends,
            forgetting: Vec::new(),
            draining: false,
        };
        self.drivers.lock().unwrap_or_else(PoisonError::into_inner).spawn(driver.run());
        entry
    }

    /// Finishes the errands under way of every workload. Not bounded in time: the caller is.
    pub(crate) async fn drain(&self) {
        for entry in self.registry.all() {
            entry.end();
        }
        let mut drivers = std::mem::take(&mut *self.drivers.lock().unwrap_or_else(PoisonError::into_inner));
        while drivers.join_next().await.is_some() {}
        self.revocations.finish().await;
        self.settling.end_all();
    }
}
