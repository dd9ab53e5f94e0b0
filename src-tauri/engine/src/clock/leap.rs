//! What two looks at three clocks tell: whether the machine was suspended between them, and whether somebody set
//! the wall clock. Pure; knows neither the clocks nor who looks.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Smaller differences are the noise of reading several clocks and of NTP slewing.
const NOISE: Duration = Duration::from_secs(2);

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
    /// The one that does not.
    pub(super) awake: Duration,
    /// The wall clock.
    pub(super) wall: Timestamp,
}

impl Look {
    /// What happened since `earlier`. `None` when nothing did.
    pub(super) fn jump_since(&self, earlier: &Self) -> Option<Jump> {
        let passed = self.boot.saturating_sub(earlier.boot);
        let awake = self.awake.saturating_sub(earlier.awake);
        let slept = Some(passed.saturating_sub(awake)).filter(|lost| *lost > NOISE);
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

    fn look(boot: u64, awake: u64, wall: i64) -> Look {
        Look {
            boot: Duration::from_secs(boot),
            awake: Duration::from_secs(awake),
            wall: Timestamp::from_second(1_800_000_000 + wall).unwrap(),
        }
    }

    fn jump(slept: u64, wall: i64) -> Jump {
        Jump { slept: Duration::from_secs(slept), wall: SignedDuration::from_secs(wall) }
    }

    #[test]
    fn time_that_merely_passes_is_no_jump() {
        assert_eq!(look(110, 60, 10).jump_since(&look(100, 50, 0)), None);
        assert_eq!(look(112, 60, 12).jump_since(&look(100, 50, 0)), None, "two seconds are noise");
    }

    #[test]
    fn a_suspend_shows_as_time_that_nobody_was_awake() {
        assert_eq!(look(3_710, 60, 3_610).jump_since(&look(100, 50, 0)), Some(jump(3_600, 0)));
    }

    #[test]
    fn a_wall_clock_that_is_set_shows_in_both_directions() {
        assert_eq!(look(110, 60, 100).jump_since(&look(100, 50, 0)), Some(jump(0, 90)));
        assert_eq!(look(110, 60, -3_600).jump_since(&look(100, 50, 0)), Some(jump(0, -3_610)));
    }

    #[test]
    fn a_clock_that_is_set_during_a_suspend_shows_both() {
        assert_eq!(look(3_710, 60, 10).jump_since(&look(100, 50, 0)), Some(jump(3_600, -3_600)));
    }
}
