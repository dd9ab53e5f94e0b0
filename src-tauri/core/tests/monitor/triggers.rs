//! Reasons to try now: settling, quick tries, bursts, flapping networks, and the server's `Retry-After`.

use std::time::Duration;

use lamplighter_core::condition::{Transport, UpstreamFault};
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::monitor::Wake;
use lamplighter_core::{Event, Moment, Phase};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, brief, busy, offline, renewal};

const AUTOMATIC: [Trigger; 3] = [Trigger::Woke, Trigger::NetworkChanged, Trigger::Resumed];

fn seconds(spans: &[u64]) -> Vec<Duration> {
    spans.iter().copied().map(Duration::from_secs).collect()
}

/// Runs for `span` while every attempt fails at once; when attempts were made, from now on.
fn failing_for(rig: &mut Rig, span: Duration) -> Vec<Duration> {
    let start = rig.now.moment;
    fail_until(rig, start + span);
    rig.attempts_since(start)
}

fn fail_until(rig: &mut Rig, end: Moment) {
    while let Some((at, _)) = rig.monitor.deadline().filter(|(at, _)| *at <= end) {
        rig.pass(at.since(rig.now.moment));
        let commands = rig.send(Event::Woken);
        if commands.iter().any(|command| renewal(command).is_some()) {
            rig.fail(offline());
        }
    }
    rig.pass(end.since(rig.now.moment));
}

#[test]
fn quick_tries_follow_a_settle_time_then_the_cadence() {
    for trigger in AUTOMATIC {
        let mut rig = Rig::retrying();
        rig.pass(MINUTE);
        let code = match trigger {
            Trigger::Woke => "woke",
            Trigger::NetworkChanged => "network_changed",
            Trigger::Resumed => "resumed",
            Trigger::Reached | Trigger::Asked => unreachable!("these need no settling"),
        };
        assert_eq!(brief(&rig.trigger(trigger)), [format!("trigger {code} @1")]);
        assert_eq!(rig.deadline(), Some((2 * SECOND, Wake::Settle)));
        let tries = failing_for(&mut rig, 15 * MINUTE);
        assert_eq!(tries[..4], seconds(&[2, 5, 12, 32]));
        assert_eq!(tries.len(), 5, "{tries:?}");
        assert!(tries[4] >= 9 * MINUTE && tries[4] <= 12 * MINUTE, "then the cadence again: {tries:?}");
    }
}

#[test]
fn a_server_that_was_seen_is_tried_once_and_at_once() {
    let mut rig = Rig::retrying();
    rig.pass(MINUTE);
    let start = rig.now.moment;
    assert_eq!(brief(&rig.trigger(Trigger::Reached)), ["trigger reached @1", "renew 2"]);
    assert_eq!(rig.trigger(Trigger::Reached), [], "one is under way");
    rig.fail(offline());
    failing_for(&mut rig, 5 * MINUTE);
    assert_eq!(rig.attempts_since(start), seconds(&[0]));
    rig.trigger(Trigger::Reached);
    rig.succeed();
    assert_eq!(rig.trigger(Trigger::Reached), [], "all is well");
}

#[test]
fn a_server_that_was_seen_hurries_no_burst_and_no_server_that_said_when() {
    let mut rig = Rig::retrying();
    rig.pass(MINUTE);
    let start = rig.now.moment;
    rig.trigger(Trigger::NetworkChanged);
    rig.pass(SECOND);
    assert_eq!(rig.trigger(Trigger::Reached), [], "it has not settled yet");
    fail_until(&mut rig, start + 4 * SECOND);
    assert_eq!(brief(&rig.trigger(Trigger::Reached)), ["trigger reached @1"]);
    fail_until(&mut rig, start + MINUTE);
    assert_eq!(rig.attempts_since(start), seconds(&[2, 5, 12, 32]), "those that were planned");

    let mut rig = Rig::retrying();
    rig.trigger(Trigger::Asked);
    rig.fail(busy(300));
    rig.trigger(Trigger::Reached);
    assert_eq!(rig.deadline(), Some((300 * SECOND, Wake::Settle)));
}

