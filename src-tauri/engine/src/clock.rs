//! Time: the only room that reads the machine's clocks.
//!
//! [`SystemClock`] is the real one, [`VirtualClock`] the simulated one. Nothing here knows what time is used for.
//!
//! The clock behind [`Moment`] counts suspended time: `CLOCK_BOOTTIME` on Linux, `mach_continuous_time` on
//! macOS, `QueryPerformanceCounter` on Windows. The clock behind [`Reading::awake`] does not:
//! `CLOCK_MONOTONIC` and `mach_absolute_time`. Windows offers none to safe code (there `std::time::Instant` counts
//! suspended time), so there the pauses that the clock's own watch recognises are taken off.
//!
//! [`Moment`]: lamplighter_core::Moment
//! [`Reading::awake`]: lamplighter_core::Reading::awake

use std::time::Duration;

use crate::ports::Clock;

mod leap;
mod system;
mod virtual_clock;

pub use leap::Jumps;
pub use system::SystemClock;
pub use virtual_clock::VirtualClock;

/// What `work` brings within `span`, or `None`: the engine's only timeout.
pub async fn within<W: Future>(clock: &dyn Clock, span: Duration, work: W) -> Option<W::Output> {
    let patience = clock.sleep_until(clock.now().moment + span);
    tokio::select! {
        biased;
        done = work => Some(done),
        () = patience => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_is_done_in_time_is_handed_on() {
        let clock = VirtualClock::new();
        assert_eq!(within(&clock, Duration::from_secs(10), async { 7 }).await, Some(7));
    }

    #[tokio::test]
    async fn work_that_never_ends_is_given_up() {
        let clock = VirtualClock::new();
        let waiting = within(&clock, Duration::from_secs(10), std::future::pending::<()>());
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        clock.advance(Duration::from_millis(9_999));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        clock.advance(Duration::from_millis(1));
        assert_eq!(waiting.await, None);
    }
}
