//! When the engine is killed: drawn from a seed, so that a run can be had again. Knows no process and no clock.

use std::time::Duration;

use jiff::SignedDuration;

/// The longest that the authorization server is told to hold a request back before it works on it, in milliseconds.
const DELAY: u64 = 8;

/// From the order to refresh until its request has come to the authorization server, and a little more.
const LEAVING: Duration = Duration::from_millis(3);

/// How far around the moment when the answer is expected, in microseconds: the server does not always take the same time.
const AROUND: std::ops::RangeInclusive<i64> = -1_000..=4_000;

/// One kill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Round {
    /// How long the authorization server holds the request back.
    pub(super) delay: Duration,
    /// When the engine is killed.
    pub(super) moment: Moment,
}

/// When the engine is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    /// While nothing is asked of the authorization server.
    Quiet,
    /// This long after the order to refresh.
    AfterOrder(Duration),
    /// While the authorization server holds the request back: after this part of that time.
    AfterArrival(f64),
    /// About when the answer is expected.
    AroundAnswer(SignedDuration),
}

/// Kills without end; most fall into an exchange.
pub(super) fn rounds(seed: u64) -> impl Iterator<Item = Round> {
    let mut dice = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(move || {
        let delay = Duration::from_millis(dice.u64(1..=DELAY));
        let part = dice.f64();
        let moment = match dice.u8(0..10) {
            0 => Moment::Quiet,
            1 => Moment::AfterOrder(LEAVING.mul_f64(part)),
            2..=4 => Moment::AfterArrival(part),
            _ => Moment::AroundAnswer(SignedDuration::from_micros(dice.i64(AROUND))),
        };
        Round { delay, moment }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_run_and_another_seed_another() {
        let run = |seed| rounds(seed).take(100).collect::<Vec<_>>();
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }
}
