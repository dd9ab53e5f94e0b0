//! What the request path needs of one workload: a read without a lock, and a way to report.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use http::{HeaderName, HeaderValue, Uri};
use lamplighter_core::config::Name;
use lamplighter_core::{Event, Lease, Phase, Status};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::metrics::{Meters, Metrics};
use crate::oauth::Challenge;

/// A lease with its token, ready to be injected. Its `Debug` shows the lease alone.
pub struct Credential {
    /// What core knows of it.
    pub lease: Lease,
    /// `Authorization`, marked sensitive.
    pub authorization: HeaderValue,
    accepted: AtomicBool,
}

impl Credential {
    /// A credential that no upstream has taken yet.
    #[must_use]
    pub fn new(lease: Lease, authorization: HeaderValue) -> Self {
        Self { lease, authorization, accepted: AtomicBool::new(false) }
    }

    /// Notes that the upstream took it; true for the first time, which is worth an [`Event::Accepted`].
    pub fn accept(&self) -> bool {
        !self.accepted.load(Ordering::Relaxed) && !self.accepted.swap(true, Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Credential").field("lease", &self.lease).finish_non_exhaustive()
    }
}

/// What a request sees of a workload at one instant.
#[derive(Clone, Debug)]
pub struct Access {
    /// The monitor's status.
    pub status: Arc<Status>,
    /// The credential held, valid or not; `None` also after a permanent verdict.
    pub credential: Option<Arc<Credential>>,
    /// Headers that the person gave, to be set on every request (values are sensitive).
    pub headers: Arc<[(HeaderName, HeaderValue)]>,
    /// Cancelled when requests that went up under this view must end: the workload was stopped, removed or signed out.
    pub ends: CancellationToken,
}

/// One workload, as the request path sees it. Written by its driver alone.
#[derive(Debug)]
pub struct Route {
    /// Its name.
    pub name: Name,
    /// Where requests go.
    pub upstream: Url,
    /// The same, ready to be sent to; `None` for what HTTP cannot address.
    pub(crate) address: Option<Uri>,
    /// How long a caller waits for a refresh in flight, in milliseconds.
    caller_wait: AtomicU64,
    access: ArcSwap<Access>,
    changed: watch::Sender<()>,
    reports: mpsc::UnboundedSender<Event>,
    upstream_failing: AtomicBool,
    last_challenge: ArcSwapOption<Challenge>,
    meters: OnceLock<Meters>,
}

impl Route {
    /// A route whose reports go to `reports`.
    #[must_use]
    pub fn new(
        name: Name,
        upstream: Url,
        caller_wait: Duration,
        access: Access,
        reports: mpsc::UnboundedSender<Event>,
    ) -> Self {
        Self {
            name,
            address: upstream.as_str().parse().ok(),
            upstream,
            caller_wait: AtomicU64::new(millis(caller_wait)),
            access: ArcSwap::from_pointee(access),
            changed: watch::Sender::new(()),
            reports,
            upstream_failing: AtomicBool::new(false),
            last_challenge: ArcSwapOption::empty(),
            meters: OnceLock::new(),
        }
    }

    /// The workload as it is now; no lock, no task switch.
    #[must_use]
    pub fn access(&self) -> arc_swap::Guard<Arc<Access>> {
        self.access.load()
    }

    /// How long a caller waits for a refresh in flight.
    #[must_use]
    pub fn caller_wait(&self) -> Duration {
        Duration::from_millis(self.caller_wait.load(Ordering::Relaxed))
    }

    /// Has callers wait this long from now on.
    pub(crate) fn set_caller_wait(&self, wait: Duration) {
        self.caller_wait.store(millis(wait), Ordering::Relaxed);
    }

    /// Told after every change of [`Route::access`]; subscribe first, then look.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Tells the monitor a fact ([`Event::Rejected`], [`Event::Accepted`], [`Event::Challenged`], [`Event::ScopeChallenged`]).
    pub fn report(&self, fact: Event) {
        // The driver is gone only when the workload is: then nobody is interested.
        let _ = self.reports.send(fact);
    }

    /// Tells the monitor that the upstream failed.
    pub fn upstream_failed(&self, fault: lamplighter_core::condition::UpstreamFault) {
        self.upstream_failing.store(true, Ordering::Relaxed);
        self.report(Event::UpstreamFailed(fault));
    }

    /// Tells the monitor that the upstream answered, if it had failed before or is held for unhealthy.
    pub fn upstream_reached(&self) {
        let had_failed =
            self.upstream_failing.load(Ordering::Relaxed) && self.upstream_failing.swap(false, Ordering::Relaxed);
        if had_failed || self.access().status.phase == Phase::Unhealthy {
            self.report(Event::UpstreamReached);
        }
    }

    /// What the upstream asked for when it last challenged a request: where a sign-in begins (RFC 9728 section 5.1).
    #[must_use]
    pub fn last_challenge(&self) -> Option<Arc<Challenge>> {
        self.last_challenge.load_full()
    }

    /// Keeps what the upstream asks for. For the proxy.
    pub(crate) fn challenged(&self, challenge: Challenge) {
        self.last_challenge.store(Some(Arc::new(challenge)));
    }

    /// Forgets what the upstream asked for, since a sign-in has answered it. For the sign-in.
    pub(crate) fn challenge_answered(&self) {
        self.last_challenge.store(None);
    }

    /// The counters of this workload, looked up once. For the proxy.
    pub(crate) fn meters(&self, metrics: &Metrics) -> &Meters {
        self.meters.get_or_init(|| metrics.meters(self.name.as_str()))
    }

    /// Puts a new view in place and wakes those who wait. For the driver.
    pub(crate) fn publish(&self, access: Access) {
        self.access.store(Arc::new(access));
        self.changed.send_replace(());
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
