//! Counters at hand: what the request path and the port hold while they count.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

/// How a request to a workload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The upstream's answer was passed on.
    Served,
    /// The upstream's own 5xx was passed on.
    UpstreamError,
    /// Refused with 503: no usable token.
    Refused,
    /// Refused with 403: the server asks for more access.
    NeedsMoreAccess,
    /// Refused with 502: the upstream is out of reach.
    Unreachable,
    /// Refused with 400: it cannot be forwarded as it is.
    BadRequest,
    /// The client went away before the answer began.
    ClientGone,
}

/// The counters of one workload, at hand for the request path.
#[derive(Debug)]
pub(crate) struct Meters {
    pub(super) served: Counter,
    pub(super) upstream_error: Counter,
    pub(super) refused: Counter,
    pub(super) needs_more_access: Counter,
    pub(super) unreachable: Counter,
    pub(super) bad_request: Counter,
    pub(super) client_gone: Counter,
    pub(super) renewal_wait: Histogram,
}

/// One request being counted: as [`Outcome::ClientGone`] when it is dropped before its outcome is known.
#[derive(Debug)]
pub(crate) struct Tally<'a> {
    meters: &'a Meters,
    outcome: Outcome,
}

/// Something open, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Open(Gauge);

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::UpstreamError => "upstream_error",
            Self::Refused => "refused_503",
            Self::NeedsMoreAccess => "needs_more_access",
            Self::Unreachable => "unreachable_502",
            Self::BadRequest => "bad_request",
            Self::ClientGone => "client_gone",
        }
    }
}

impl Meters {
    /// Begins to count one request.
    pub(crate) fn tally(&self) -> Tally<'_> {
        Tally { meters: self, outcome: Outcome::ClientGone }
    }

    /// A caller waited this long for a refresh in flight.
    pub(crate) fn waited(&self, time: Duration) {
        self.renewal_wait.observe(time.as_secs_f64());
    }

    fn counter(&self, outcome: Outcome) -> &Counter {
        match outcome {
            Outcome::Served => &self.served,
            Outcome::UpstreamError => &self.upstream_error,
            Outcome::Refused => &self.refused,
            Outcome::NeedsMoreAccess => &self.needs_more_access,
            Outcome::Unreachable => &self.unreachable,
            Outcome::BadRequest => &self.bad_request,
            Outcome::ClientGone => &self.client_gone,
        }
    }
}

impl Tally<'_> {
    /// The request ended in this way.
    pub(crate) fn ended(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        self.meters.counter(self.outcome).inc();
    }
}

impl Open {
    pub(super) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