#[test]
fn a_server_that_is_seen_again_and_again_is_tried_as_often_as_a_network_that_flaps() {
    let mut rig = Rig::retrying();
    rig.pass(MINUTE);
    let start = rig.now.moment;
    for _ in 0..600 {
        rig.trigger(Trigger::Reached);
        failing_for(&mut rig, SECOND);
    }
    let tries = rig.attempts_since(start);
    for window in tries.windows(5) {
        assert!(window[4] - window[0] >= MINUTE, "more than four tries a minute: {window:?}");
    }
}

#[test]
fn a_server_that_is_seen_keeps_no_change_of_the_network_waiting() {
    let mut rig = Rig::retrying();
    rig.pass(MINUTE);
    for _ in 0..4 {
        rig.trigger(Trigger::Reached);
        failing_for(&mut rig, 10 * SECOND);
    }
    rig.trigger(Trigger::NetworkChanged);
    assert_eq!(rig.deadline(), Some((2 * SECOND, Wake::Settle)));
}

#[test]
fn a_server_that_is_seen_is_not_kept_waiting_by_what_only_bridges_the_time() {
    let mut rig = Rig::retrying();
    rig.pass(MINUTE);
    rig.trigger(Trigger::NetworkChanged);
    assert_eq!(failing_for(&mut rig, 40 * SECOND).len(), 4);
    assert_eq!(brief(&rig.trigger(Trigger::Reached)), ["trigger reached @1", "renew 6"]);
}

#[test]
fn whoever_needs_a_sign_in_waits_for_no_server() {
    let mut rig = Rig::past_ceiling();
    rig.pass(MINUTE);
    assert_eq!(rig.trigger(Trigger::Reached), []);
}

#[test]
fn a_trigger_that_an_attempt_without_an_answer_outlasts_is_tried_for_when_that_ends() {
    let mut rig = Rig::retrying();
    rig.pass(MINUTE);
    rig.trigger(Trigger::NetworkChanged);
    rig.until_attempt();
    rig.pass(4 * SECOND);
    assert_eq!(brief(&rig.trigger(Trigger::NetworkChanged)), ["trigger network_changed @1"]);
    rig.pass(26 * SECOND);
    rig.fail(offline());
    assert_eq!(rig.deadline(), Some((Duration::ZERO, Wake::Settle)));
    rig.until_attempt();
    rig.fail(offline());
    assert_eq!(rig.deadline(), Some((6 * SECOND, Wake::Settle)), "the last of its quick tries, the others were missed");
    rig.until_attempt();
    rig.fail(offline());
    assert_eq!(rig.deadline().unwrap().1, Wake::Retry);
}

#[test]
fn a_trigger_during_the_quiet_try_past_the_ceiling_makes_another() {
    let mut rig = Rig::past_ceiling();
    rig.pass(MINUTE);
    rig.trigger(Trigger::NetworkChanged);
    rig.until_attempt();
    assert_eq!(brief(&rig.trigger(Trigger::NetworkChanged)), ["trigger network_changed"]);
    rig.pass(SECOND);
    rig.fail(offline());
    assert_eq!(rig.deadline(), Some((2 * SECOND, Wake::Settle)), "three seconds after the one before");
    rig.until_attempt();
    rig.fail(offline());
    assert_eq!(rig.deadline(), None, "once");
}

#[test]
fn a_trigger_just_before_the_last_quick_try_is_tried_for_too() {
    let mut rig = Rig::retrying();
    rig.pass(MINUTE);
    let start = rig.now.moment;
    rig.trigger(Trigger::Woke);
    fail_until(&mut rig, start + 31 * SECOND);
    rig.trigger(Trigger::NetworkChanged);
    fail_until(&mut rig, start + 5 * MINUTE);
    assert_eq!(rig.attempts_since(start), seconds(&[2, 5, 12, 33, 62, 70]));
}

#[test]
fn a_change_soon_after_others_is_tried_for_within_ten_seconds() {
    for [first, second] in (0..60).flat_map(|first| (first..80).map(move |second| [first, second])) {
        let mut rig = Rig::retrying();
        let start = rig.now.moment;
        rig.trigger(Trigger::NetworkChanged);
        for change in [first, second] {
            fail_until(&mut rig, start + change * SECOND + SECOND / 2);
            rig.trigger(Trigger::Woke);
        }
        let tries = failing_for(&mut rig, 2 * MINUTE);
        // Before it has settled, a try may be one for nothing.
        assert!(tries.iter().any(|at| (2 * SECOND..=10 * SECOND).contains(at)), "{first} s, {second} s: {tries:?}");
        let all = rig.attempts_since(start);
        assert!(all.windows(7).all(|window| window[6] - window[0] >= MINUTE), "too many a minute: {all:?}");
    }
}

