//! What is counted, and how `/metrics` says it (Prometheus text, or `OpenMetrics` for those who ask for it). Labels are workload names and fixed
//! words: never an address, a query or anything secret.

mod meters;

use std::collections::HashSet;

use lamplighter_core::Snapshot;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

pub use meters::Outcome;
pub(crate) use meters::{Meters, Open};

/// The forms in which [`Metrics::render`] can say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text, which everything reads.
    Prometheus,
    /// `OpenMetrics` text.
    OpenMetrics,
}

const PREFIX: &str = "lamplighter";

/// Every counter of the engine.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    token_requests: Family<TokenLabels, Counter>,
    renewal_waits: Family<WorkloadLabel, Histogram, fn() -> Histogram>,
    open_connections: Gauge,
    open_streams: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WorkloadLabel {
    workload: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    workload: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    workload: String,
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    workload: String,
    status: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            requests: Family::default(),
            token_requests: Family::default(),
            renewal_waits: Family::new_with_constructor(wait_histogram),
            open_connections: Gauge::default(),
            open_streams: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Requests to workloads", metrics.requests.clone());
        registry.register("token_requests", "Requests to token endpoints", metrics.token_requests.clone());
        let help = "How long callers waited for a refresh in flight";
        registry.register("renewal_wait_seconds", help, metrics.renewal_waits.clone());
        registry.register("open_connections", "Local connections", metrics.open_connections.clone());
        registry.register("open_streams", "Event streams to local clients", metrics.open_streams.clone());
        metrics
    }
}

fn wait_histogram() -> Histogram {
    Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}

impl Format {
    /// The form that somebody wants who sends this `Accept` field (RFC 9110 section 12.5.1).
    #[must_use]
    pub fn wanted(accept: Option<&str>) -> Self {
        match accept {
            Some(accept) if accept.contains("application/openmetrics-text") => Self::OpenMetrics,
            Some(_) | None => Self::Prometheus,
        }
    }

    /// The content type of this form.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

impl Metrics {
    /// Counts one request to the token endpoint of `workload` by its verdict (`ok`, `transient`, `permanent`).
    pub fn token_request(&self, workload: &str, verdict: &'static str) {
        self.token_requests.get_or_create(&TokenLabels { workload: workload.to_owned(), verdict }).inc();
    }

    /// All that is counted, and the status of each workload of `snapshot`.
    #[must_use]
    pub fn render(&self, snapshot: &Snapshot, format: Format) -> String {
        let status: Family<StatusLabels, Gauge> = Family::default();
        for workload in &snapshot.workloads {
            let labels = StatusLabels { workload: workload.name.clone(), status: word(workload.status) };
            status.get_or_create(&labels).set(1);
        }
        let mut derived = Registry::with_prefix(PREFIX);
        derived.register("workload_status", "The status each workload is in", status);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let tasks: Gauge = Gauge::default();
            tasks.set(i64::try_from(runtime.metrics().num_alive_tasks()).unwrap_or(i64::MAX));
            derived.register("tasks", "Tasks that are alive", tasks);
        }

        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode_registry(&mut text, &self.registry);
        let _ = encode_registry(&mut text, &derived);
        match format {
            Format::OpenMetrics => {
                let _ = encode_eof(&mut text);
                text
            }
            Format::Prometheus => with_whole_names(&text),
        }
    }

    /// The counters of `workload`.
    pub(crate) fn meters(&self, workload: &str) -> Meters {
        let requests = |outcome: Outcome| {
            let labels = RequestLabels { workload: workload.to_owned(), outcome: outcome.word() };
            self.requests.get_or_create_owned(&labels)
        };
        Meters {
            served: requests(Outcome::Served),
            upstream_error: requests(Outcome::UpstreamError),
            refused: requests(Outcome::Refused),
            needs_more_access: requests(Outcome::NeedsMoreAccess),
            unreachable: requests(Outcome::Unreachable),
            bad_request: requests(Outcome::BadRequest),
            client_gone: requests(Outcome::ClientGone),
            renewal_wait: self.renewal_waits.get_or_create_owned(&WorkloadLabel { workload: workload.to_owned() }),
        }
    }

