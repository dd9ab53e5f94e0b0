//! The one place that reads a clock and lets time pass: a benchmark is about real time.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use std::time::{Duration, Instant};

/// Runs since it was made.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Lets `span` pass.
pub(crate) async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}

/// What the wall clock shows.
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Today, for the report.
pub(crate) fn today() -> String {
    now().strftime("%Y-%m-%d").to_string()
}
