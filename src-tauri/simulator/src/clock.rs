//! The one place that reads a clock or sleeps. Must not know what the time is used for.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Time since an arbitrary origin: what token lifetimes are reckoned on.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// A clock, and the wall-clock time at its origin.
#[derive(Clone)]
pub(crate) struct Time {
    clock: Clock,
    origin: Timestamp,
}

impl Time {
    /// The machine's own clock.
    #[expect(clippy::disallowed_methods, reason = "the one real clock of this crate")]
    pub(crate) fn real() -> Self {
        let start = std::time::Instant::now();
        Self::new(Arc::new(move || start.elapsed()), Timestamp::now())
    }

    pub(crate) const fn new(clock: Clock, origin: Timestamp) -> Self {
        Self { clock, origin }
    }

    /// Time since the origin.
    pub(crate) fn now(&self) -> Duration {
        (self.clock)()
    }

    /// Wall-clock time, as `Date` fields and JWTs tell it.
    pub(crate) fn wall(&self) -> Timestamp {
        self.origin.saturating_add(signed(self.now())).unwrap_or(Timestamp::MAX)
    }
}

/// Waits for real: a script's delays happen on the wire, whatever the tokens' clock says.
#[expect(clippy::disallowed_methods, reason = "delays on the wire are part of the script")]
pub(crate) async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}

fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}
