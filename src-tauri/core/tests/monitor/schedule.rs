//! Timers: margins, the short retry, ticks, the server's `Retry-After`, and jitter.

use std::time::Duration;

use lamplighter_core::config::GrantKind;
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::lease::Attempt;
use lamplighter_core::monitor::Wake;
use lamplighter_core::{Event, Lease, Monitor, Phase, Policy};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, busy, dawn, oauth, offline};

/// A workload that runs on a lease of `lifetime`.
fn running(name: &str, policy: Policy, lifetime: Duration) -> Rig {
    let mut rig = Rig::with(policy, None);
    rig.monitor = Monitor::new(name, GrantKind::AuthorizationCode, policy, None, dawn());
    rig.send(Event::StartRequested);
    let lease = rig.lease(Some(lifetime), true);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig
}

/// How long after its issue a lease of `lifetime` is renewed, under `policy`.
fn renewed_after(name: &str, policy: Policy, lifetime: Duration) -> Duration {
    let rig = running(name, policy, lifetime);
    let (span, wake) = rig.deadline().unwrap();
    assert_eq!(wake, Wake::Renew);
    span
}

fn assert_between(span: Duration, least: Duration, most: Duration) {
    assert!(least <= span && span <= most, "{span:?} is not within {least:?} and {most:?}");
}

#[test]
fn a_lease_is_renewed_ahead_of_its_expiry() {
    let renewed = |lifetime| renewed_after("linear", Policy::default(), lifetime);
    assert_between(renewed(HOUR), HOUR - 330 * SECOND, HOUR - 270 * SECOND);
    assert_between(renewed(24 * HOUR), 24 * HOUR - 330 * SECOND, 24 * HOUR - 270 * SECOND);
    assert_between(renewed(10 * MINUTE), 10 * MINUTE - 132 * SECOND, 10 * MINUTE - 108 * SECOND);
    assert_between(renewed(MINUTE), MINUTE - 13_200 * SECOND / 1000, MINUTE - 10_800 * SECOND / 1000);
}

#[test]
fn a_margin_never_eats_more_than_half_a_lifetime() {
    let policy = Policy { refresh_margin: Some(HOUR), ..Policy::default() };
    assert_eq!(renewed_after("linear", policy, HOUR), HOUR / 2);
    assert_eq!(renewed_after("linear", policy, MINUTE), MINUTE / 2);
    assert_between(renewed_after("linear", policy, 10 * HOUR), 10 * HOUR - 66 * MINUTE, 10 * HOUR - 54 * MINUTE);
}

#[test]
fn jitter_tells_workloads_apart_and_never_changes() {
    let names: Vec<String> = (0..200).map(|number| format!("workload-{number}")).collect();
    let mut spans: Vec<_> = names.iter().map(|name| renewed_after(name, Policy::default(), HOUR)).collect();
    assert_eq!(spans[7], renewed_after(&names[7], Policy::default(), HOUR));
    spans.sort();
    assert!(spans[199] - spans[0] > 50 * SECOND, "they use the whole width");
    spans.dedup();
    assert!(spans.len() > 100, "only {} different ones", spans.len());
    // The same in every version: a thousand workloads spread today must not meet tomorrow.
    assert_eq!(renewed_after("linear", Policy::default(), HOUR).as_millis(), 3_301_925);
}

#[test]
fn who_was_spread_once_is_not_brought_together_by_the_next_try() {
    let policy = Policy { refresh_margin: Some(10 * MINUTE), max_tries: 1, ..Policy::default() };
    // All leases expire together; margin and tick are both ten minutes, so that they could cancel each other out.
    let mut tries: Vec<_> = (0..2000)
        .map(|number| {
            let mut rig = running(&format!("lamp-{number}"), policy, HOUR);
            rig.until_attempt();
            rig.fail(offline());
            rig.until_attempt();
            rig.now.moment
        })
        .collect();
    tries.sort();
    // Two spreads of two minutes: in the middle 17 a second on average, and some more by chance.
    let crowd = tries.windows(45).filter(|crowd| crowd[44].since(crowd[0]) < SECOND).count();
    assert_eq!(crowd, 0, "more than 44 in a second");
    assert!(tries[1999].since(tries[0]) > 3 * MINUTE, "they use the whole width");
}

#[test]
fn a_lease_within_its_margin_is_renewed_at_once_and_served_meanwhile() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    let lease = rig.lease(None, true);
    let lease = Lease { issued_at: rig.now.moment - HOUR, expires_at: Some(rig.now.moment + MINUTE), ..lease };
    let commands = rig.send(Event::Loaded(Loaded::Grant(lease)));
    assert_eq!(crate::rig::brief(&commands), ["starting > running -", "renew 1"]);
    assert_eq!(rig.monitor.status().usable, Some(lease.id));
}