    /// Counts a local connection until the answer is dropped.
    pub(crate) fn connection(&self) -> Open {
        Open::new(&self.open_connections)
    }

    /// Counts an event stream until the answer is dropped.
    pub(crate) fn stream(&self) -> Open {
        Open::new(&self.open_streams)
    }
}

/// The text with counters described under the whole names of their samples, as Prometheus text has it.
fn with_whole_names(text: &str) -> String {
    let mut counters: HashSet<&str> = HashSet::new();
    counters.extend(text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")));
    let whole = |line: &str| {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(name) => {
                format!("# {what} {name}_total {rest}\n")
            }
            _ => format!("{line}\n"),
        }
    };
    text.lines().map(whole).collect()
}

/// The word that every face uses for `value`.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lamplighter_core::status::{Gate, Identity};
    use lamplighter_core::{Moment, Phase, Reading, Status};

    use super::*;

    #[test]
    fn outcomes_are_counted_by_workload_and_word() {
        let metrics = Metrics::default();
        let meters = metrics.meters("linear");
        meters.tally().ended(Outcome::Served);
        meters.tally().ended(Outcome::Served);
        meters.tally().ended(Outcome::Refused);
        drop(meters.tally());
        metrics.token_request("linear", "transient");
        meters.waited(Duration::from_millis(300));

        let text = metrics.render(&Snapshot::default(), Format::Prometheus);
        for line in [
            "# TYPE lamplighter_requests_total counter",
            "# HELP lamplighter_requests_total Requests to workloads.",
            "# TYPE lamplighter_renewal_wait_seconds histogram",
            r#"lamplighter_requests_total{workload="linear",outcome="served"} 2"#,
            r#"lamplighter_requests_total{workload="linear",outcome="refused_503"} 1"#,
            r#"lamplighter_requests_total{workload="linear",outcome="client_gone"} 1"#,
            r#"lamplighter_token_requests_total{workload="linear",verdict="transient"} 1"#,
            r#"lamplighter_renewal_wait_seconds_bucket{le="0.5",workload="linear"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn open_metrics_are_for_those_who_ask() {
        assert_eq!(Format::wanted(None), Format::Prometheus);
        assert_eq!(Format::wanted(Some("*/*")), Format::Prometheus);
        let both = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4";
        assert_eq!(Format::wanted(Some(both)), Format::OpenMetrics);
        let metrics = Metrics::default();
        metrics.token_request("linear", "ok");
        let text = metrics.render(&Snapshot::default(), Format::OpenMetrics);
        assert!(text.contains("# TYPE lamplighter_token_requests counter\n") && text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn each_workload_is_in_one_status() {
        let reading =
            Reading { moment: Moment::from_millis(0), awake: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH };
        let identity = Identity {
            name: "linear".to_owned(),
            url: "https://mcp.example/mcp?key=secret".to_owned(),
            endpoint: String::new(),
            account: None,
            issuer: None,
        };
        let status = Status {
            grant: lamplighter_core::config::GrantKind::AuthorizationCode,
            phase: Phase::AuthRetrying,
            cause: None,
            since: jiff::Timestamp::UNIX_EPOCH,
            gate: Gate::Refuse,
            usable: None,
            next_attempt: None,
            ends: None,
            expires: None,
            last_success: None,
            signing_in: false,
            under_way: false,
            mends_quietly: false,
            conditions: Vec::new(),
        };
        let snapshot = Snapshot::new(vec![status.describe(&identity, &reading)], &[]);
        let text = Metrics::default().render(&snapshot, Format::Prometheus);
        assert!(text.contains(r#"lamplighter_workload_status{workload="linear",status="auth_retrying"} 1"#), "{text}");
        assert_eq!(text.matches("lamplighter_workload_status{").count(), 1);
        assert!(!text.contains("secret"));
    }

    #[test]
    fn what_is_open_is_counted_while_it_is_open() {
        let metrics = Metrics::default();
        let stream = metrics.stream();
        assert!(metrics.render(&Snapshot::default(), Format::Prometheus).contains("lamplighter_open_streams 1"));
        drop(stream);
        assert!(metrics.render(&Snapshot::default(), Format::Prometheus).contains("lamplighter_open_streams 0"));
    }
}
