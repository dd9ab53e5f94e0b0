//! What befalls one workload, drawn from a seed, so that a run can be had again. Knows no process and no clock.

use std::time::Duration;

/// How fast things change: what a length of the run makes of the calms and the troubles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace(Duration);

/// One calm, and the trouble after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Day {
    /// Nothing is wrong for this long.
    pub(super) calm: Duration,
    /// What the person, or the administrator of the server, does at its end.
    pub(super) deed: Option<Deed>,
    /// Which of the troubles that the place knows: a part of their list.
    pub(super) trouble: f64,
    /// How long that lasts.
    pub(super) lasts: Duration,
    /// What the person does about it halfway through.
    pub(super) midway: Option<Midway>,
}

/// What a person does who is impatient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Midway {
    /// Asks for a try now.
    Ask,
    /// Stops the workload, and starts it again.
    Rest,
}

/// What is done to a workload by people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It is stopped, and started again.
    Rest,
    /// The person signs out, and in again.
    SignOut,
    /// The administrator ends the grant; the person signs in again.
    Revoke,
    /// It is removed, and added again under the same name.
    Rejoin,
}

/// One day in so many has a deed, and on one in so many the person is impatient.
const SELDOM: u8 = 5;

impl Pace {
    /// For a run of this length.
    pub(super) fn of(span: Duration) -> Self {
        Self((span / 240).clamp(Duration::from_secs(1), Duration::from_secs(30)))
    }

    /// The longest calm, and the longest trouble.
    pub(super) const fn unit(self) -> Duration {
        self.0
    }

    /// How long an access token lives, in whole seconds. Servers cut such a time by up to a second, so it is many.
    pub(super) fn access_token_seconds(self) -> u32 {
        u32::try_from(self.0.as_secs() * 3 / 5).unwrap_or(u32::MAX).max(6)
    }

    /// How often is looked at what the process uses.
    pub(super) fn between_samples(self) -> Duration {
        self.0 / 6
    }
}

/// Days without end.
pub(super) fn days(seed: u64, pace: Pace) -> impl Iterator<Item = Day> {
    let mut dice = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(move || {
        let mut part = || pace.0.mul_f64(0.1 + 0.9 * dice.f64());
        let (calm, lasts) = (part(), part());
        let deed = (dice.u8(0..SELDOM) == 0)
            .then(|| [Deed::Rest, Deed::SignOut, Deed::Revoke, Deed::Rejoin][dice.usize(0..4)]);
        let midway = (dice.u8(0..SELDOM) == 0).then(|| if dice.bool() { Midway::Ask } else { Midway::Rest });
        Day { calm, deed, trouble: dice.f64(), lasts, midway }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_run_and_another_seed_another() {
        let pace = Pace::of(Duration::from_hours(2));
        let run = |seed| days(seed, pace).take(100).collect::<Vec<_>>();
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn every_deed_comes_and_most_days_have_none() {
        let run: Vec<_> = days(7, Pace::of(Duration::from_hours(2))).take(200).collect();
        for deed in [Deed::Rest, Deed::SignOut, Deed::Revoke, Deed::Rejoin] {
            assert!(run.iter().any(|day| day.deed == Some(deed)), "{deed:?}");
        }
        assert!(run.iter().filter(|day| day.deed.is_none()).count() > 100);
    }

    #[test]
    fn in_a_long_run_tokens_expire_within_the_longest_trouble() {
        let pace = Pace::of(Duration::from_hours(2));
        assert!(u64::from(pace.access_token_seconds()) < pace.unit().as_secs(), "{pace:?}");
    }
}