#[test]
fn a_fresh_lease_is_never_renewed_in_a_hot_loop() {
    let mut rig = Rig::running();
    for lifetime in [0, 1, 2] {
        let (attempt, lease) = (rig.until_attempt(), rig.lease(Some(lifetime * SECOND), true));
        rig.send(Event::Renewed { attempt, lease, stored: Ok(()), skew: None });
        let due = rig.monitor.status().next_attempt.unwrap().since(rig.now.moment);
        assert_between(due, SECOND, SECOND.max(lifetime * SECOND));
    }
}

#[test]
fn a_lease_without_expiry_waits_for_the_server() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    let lease = rig.lease(None, true);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    assert_eq!((rig.deadline(), rig.monitor.status().expires), (None, None));
    assert_eq!(crate::rig::brief(&rig.send(Event::Rejected { lease: lease.id, replayed: false })), ["renew 1"]);
}

#[test]
fn the_short_retry_waits_longer_each_time() {
    let mut rig = Rig::running();
    rig.until_attempt();
    for wait in [10_000, 15_000, 22_500, 33_750] {
        rig.fail(offline());
        let (span, wake) = rig.deadline().unwrap();
        assert_eq!(wake, Wake::Renew);
        let wait = Duration::from_millis(wait);
        assert_between(span, wait / 2, wait * 3 / 2);
        assert_eq!(rig.monitor.status().next_attempt, Some(rig.now.moment + span));
        rig.until_attempt();
    }
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::AuthRetrying);
}

#[test]
fn the_longest_wait_bounds_the_short_retry() {
    let policy = Policy { max_tries: 100, max_elapsed_time: HOUR, ..Policy::default() };
    let mut rig = Rig::running();
    rig.monitor.set_policy(policy, rig.now);
    rig.until_attempt();
    let mut longest = Duration::ZERO;
    for tries in 1..20 {
        rig.fail(offline());
        let span = rig.deadline().unwrap().0;
        assert!(span <= 2 * MINUTE);
        assert!(tries < 10 || span >= MINUTE, "at the longest wait, half of it is the least");
        longest = longest.max(span);
        rig.until_attempt();
    }
    assert!(longest > 100 * SECOND);
}

#[test]
fn the_short_retry_is_bounded_in_tries() {
    for max_tries in [1, 2, 7] {
        let mut rig = Rig::running();
        rig.monitor.set_policy(Policy { max_tries, ..Policy::default() }, rig.now);
        for _ in 0..max_tries {
            assert_eq!(rig.phase(), Phase::Running);
            rig.until_attempt();
            rig.fail(offline());
        }
        assert_eq!(rig.phase(), Phase::AuthRetrying);
    }
}

#[test]
fn the_short_retry_is_bounded_in_time() {
    let mut rig = Rig::running();
    rig.monitor.set_policy(Policy { max_tries: 1000, ..Policy::default() }, rig.now);
    let begun = rig.monitor.deadline().unwrap().0;
    loop {
        rig.until_attempt();
        assert!(rig.now.moment.since(begun) <= 5 * MINUTE);
        rig.fail(offline());
        if rig.phase() == Phase::AuthRetrying {
            break;
        }
    }
    assert_between(rig.now.moment.since(begun), 2 * MINUTE, 5 * MINUTE);
}

#[test]
fn an_attempt_that_takes_long_counts_from_its_beginning() {
    let policy = Policy { max_elapsed_time: 50 * SECOND, ..Policy::default() };
    let mut rig = Rig::running();
    rig.monitor.set_policy(policy, rig.now);
    rig.until_attempt();
    rig.pass(34 * SECOND);
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::Running, "the next try is due within 15 s");
    rig.until_attempt();
    rig.pass(5 * SECOND);
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::AuthRetrying);
}

#[test]
fn a_success_ends_the_short_retry() {
    let mut rig = Rig::running();
    for _ in 0..4 {
        rig.until_attempt();
        rig.fail(offline());
    }
    rig.until_attempt();
    rig.succeed();
    assert_eq!((rig.cause(), rig.codes()), (None, Vec::<&str>::new()));
    rig.until_attempt();
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::Running);
}

#[test]
fn ticks_keep_the_cadence_of_an_episode() {
    let mut rig = Rig::retrying();
    let mut spans = Vec::new();
    for _ in 0..50 {
        let (span, wake) = rig.deadline().unwrap();
        assert_eq!(wake, Wake::Retry);
        assert_between(span, 9 * MINUTE, 11 * MINUTE);
        assert_eq!(rig.monitor.status().next_attempt, Some(rig.now.moment + span));
        spans.push(span);
        rig.until_attempt();
        assert_eq!(rig.monitor.status().next_attempt, None, "under way");
        rig.fail(offline());
    }
    spans.sort();
    assert!(spans[49] - spans[0] > MINUTE, "each tick has its own jitter");
}

