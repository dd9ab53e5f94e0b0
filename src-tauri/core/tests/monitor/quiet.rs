//! What a face may know of a login before it sends the person to the browser; and times that change meanwhile.

use lamplighter_core::config::GrantKind;
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::{Event, LeaseId, Phase, Policy};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, locked, oauth, offline};

fn mends(rig: &Rig) -> bool {
    rig.monitor.status().mends_quietly
}

fn under_way(rig: &Rig) -> bool {
    rig.monitor.status().under_way
}

#[test]
fn a_refresh_may_mend_what_can_be_renewed() {
    assert!(mends(&Rig::running()));
    assert!(mends(&Rig::retrying()));
    assert!(mends(&Rig::past_ceiling()));
    assert!(!mends(&Rig::open()), "there is nothing to renew");
}

#[test]
fn a_refresh_mends_nothing_that_was_ended_or_signed_out_or_stopped() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    rig.fail(oauth(400, "invalid_grant"));
    assert!(!mends(&rig));
    for event in [Event::SignOutRequested, Event::StopRequested, Event::RemoveRequested] {
        let mut rig = Rig::running();
        rig.send(event.clone());
        assert!(!mends(&rig), "{event:?}");
    }
}

#[test]
fn a_refresh_brings_neither_more_access_nor_what_the_server_refuses() {
    let mut rig = Rig::running();
    rig.send(Event::ScopeChallenged { scopes: vec!["admin".to_owned()] });
    assert!(!mends(&rig));
    let mut rig = Rig::running();
    rig.send(Event::Rejected { lease: LeaseId(1), replayed: false });
    rig.succeed();
    rig.send(Event::Rejected { lease: LeaseId(2), replayed: true });
    assert_eq!(rig.phase(), Phase::Unauthenticated);
    assert!(!mends(&rig));
}

#[test]
fn client_credentials_mend_whatever_became_of_them() {
    let mut rig = Rig::of(GrantKind::ClientCredentials, Policy::default(), None);
    let lease = rig.expired_lease();
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.fail(oauth(401, "invalid_client"));
    assert_eq!(rig.phase(), Phase::Unauthenticated);
    assert!(mends(&rig));
}

#[test]
fn what_is_under_way_is_shown_until_it_has_ended() {
    let mut rig = Rig::new();
    assert!(!under_way(&rig));
    rig.send(Event::StartRequested);
    assert!(under_way(&rig) && mends(&rig), "the store is read");
    rig.send(Event::Loaded(Loaded::Unavailable(locked().unwrap_err())));
    assert!(!under_way(&rig) && mends(&rig), "the store may be asked again");
    rig.trigger(Trigger::Asked);
    assert!(under_way(&rig));
    let lease = rig.expired_lease();
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    assert!(under_way(&rig), "it is refreshed at once");
    rig.fail(offline());
    assert!(!under_way(&rig));
    rig.trigger(Trigger::Asked);
    assert!(under_way(&rig));
    rig.send(Event::SignOutRequested);
    assert!(under_way(&rig), "its answer is still to come");
    rig.succeed();
    assert!(!under_way(&rig));
}

#[test]
fn a_shorter_tick_brings_the_next_try_forward_and_a_longer_one_does_not_put_it_off() {
    let mut rig = Rig::retrying();
    let next = |rig: &Rig| rig.monitor.status().next_attempt.unwrap().since(rig.now.moment);
    let before = next(&rig);
    rig.monitor.set_policy(Policy { auth_retrying_tick_interval: HOUR, ..Policy::default() }, rig.now);
    assert_eq!(next(&rig), before);
    rig.monitor.set_policy(Policy { auth_retrying_tick_interval: MINUTE, ..Policy::default() }, rig.now);
    assert!(next(&rig) <= 66 * SECOND, "{:?}", next(&rig));
}

#[test]
fn new_times_do_not_go_before_what_the_server_said() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    rig.fail(crate::rig::busy(300));
    let due = rig.monitor.status().next_attempt;
    rig.monitor.set_policy(Policy { auth_retrying_tick_interval: MINUTE, ..Policy::default() }, rig.now);
    let brought = rig.monitor.status().next_attempt.unwrap().since(rig.now.moment);
    assert!(brought >= 300 * SECOND && Some(rig.now.moment + brought) <= due, "{brought:?}");
}

#[test]
fn a_longer_margin_brings_the_renewal_forward() {
    let mut rig = Rig::running();
    let before = rig.deadline().unwrap().0;
    rig.monitor.set_policy(Policy { refresh_margin: Some(20 * MINUTE), ..Policy::default() }, rig.now);
    let after = rig.deadline().unwrap().0;
    assert!(after < before && after >= 38 * MINUTE, "{after:?}");
}

#[test]
fn a_shorter_wait_brings_the_short_retry_forward() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.fail(offline());
    let before = rig.deadline().unwrap().0;
    rig.monitor.set_policy(Policy { initial_retry_interval: SECOND, ..Policy::default() }, rig.now);
    let after = rig.deadline().unwrap().0;
    assert!(after < before && after <= 2 * SECOND, "{after:?}");
}

#[test]
fn a_new_ceiling_is_shown_at_once() {
    let mut rig = Rig::retrying();
    let before = rig.monitor.status().ends.unwrap();
    rig.monitor.set_policy(Policy { auth_retrying_max_elapsed: HOUR, ..Policy::default() }, rig.now);
    assert_eq!(rig.monitor.status().ends, Some(before - 23 * HOUR));
}
