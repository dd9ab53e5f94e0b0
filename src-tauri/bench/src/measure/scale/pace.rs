//! Calls at a steady pace, as somebody makes them who does not wait for the last answer before the next wish: a stall
//! is felt by every call that falls into it.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::measure::load::{Caller, Target};
use crate::measure::stopwatch::{Stopwatch, pause};

/// Between two calls.
const PACE: Duration = Duration::from_millis(5);

/// How long calls took, each from the moment it was due.
pub(super) struct Paced {
    pub(super) p99: Duration,
    pub(super) longest: Duration,
}

/// Calls `target` at a steady pace for `span`.
pub(super) async fn paced(target: &Target, span: Duration) -> Result<Paced> {
    let mut caller = Caller::connect(target.clone()).await?;
    let mut latencies = Histogram::<u64>::new(3)?;
    let watch = Stopwatch::start();
    let mut due = Duration::ZERO;
    while due < span {
        pause(due.saturating_sub(watch.elapsed())).await;
        // What the timer is late is not the engine's.
        let begun = if watch.elapsed() < due + PACE { watch.elapsed() } else { due };
        caller.call().await?;
        latencies.record(u64::try_from(watch.elapsed().saturating_sub(begun).as_nanos())?)?;
        due += PACE;
    }
    let nanos = Duration::from_nanos;
    Ok(Paced { p99: nanos(latencies.value_at_quantile(0.99)), longest: nanos(latencies.max()) })
}
