//! No way to any network: attempts wait for it, and nothing is spent on it.

use std::time::Duration;

use lamplighter_core::event::Trigger;
use lamplighter_core::{Event, Phase};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, no_network, offline, renewal};

/// Every attempt of the next `span` finds no network.
fn without_network(rig: &mut Rig, span: Duration) {
    let end = rig.now.moment + span;
    while let Some((at, _)) = rig.monitor.deadline().filter(|(at, _)| *at <= end) {
        rig.pass(at.since(rig.now.moment));
        if rig.send(Event::Woken).iter().any(|command| renewal(command).is_some()) {
            rig.fail(no_network());
        }
    }
    rig.pass(end.since(rig.now.moment));
}

#[test]
fn whoever_holds_a_good_token_waits_and_nobody_hears_of_it() {
    let mut rig = Rig::running();
    rig.until_attempt();
    let start = rig.now.moment;
    rig.fail(no_network());
    assert_eq!(rig.phase(), Phase::Running);
    assert_eq!(rig.codes(), ["offline"], "it is shown all the same");
    without_network(&mut rig, 3 * MINUTE);
    assert_eq!(rig.attempts_since(start), [Duration::ZERO], "the short retry is not begun");

    rig.trigger(Trigger::NetworkChanged);
    rig.until_attempt();
    assert_eq!(rig.now.moment.since(start), 3 * MINUTE + 2 * SECOND, "the network is back, and has settled");
    rig.succeed();
    assert_eq!((rig.phase(), rig.codes(), rig.notices().len()), (Phase::Running, vec![], 0));
}

#[test]
fn a_network_that_comes_just_after_waking_is_tried() {
    let mut rig = Rig::running();
    let (until_due, _) = rig.deadline().unwrap();
    rig.sleep(until_due);
    let woken = rig.now.moment;
    rig.trigger(Trigger::Woke);
    rig.fail(no_network());
    assert_eq!(rig.phase(), Phase::Running, "its token is good");
    rig.pass(SECOND);
    rig.trigger(Trigger::NetworkChanged);
    rig.until_attempt();
    rig.fail(no_network());
    rig.until_attempt();
    assert_eq!(rig.attempts_since(woken), [Duration::ZERO, 2 * SECOND, 3 * SECOND], "once more when it has settled");
}

#[test]
fn a_token_that_runs_out_meanwhile_makes_one_episode_that_no_ceiling_ends() {
    let mut rig = Rig::running();
    without_network(&mut rig, 60 * HOUR);
    assert_eq!(rig.phase(), Phase::AuthRetrying);
    assert_eq!(rig.notices().len(), 1);
    rig.trigger(Trigger::NetworkChanged);
    rig.until_attempt();
    rig.fail(no_network());
    assert_eq!(rig.phase(), Phase::AuthRetrying, "an attempt that could not be made is none");
    rig.trigger(Trigger::NetworkChanged);
    rig.until_attempt();
    rig.succeed();
    assert_eq!((rig.phase(), rig.notices().len()), (Phase::Running, 2));
}

#[test]
fn with_a_network_again_the_ceiling_holds() {
    let mut rig = Rig::running();
    without_network(&mut rig, 60 * HOUR);
    let back = rig.now.moment;
    while rig.phase() == Phase::AuthRetrying {
        rig.until_attempt();
        rig.fail(offline());
    }
    assert_eq!(rig.phase(), Phase::Unauthenticated);
    let took = rig.now.moment.since(back);
    assert!(24 * HOUR < took && took < 24 * HOUR + 25 * MINUTE, "{took:?}: nothing of it was used up before");
}

#[test]
fn tries_that_found_no_network_cost_the_next_trigger_nothing() {
    let mut rig = Rig::retrying();
    for _ in 0..20 {
        let start = rig.now.moment;
        rig.trigger(Trigger::NetworkChanged);
        without_network(&mut rig, 5 * SECOND);
        assert_eq!(rig.attempts_since(start), [2 * SECOND], "each change is looked into, once it has settled");
    }
}

#[test]
fn a_failure_after_the_network_is_back_begins_a_short_retry_of_its_own() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.fail(no_network());
    without_network(&mut rig, 2 * MINUTE);
    let start = rig.now.moment;
    rig.trigger(Trigger::Woke);
    for _ in 0..6 {
        rig.until_attempt();
        rig.fail(offline());
    }
    assert_eq!(rig.phase(), Phase::Running, "quick tries use up none of it: {:?}", rig.attempts_since(start));
}
