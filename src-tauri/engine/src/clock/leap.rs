//! What two looks at three clocks tell: whether the machine was suspended between them, and whether somebody set
//! the wall clock. Pure; knows neither the clocks nor who looks.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Smaller differences are the noise of reading several clocks and of NTP slewing.
const NOISE: Duration = Duration::from_secs(2);

/// How much later than it should a look may be taken before that counts as a pause, where no clock tells.
/// Generous: a starved machine is not a suspended one.
const OVERSLEPT: Duration = Duration::from_secs(15);

/// What timers cannot know of, in all since the clock began: whoever looks late still sees that it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jumps {
    /// How long the machine was suspended.
    pub slept: Duration,
    /// How far the wall clock was moved (negative: back), the time that passed aside.
    pub wall: SignedDuration,
}

/// One such thing. Zero where it did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Jump {
    /// How long the machine was suspended.
    pub(super) slept: Duration,
    /// How far the wall clock was moved.
    pub(super) wall: SignedDuration,
}

impl Jumps {
    /// One more.
    pub(super) fn add(&mut self, jump: Jump) {
        self.slept = self.slept.saturating_add(jump.slept);
        self.wall = self.wall.saturating_add(jump.wall);
    }
}

/// One look at the three clocks, each from its own origin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The clock that counts suspended time.
    pub(super) boot: Duration,
    /// The clock of timers.
    pub(super) timer: Duration,
    /// The wall clock.
    pub(super) wall: Timestamp,
}

impl Look {
    /// What happened since `earlier`, when this look was meant to follow it after `pause`.
    /// `None` when nothing did.
    pub(super) fn jump_since(&self, earlier: &Self, pause: Duration, timer_counts_suspended: bool) -> Option<Jump> {
        let passed = self.boot.saturating_sub(earlier.boot);
        let slept = if timer_counts_suspended {
            Some(passed.saturating_sub(pause)).filter(|late| *late > OVERSLEPT)
        } else {
            let ticked = self.timer.saturating_sub(earlier.timer);
            Some(passed.saturating_sub(ticked)).filter(|lost| *lost > NOISE)
        };
        let drift =
            self.wall.duration_since(earlier.wall) - SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let wall_jump = Some(drift).filter(|drift| drift.unsigned_abs() > NOISE);
        if slept.is_none() && wall_jump.is_none() {
            return None;
        }
        Some(Jump { slept: slept.unwrap_or_default(), wall: wall_jump.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    fn look(boot: u64, timer: u64, wall: i64) -> Look {
        Look {
            boot: Duration::from_secs(boot),
            timer: Duration::from_secs(timer),
            wall: Timestamp::from_second(1_800_000_000 + wall).unwrap(),
        }
    }

    fn jump(slept: u64, wall: i64) -> Jump {
        Jump { slept: Duration::from_secs(slept), wall: SignedDuration::from_secs(wall) }
    }

    #[test]
    fn time_that_merely_passes_is_no_jump() {
        assert_eq!(look(110, 60, 10).jump_since(&look(100, 50, 0), PAUSE, false), None);
        assert_eq!(look(112, 60, 12).jump_since(&look(100, 50, 0), PAUSE, false), None, "two seconds are noise");
        assert_eq!(look(120, 70, 20).jump_since(&look(100, 50, 0), PAUSE, true), None, "a late look is no sleep");
    }

    #[test]
    fn a_suspend_shows_as_time_that_timers_missed() {
        assert_eq!(look(3_710, 60, 3_610).jump_since(&look(100, 50, 0), PAUSE, false), Some(jump(3_600, 0)));
    }

    #[test]
    fn where_timers_count_suspended_time_a_suspend_shows_as_a_late_look() {
        assert_eq!(look(3_710, 3_660, 3_610).jump_since(&look(100, 50, 0), PAUSE, true), Some(jump(3_600, 0)));
    }

    #[test]
    fn a_wall_clock_that_is_set_shows_in_both_directions() {
        assert_eq!(look(110, 60, 100).jump_since(&look(100, 50, 0), PAUSE, false), Some(jump(0, 90)));
        assert_eq!(look(110, 60, -3_600).jump_since(&look(100, 50, 0), PAUSE, false), Some(jump(0, -3_610)));
    }

    #[test]
    fn a_clock_that_is_set_during_a_suspend_shows_both() {
        assert_eq!(look(3_710, 60, 10).jump_since(&look(100, 50, 0), PAUSE, false), Some(jump(3_600, -3_600)));
    }
}
