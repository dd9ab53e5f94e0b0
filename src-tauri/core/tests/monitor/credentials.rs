//! Client credentials: the client signs in by itself, and again at its person's word whatever was said before.

use lamplighter_core::condition::Cause;
use lamplighter_core::config::GrantKind;
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::monitor::Remembered;
use lamplighter_core::{Event, Lease, Phase, Policy};

use crate::rig::{HOUR, MINUTE, Rig, brief, busy, dawn, oauth, offline};

fn machine(remembered: Option<Remembered>) -> Rig {
    Rig::of(GrantKind::ClientCredentials, Policy::default(), remembered)
}

/// A grant that is yet to be obtained: due at once.
fn yet_to_come(rig: &mut Rig) -> Lease {
    let lease = rig.lease(None, true);
    Lease { expires_at: Some(lease.issued_at), ..lease }
}

/// Running, until the sign-in server no longer knows the client.
fn refused() -> Rig {
    let mut rig = machine(None);
    let lease = rig.lease(Some(HOUR), true);
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.until_attempt();
    rig.fail(oauth(401, "invalid_client"));
    assert_eq!((rig.phase(), rig.cause()), (Phase::Unauthenticated, Some(Cause::OAuth("invalid_client".to_owned()))));
    rig.story.clear();
    rig
}

#[test]
fn the_person_s_retry_is_one_real_attempt() {
    let mut rig = refused();
    assert_eq!(brief(&rig.trigger(Trigger::Asked)), ["trigger asked", "renew 2"]);
    assert_eq!(brief(&rig.trigger(Trigger::Asked)), [] as [&str; 0], "one is under way");
    let told = brief(&rig.fail(oauth(401, "invalid_client")));
    assert_eq!(told, ["attempt permanent 401 invalid_client", "retire"], "the person knows");
    assert_eq!((rig.phase(), rig.deadline()), (Phase::Unauthenticated, None));

    rig.trigger(Trigger::Asked);
    rig.fail(busy(5));
    assert_eq!((rig.phase(), rig.deadline()), (Phase::Unauthenticated, None), "the one try is spent");
    rig.trigger(Trigger::Asked);
    rig.succeed();
    assert_eq!(rig.phase(), Phase::Running);
}

#[test]
fn what_happened_before_a_verdict_is_no_reason_to_try_after_it() {
    let mut rig = machine(None);
    let lease = rig.lease(Some(HOUR), true);
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.sleep(HOUR);
    rig.trigger(Trigger::Woke);
    rig.fail(oauth(401, "invalid_client"));
    rig.send(Event::StartRequested);
    let told = brief(&rig.send(Event::Loaded(Loaded::Ended(lease))));
    assert!(told.contains(&"renew 2".to_owned()), "{told:?}");
    rig.fail(busy(5));
    assert_eq!((rig.phase(), rig.deadline()), (Phase::Unauthenticated, None), "the one try is spent");
}

#[test]
fn nothing_but_the_person_tries_what_was_refused() {
    let mut rig = refused();
    for trigger in [Trigger::Woke, Trigger::NetworkChanged] {
        assert_eq!(brief(&rig.trigger(trigger)), [] as [&str; 0]);
        rig.run(HOUR);
    }
    assert_eq!(rig.attempts_since(dawn().moment), []);
}

#[test]
fn a_restart_tries_again() {
    for loaded in [Loaded::Ended, Loaded::Grant] {
        let mut rig = refused();
        let lease = rig.expired_lease();
        rig.send(Event::StartRequested);
        let told = brief(&rig.send(Event::Loaded(loaded(lease))));
        assert_eq!(told, ["starting > unauthenticated invalid_client", "renew 2"], "the new attempt decides");
        rig.succeed();
        assert_eq!((rig.phase(), rig.notices()), (Phase::Running, vec![]));
    }
}

#[test]
fn a_new_run_of_the_engine_tries_once() {
    let remembered = Remembered {
        phase: Phase::Unauthenticated,
        cause: Some(Cause::OAuth("invalid_client".to_owned())),
        since: dawn().wall,
        episode: None,
        last_success: None,
    };
    let mut rig = machine(Some(remembered));
    rig.pass(MINUTE);
    let lease = rig.expired_lease();
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Ended(lease)));
    rig.fail(offline());
    assert_eq!((rig.phase(), rig.deadline()), (Phase::Unauthenticated, None));
    assert_eq!(rig.attempts_since(dawn().moment).len(), 1);
}

#[test]
fn credentials_that_never_worked_are_tried_once_a_run_and_told_of_once() {
    let remembered = Remembered {
        phase: Phase::Unauthenticated,
        cause: Some(Cause::OAuth("invalid_client".to_owned())),
        since: dawn().wall,
        episode: None,
        last_success: None,
    };
    let mut rig = machine(Some(remembered));
    rig.pass(MINUTE);
    rig.send(Event::StartRequested);
    let lease = yet_to_come(&mut rig);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.fail(oauth(401, "invalid_client"));
    assert_eq!((rig.phase(), rig.deadline(), rig.notices()), (Phase::Unauthenticated, None, vec![]));
    assert_eq!(rig.attempts_since(dawn().moment).len(), 1);
}

#[test]
fn a_sign_out_holds_until_the_person_wants_it_otherwise() {
    let signed_out = || {
        let mut rig = refused();
        rig.send(Event::SignOutRequested);
        assert_eq!(rig.cause(), Some(Cause::SignedOut));
        rig.pass(MINUTE);
        rig
    };
    let mut retried = signed_out();
    assert_eq!(brief(&retried.trigger(Trigger::Woke)), [] as [&str; 0]);
    retried.trigger(Trigger::Asked);
    retried.succeed();
    assert_eq!(retried.phase(), Phase::Running);

    let mut stopped = signed_out();
    stopped.send(Event::StopRequested);
    stopped.send(Event::StartRequested);
    let lease = yet_to_come(&mut stopped);
    stopped.send(Event::Loaded(Loaded::Grant(lease)));
    assert_eq!((stopped.phase(), stopped.cause()), (Phase::Unauthenticated, Some(Cause::SignedOut)));
    assert_eq!(stopped.attempts_since(dawn().moment), []);

    let mut restarted = signed_out();
    restarted.send(Event::StartRequested);
    let lease = yet_to_come(&mut restarted);
    restarted.send(Event::Loaded(Loaded::Grant(lease)));
    restarted.succeed();
    assert_eq!(restarted.phase(), Phase::Running);
}

#[test]
fn access_that_was_missing_is_looked_for_afresh_with_each_new_grant() {
    let mut rig = machine(None);
    let lease = rig.lease(Some(HOUR), true);
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.send(Event::ScopeChallenged { scopes: vec!["mail".to_owned()] });
    assert_eq!(rig.codes(), ["needs_more_access"]);
    rig.trigger(Trigger::Asked);
    rig.succeed();
    assert_eq!(rig.codes(), [] as [&str; 0]);
}