#[test]
fn a_burst_of_triggers_is_one() {
    let mut rig = Rig::retrying();
    let start = rig.now.moment;
    rig.trigger(Trigger::Woke);
    for _ in 0..3 {
        failing_for(&mut rig, SECOND / 2);
        assert_eq!(rig.trigger(Trigger::NetworkChanged), []);
    }
    failing_for(&mut rig, 5 * MINUTE);
    assert_eq!(rig.attempts_since(start), seconds(&[2, 5, 12, 32]));
}

#[test]
fn a_flapping_network_gets_four_tries_a_minute_and_not_all_at_once() {
    let mut rig = Rig::retrying();
    let start = rig.now.moment;
    for _ in 0..600 {
        rig.trigger(Trigger::NetworkChanged);
        failing_for(&mut rig, SECOND);
    }
    let tries = rig.attempts_since(start);
    assert_eq!(tries[..5], seconds(&[2, 5, 10, 18, 62]));
    assert!((36..=40).contains(&tries.len()), "{} tries in ten minutes", tries.len());
    for window in tries.windows(5) {
        assert!(window[4] - window[0] >= MINUTE, "more than four tries a minute: {window:?}");
    }
}

#[test]
fn a_trigger_after_the_quick_tries_is_not_lost() {
    let mut rig = Rig::retrying();
    rig.trigger(Trigger::Woke);
    failing_for(&mut rig, 40 * SECOND);
    assert_eq!(brief(&rig.trigger(Trigger::NetworkChanged)), ["trigger network_changed @1"]);
    let tries = failing_for(&mut rig, 2 * MINUTE);
    assert_eq!(tries, seconds(&[2, 25, 33]), "those that follow wait for room");
}

#[test]
fn no_automatic_trigger_shortens_a_retry_after() {
    for trigger in AUTOMATIC {
        let mut rig = Rig::retrying();
        rig.until_attempt();
        rig.fail(busy(300));
        rig.pass(SECOND);
        rig.trigger(trigger);
        let tries = failing_for(&mut rig, 8 * MINUTE);
        assert_eq!(tries, seconds(&[299, 302, 309, 329]));
    }
}

#[test]
fn a_quick_try_that_is_told_to_wait_waits() {
    let mut rig = Rig::retrying();
    rig.trigger(Trigger::Woke);
    rig.until_attempt();
    rig.fail(busy(20));
    assert_eq!(rig.deadline(), Some((20 * SECOND, Wake::Settle)));
}

#[test]
fn the_person_tries_at_once_and_shortens_a_retry_after_once() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    rig.fail(busy(300));
    assert_eq!(brief(&rig.trigger(Trigger::Asked)), ["trigger asked @1", "renew 3"]);
    rig.fail(offline());
    assert_eq!(rig.deadline(), Some((300 * SECOND, Wake::Settle)), "the server's word holds for the tries after");
}

#[test]
fn quick_tries_follow_when_the_person_asked() {
    let mut rig = Rig::retrying();
    let start = rig.now.moment;
    rig.trigger(Trigger::Asked);
    rig.fail(offline());
    failing_for(&mut rig, 5 * MINUTE);
    assert_eq!(rig.attempts_since(start), seconds(&[0, 3, 10, 30]));
}

#[test]
fn a_network_that_changes_after_the_person_asked_has_tries_of_its_own() {
    let mut rig = Rig::retrying();
    rig.trigger(Trigger::Asked);
    rig.fail(offline());
    failing_for(&mut rig, 12 * SECOND);
    let start = rig.now.moment;
    rig.trigger(Trigger::NetworkChanged);
    failing_for(&mut rig, 20 * SECOND);
    assert_eq!(rig.attempts_since(start), seconds(&[2, 5, 12]));
}

