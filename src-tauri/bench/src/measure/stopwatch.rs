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

/// Nanoseconds by the clock that all programs of this machine share.
pub(crate) fn nanos() -> i128 {
    jiff::Timestamp::now().as_nanosecond()
}

/// Today, for the report.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}