#[test]
fn retry_after_is_the_floor_of_the_next_attempt() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.fail(busy(120));
    assert_eq!(rig.deadline(), Some((2 * MINUTE, Wake::Renew)));
    rig.until_attempt();
    rig.fail(busy(1));
    assert_between(rig.deadline().unwrap().0, 7 * SECOND, 23 * SECOND);
    rig.until_attempt();
    rig.fail(oauth(400, "slow_down"));
    assert!(rig.deadline().unwrap().0 < MINUTE);
}

#[test]
fn retry_after_is_capped_at_the_tick() {
    let mut rig = Rig::retrying();
    for _ in 0..20 {
        rig.until_attempt();
        rig.fail(busy(86_400));
        assert_between(rig.deadline().unwrap().0, 10 * MINUTE, 11 * MINUTE);
    }
}

#[test]
fn a_retry_after_longer_than_the_short_retry_makes_an_episode_at_once() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.fail(busy(300));
    assert_eq!(rig.phase(), Phase::Running);
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.fail(busy(301));
    assert_eq!(rig.phase(), Phase::AuthRetrying);
}

#[test]
fn a_success_lifts_the_retry_after() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.fail(busy(290));
    rig.trigger(Trigger::Asked);
    let (attempt, lease) = (rig.attempt(), rig.lease(Some(2 * SECOND), true));
    rig.send(Event::Renewed { attempt, lease, stored: Ok(()), skew: None });
    rig.until_attempt();
    rig.fail(offline());
    assert!(rig.deadline().unwrap().0 <= 15 * SECOND);
}

#[test]
fn nothing_happens_when_woken_early() {
    let mut rig = Rig::running();
    let before = (rig.monitor.status().clone(), rig.deadline().unwrap().0);
    rig.pass(before.1 - Duration::from_millis(1));
    assert_eq!(rig.send(Event::Woken), []);
    assert_eq!(*rig.monitor.status(), before.0);
    rig.pass(Duration::from_millis(1));
    assert_eq!(crate::rig::brief(&rig.send(Event::Woken)), ["renew 1"]);
    assert_eq!(rig.send(Event::Woken), []);
}

#[test]
fn a_status_is_equal_while_nothing_happens() {
    let mut rig = Rig::retrying();
    let before = rig.monitor.status().clone();
    for step in 0..50 {
        rig.pass(Duration::from_millis(997));
        // The clocks are read one after the other: a millisecond may lie in between.
        rig.now.awake += Duration::from_millis(step % 2);
        rig.send(Event::Renewed { attempt: Attempt(99), lease: rig_lease(), stored: Ok(()), skew: None });
        assert_eq!(*rig.monitor.status(), before);
    }
}

fn rig_lease() -> Lease {
    Rig::new().lease(Some(HOUR), true)
}

#[test]
fn sleep_moves_the_end_of_an_episode() {
    let mut rig = Rig::retrying();
    let before = rig.monitor.status().ends.unwrap();
    rig.sleep(8 * HOUR);
    rig.send(Event::Triggered(Trigger::Woke));
    assert_eq!(rig.monitor.status().ends, Some(before + 8 * HOUR));
}

#[test]
fn a_new_ceiling_counts_from_the_next_decision_on() {
    let mut rig = Rig::retrying();
    rig.monitor.set_policy(Policy { auth_retrying_max_elapsed: MINUTE, ..Policy::default() }, rig.now);
    rig.until_attempt();
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::Unauthenticated);
}

#[test]
fn waiting_for_a_rejected_lease_holds_requests_back() {
    let mut rig = Rig::running();
    let lease = rig.monitor.status().usable.unwrap();
    rig.send(Event::Rejected { lease, replayed: false });
    rig.fail(offline());
    let status = rig.monitor.status();
    assert_eq!((status.phase, status.usable), (Phase::Running, None));
    assert_eq!(status.gate, lamplighter_core::status::Gate::Wait);
}

#[test]
fn an_expired_lease_stops_passing_while_its_renewal_is_tried() {
    let mut rig = Rig::running();
    rig.until_attempt();
    let (attempt, lease) = (rig.attempt(), rig.lease(Some(20 * SECOND), true));
    rig.send(Event::Renewed { attempt, lease, stored: Ok(()), skew: None });
    rig.until_attempt();
    assert_eq!(rig.deadline().unwrap().1, Wake::Expire);
    assert_eq!(rig.wake().1, []);
    let status = rig.monitor.status();
    assert_eq!((status.usable, status.gate), (None, lamplighter_core::status::Gate::Wait));
    assert_eq!(rig.deadline().unwrap().1, Wake::GiveUp, "an expiry is awaited once");
}

#[test]
fn an_attempt_at_the_ceiling_is_not_past_it() {
    let mut rig = Rig::retrying();
    rig.monitor.set_policy(Policy { auth_retrying_max_elapsed: MINUTE, ..Policy::default() }, rig.now);
    rig.pass(MINUTE);
    rig.trigger(Trigger::Asked);
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::AuthRetrying);
    rig.pass(Duration::from_millis(1));
    rig.trigger(Trigger::Asked);
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::Unauthenticated);
}