#[test]
fn the_person_may_ask_again_and_again() {
    let mut rig = Rig::retrying();
    for _ in 0..3 {
        assert_eq!(rig.trigger(Trigger::Asked).iter().filter_map(renewal).count(), 1);
        assert_eq!(rig.trigger(Trigger::Asked).iter().filter_map(renewal).count(), 0, "one is under way");
        rig.fail(offline());
        rig.pass(SECOND);
    }
}

#[test]
fn quick_tries_that_were_missed_are_not_made_up_for() {
    let mut rig = Rig::retrying();
    let start = rig.now.moment;
    rig.trigger(Trigger::Woke);
    rig.until_attempt();
    rig.pass(20 * SECOND);
    rig.fail(offline());
    assert_eq!(rig.deadline(), Some((10 * SECOND, Wake::Settle)));
    failing_for(&mut rig, MINUTE);
    assert_eq!(rig.attempts_since(start), seconds(&[2, 32]));
}

#[test]
fn running_and_well_hears_only_the_person() {
    let mut rig = Rig::running();
    for trigger in AUTOMATIC {
        assert_eq!(rig.trigger(trigger), []);
    }
    assert_eq!(brief(&rig.trigger(Trigger::Asked)), ["trigger asked", "renew 1"]);
    assert_eq!(brief(&rig.succeed()), ["attempt ok -"]);
}

#[test]
fn a_refresh_that_the_person_asked_for_may_fail_like_any_other() {
    let mut rig = Rig::running();
    let start = rig.now.moment;
    rig.trigger(Trigger::Asked);
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::Running);
    let tries = failing_for(&mut rig, 45 * SECOND);
    assert_eq!(rig.attempts_since(start)[..3], seconds(&[0, 3, 10]));
    assert!(tries.contains(&(30 * SECOND)), "{tries:?}");
    assert_eq!(rig.phase(), Phase::Running, "quick tries use up none of the short retry's");
}

#[test]
fn there_is_nothing_to_ask_of_an_open_server() {
    let mut rig = Rig::open();
    for trigger in [Trigger::Asked, Trigger::Woke, Trigger::NetworkChanged] {
        assert_eq!(rig.trigger(trigger), []);
    }
}

#[test]
fn a_lease_that_cannot_be_renewed_is_not_tried() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    let lease = rig.lease(Some(HOUR), false);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    assert_eq!(rig.trigger(Trigger::Asked), []);
    assert_eq!(rig.deadline(), Some((HOUR, Wake::Expire)));
}

#[test]
fn a_short_retry_is_hurried_by_a_trigger() {
    for trigger in AUTOMATIC {
        let mut rig = Rig::running();
        rig.until_attempt();
        rig.fail(busy(60));
        assert_eq!(rig.deadline(), Some((MINUTE, Wake::Renew)));
        rig.pass(MINUTE - SECOND);
        rig.trigger(trigger);
        assert_eq!(rig.deadline(), Some((SECOND, Wake::Renew)), "a try that is due sooner stays");
        rig.until_attempt();
        rig.fail(offline());
        assert_eq!(rig.deadline(), Some((SECOND, Wake::Settle)));
    }
}

#[test]
fn a_refresh_that_the_sleep_cut_off_is_followed_by_quick_tries() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.sleep(HOUR);
    let woken = rig.now.moment;
    assert_eq!(brief(&rig.trigger(Trigger::Woke)), ["trigger woke"]);
    rig.fail(offline());
    assert_eq!(rig.deadline(), Some((2 * SECOND, Wake::Settle)));
    failing_for(&mut rig, 20 * SECOND);
    assert_eq!(rig.attempts_since(woken)[..2], seconds(&[2, 5]));
}

#[test]
fn a_refresh_that_fell_due_asleep_is_followed_by_quick_tries() {
    let mut rig = Rig::running();
    rig.sleep(2 * HOUR);
    let woken = rig.now.moment;
    assert_eq!(brief(&rig.trigger(Trigger::Woke)), ["trigger woke", "renew 1"]);
    rig.fail(offline());
    failing_for(&mut rig, 20 * SECOND);
    assert_eq!(rig.attempts_since(woken)[..3], seconds(&[0, 2, 5]));
}

