//! Time as a value: core never reads a clock.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A point on a clock that counts suspended time and never jumps, in
/// milliseconds since an arbitrary origin (the machine's boot, as a rule).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u64);

impl Moment {
    /// The moment this many milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the origin.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Time from `earlier` until this moment; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(millis))
    }
}

/// One look at the three clocks, taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// On the clock that counts suspended time: expiry and schedules.
    pub moment: Moment,
    /// Time this machine was awake, from an arbitrary origin: the ceiling.
    pub awake: Duration,
    /// Wall-clock time, which may jump: for people and for the journal.
    pub wall: jiff::Timestamp,
}

impl Reading {
    /// The wall-clock time that `moment` has, as the wall clock stands now.
    #[must_use]
    pub fn wall_at(&self, moment: Moment) -> jiff::Timestamp {
        let ahead = jiff::SignedDuration::try_from(moment.since(self.moment)).unwrap_or(jiff::SignedDuration::MAX);
        let behind = jiff::SignedDuration::try_from(self.moment.since(moment)).unwrap_or(jiff::SignedDuration::MAX);
        self.wall.saturating_add(ahead - behind).unwrap_or(self.wall)
    }

    /// The moment that wall-clock time `wall` has, as the wall clock stands now.
    #[must_use]
    pub fn moment_at(&self, wall: jiff::Timestamp) -> Moment {
        let span = wall.duration_since(self.wall);
        if span.is_negative() { self.moment - span.unsigned_abs() } else { self.moment + span.unsigned_abs() }
    }
}
