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

/// Two clocks that are read one after the other may differ by this much.
const READ_APART: Duration = Duration::from_millis(50);

/// After a suspend, work whose time is over has this long all the same: what it waits for may have come meanwhile, and
/// nobody has had the time to take it.
const AFTER_WAKING: Duration = Duration::from_secs(5);

/// What `work` brings within `span`, or `None`: the engine's only timeout.
pub async fn within<W: Future>(clock: &dyn Clock, span: Duration, work: W) -> Option<W::Output> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = patience(clock, span) => None,
    }
}

/// Ready when `span` has passed, and the machine was not asleep for the last of it.
async fn patience(clock: &dyn Clock, span: Duration) {
    let begin = clock.now();
    let mut end = begin.moment + span;
    loop {
        clock.sleep_until(end).await;
        let now = clock.now();
        let left = span.saturating_sub(now.awake.saturating_sub(begin.awake));
        // A suspend in between leaves some of it, where the clocks are read to the millisecond.
        if left <= READ_APART {
            return;
        }
        end = now.moment + left.min(AFTER_WAKING);
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

    #[tokio::test]
    async fn work_that_a_suspend_interrupts_has_some_time_after_waking() {
        let clock = VirtualClock::new();
        let waiting = within(&clock, Duration::from_secs(30), std::future::pending::<()>());
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        clock.advance(Duration::from_secs(1));
        clock.sleep_machine(Duration::from_hours(8));
        assert!(futures_util::poll!(&mut waiting).is_pending(), "its answer may lie there already");
        clock.advance(Duration::from_millis(4_999));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        clock.advance(Duration::from_secs(30));
        assert_eq!(waiting.await, None);
    }
}