#[test]
fn a_refresh_that_falls_due_just_now_is_overdue() {
    let mut rig = Rig::running();
    let (span, _) = rig.deadline().unwrap();
    rig.sleep(span);
    assert_eq!(brief(&rig.trigger(Trigger::Woke)), ["trigger woke", "renew 1"]);
}

#[test]
fn a_refresh_at_the_start_heeds_the_network() {
    let mut rig = Rig::new();
    let lease = rig.expired_lease();
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    assert_eq!(brief(&rig.trigger(Trigger::NetworkChanged)), ["trigger network_changed"]);
    rig.fail(offline());
    assert_eq!((rig.phase(), rig.deadline()), (Phase::AuthRetrying, Some((2 * SECOND, Wake::Settle))));
}

#[test]
fn past_the_ceiling_each_trigger_makes_one_quiet_try() {
    let mut rig = Rig::past_ceiling();
    let start = rig.now.moment;
    rig.trigger(Trigger::Woke);
    assert_eq!(rig.trigger(Trigger::NetworkChanged), [], "the same burst");
    assert_eq!(failing_for(&mut rig, 5 * MINUTE), seconds(&[2]));
    assert_eq!(rig.deadline(), None);
    assert_eq!(brief(&rig.trigger(Trigger::Asked)), ["trigger asked", format!("renew {}", rig.attempt().0).as_str()]);
    assert_eq!(rig.trigger(Trigger::Asked), [], "one is under way");
    rig.fail(offline());
    assert_eq!(rig.attempts_since(start).len(), 2);
}

#[test]
fn past_the_ceiling_a_flapping_network_makes_as_few_tries() {
    let mut rig = Rig::past_ceiling();
    rig.pass(HOUR);
    let start = rig.now.moment;
    for _ in 0..600 {
        rig.trigger(Trigger::NetworkChanged);
        failing_for(&mut rig, SECOND);
    }
    let tries = rig.attempts_since(start);
    assert!((36..=40).contains(&tries.len()), "{} tries in ten minutes", tries.len());
    for window in tries.windows(5) {
        assert!(window[4] - window[0] >= MINUTE, "more than four tries a minute: {window:?}");
    }
}

#[test]
fn past_the_ceiling_a_retry_after_still_holds() {
    let mut rig = Rig::past_ceiling();
    rig.trigger(Trigger::Asked);
    rig.fail(busy(300));
    rig.trigger(Trigger::Woke);
    assert_eq!(rig.deadline(), Some((300 * SECOND, Wake::Settle)));
}

#[test]
fn an_upstream_out_of_reach_is_looked_for_when_the_network_changes() {
    let mut rig = Rig::open();
    rig.send(Event::UpstreamFailed(UpstreamFault::Unreachable(Transport::Dns)));
    rig.pass(20 * SECOND);
    assert_eq!(brief(&rig.trigger(Trigger::NetworkChanged)), ["trigger network_changed"]);
    assert_eq!(rig.deadline(), Some((2 * SECOND, Wake::Probe)));
    assert_eq!(brief(&rig.wake().1), ["probe"]);
    rig.trigger(Trigger::Woke);
    assert_eq!(rig.deadline(), Some((5 * SECOND, Wake::Probe)), "not again and again");
    assert_eq!(brief(&rig.trigger(Trigger::Asked)), ["trigger asked", "probe"]);
    rig.pass(5 * SECOND);
    assert_eq!(brief(&rig.trigger(Trigger::Reached)), ["trigger reached", "probe"]);
}

#[test]
fn a_renewal_that_fails_beside_the_upstream_is_tried_quickly_too() {
    let mut rig = Rig::running();
    rig.send(Event::UpstreamFailed(UpstreamFault::Tls));
    rig.until_attempt();
    rig.trigger(Trigger::NetworkChanged);
    rig.pass(SECOND);
    rig.fail(offline());
    assert_eq!(rig.deadline().unwrap().0, SECOND);
}

#[test]
fn the_person_looks_for_the_upstream_and_refreshes() {
    let mut rig = Rig::running();
    rig.send(Event::UpstreamFailed(UpstreamFault::Tls));
    assert_eq!(brief(&rig.trigger(Trigger::Asked)), ["trigger asked", "probe", "renew 1"]);
    rig.succeed();
    assert_eq!(brief(&rig.trigger(Trigger::Woke)), ["trigger woke"], "no more than a look");
}
