//! Signing in is an overlay; signing out forgets.

use lamplighter_core::condition::{Cause, UpstreamFault};
use lamplighter_core::config::GrantKind;
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::monitor::Wake;
use lamplighter_core::notice::Notice;
use lamplighter_core::{Event, Lease, Phase};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, brief, busy, oauth, offline};

fn signed_in(rig: &mut Rig) -> (Lease, Vec<String>) {
    let lease = rig.lease(Some(HOUR), true);
    (lease, brief(&rig.send(Event::SignedIn { lease, stored: Ok(()) })))
}

#[test]
fn a_sign_in_that_fails_costs_nothing() {
    for mut rig in [Rig::running(), Rig::retrying(), Rig::past_ceiling(), Rig::open(), Rig::new()] {
        let before = (rig.monitor.status().clone(), rig.deadline());
        let episode = if rig.phase() == Phase::AuthRetrying { " @1" } else { "" };
        assert_eq!(brief(&rig.send(Event::SignInStarted)), [format!("login sign_in_started{episode}")]);
        assert!(rig.monitor.status().signing_in);
        let cause = Cause::SignIn("you closed the browser".to_owned());
        assert_eq!(brief(&rig.send(Event::SignInFailed { cause })), [format!("login sign_in_failed{episode}")]);
        assert_eq!((rig.monitor.status().clone(), rig.deadline()), before);
    }
}

#[test]
fn a_sign_in_succeeds_from_anywhere() {
    for mut rig in [Rig::running(), Rig::retrying(), Rig::past_ceiling(), Rig::open()] {
        rig.send(Event::SignInStarted);
        rig.pass(MINUTE);
        let (lease, _) = signed_in(&mut rig);
        let status = rig.monitor.status();
        assert_eq!((status.phase, status.usable), (Phase::Running, Some(lease.id)));
        assert_eq!((status.signing_in, status.last_success), (false, Some(rig.now.wall)));
        assert_eq!(rig.deadline().unwrap().1, Wake::Renew);
    }
}

#[test]
fn a_sign_in_while_starting_needs_no_load() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    assert_eq!(signed_in(&mut rig).1, ["login signed_in", "starting > running -"]);
    assert_eq!(rig.send(Event::Loaded(Loaded::Nothing)), []);
    assert_eq!(rig.phase(), Phase::Running);
    let mut rig = Rig::retrying();
    rig.send(Event::StartRequested);
    assert_eq!(
        signed_in(&mut rig).1,
        ["login signed_in @1", "starting > running - @1", "notice recovered", "notify recovered 1"]
    );
}

#[test]
fn a_sign_in_while_stopped_does_not_start() {
    let mut rig = Rig::past_ceiling();
    rig.send(Event::StopRequested);
    let (lease, commands) = signed_in(&mut rig);
    assert_eq!(commands, ["login signed_in"]);
    assert_eq!((rig.phase(), rig.deadline()), (Phase::Stopped, None));
    rig.send(Event::StartRequested);
    let lease = Lease { issued_at: rig.now.moment - 100 * HOUR, ..lease };
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["starting > running -", "renew 144"][..1]);
}

#[test]
fn a_sign_in_while_stopping_stops() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    rig.send(Event::StopRequested);
    assert_eq!(
        signed_in(&mut rig).1,
        ["login signed_in @1", "stopping > stopped - @1", "notice recovered", "notify recovered 1"]
    );
}

#[test]
fn a_sign_in_replaces_the_grant_of_the_attempt_under_way() {
    let mut rig = Rig::running();
    let attempt = rig.until_attempt();
    let (lease, _) = signed_in(&mut rig);
    assert_eq!(rig.send(Event::Rejected { lease: lease.id, replayed: false }), [], "never two at a time");
    let old = rig.lease(Some(9 * HOUR), true);
    let commands = rig.send(Event::Renewed { attempt, lease: old, stored: crate::rig::locked(), skew: None });
    assert_eq!(brief(&commands), ["renew 2"], "its answer is nobody's");
    assert_eq!(rig.codes(), Vec::<&str>::new());
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::Running);
}

#[test]
fn an_answer_to_a_grant_that_was_replaced_cannot_end_the_new_one() {
    let mut rig = Rig::running();
    rig.until_attempt();
    let (lease, _) = signed_in(&mut rig);
    assert_eq!(rig.fail(oauth(400, "invalid_grant")), []);
    assert_eq!((rig.phase(), rig.monitor.status().usable), (Phase::Running, Some(lease.id)));
}

#[test]
fn an_attempt_for_a_grant_that_was_replaced_is_given_up_too() {
    let mut rig = Rig::running();
    rig.until_attempt();
    let (lease, _) = signed_in(&mut rig);
    rig.send(Event::Rejected { lease: lease.id, replayed: false });
    assert_eq!(rig.deadline(), Some((35 * SECOND, Wake::GiveUp)));
    assert_eq!(brief(&rig.wake().1), ["renew 2"]);
}

#[test]
fn a_sign_in_clears_what_was_known_of_the_upstream() {
    let mut rig = Rig::running();
    rig.send(Event::UpstreamFailed(UpstreamFault::Tls));
    assert_eq!(signed_in(&mut rig).1, ["login signed_in", "unhealthy > running -"]);
    for _ in 0..2 {
        rig.send(Event::UpstreamFailed(UpstreamFault::ServerError(500)));
    }
    signed_in(&mut rig);
    rig.send(Event::UpstreamFailed(UpstreamFault::ServerError(500)));
    assert_eq!(rig.phase(), Phase::Running);
}

#[test]
fn a_sign_in_lifts_a_retry_after() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    rig.fail(busy(600));
    let (lease, _) = signed_in(&mut rig);
    rig.send(Event::Rejected { lease: lease.id, replayed: false });
    rig.fail(offline());
    assert!(rig.deadline().unwrap().0 < MINUTE);
}

#[test]
fn a_sign_out_forgets_and_is_no_surprise() {
    let mut rig = Rig::running();
    assert_eq!(
        brief(&rig.send(Event::SignOutRequested)),
        ["login signed_out", "forget", "running > unauthenticated signed_out"]
    );
    let status = rig.monitor.status();
    assert_eq!((status.usable, status.expires, rig.deadline()), (None, None, None));
    assert_eq!(rig.trigger(Trigger::Asked), [], "there is nothing to try with");
}

#[test]
fn a_sign_out_ends_an_episode_without_a_notice() {
    let mut rig = Rig::retrying();
    assert_eq!(
        brief(&rig.send(Event::SignOutRequested)),
        ["login signed_out @1", "forget", "auth_retrying > unauthenticated signed_out @1"]
    );
    assert_eq!(rig.notices(), []);
}

#[test]
fn a_sign_out_after_years_of_use_is_no_surprise_either() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.succeed();
    rig.send(Event::SignOutRequested);
    assert_eq!(rig.notices(), []);
}

#[test]
fn a_sign_out_changes_the_reason() {
    let mut rig = Rig::past_ceiling();
    let commands = brief(&rig.send(Event::SignOutRequested));
    assert_eq!(commands[2], "unauthenticated > unauthenticated signed_out");
    assert_eq!(brief(&rig.send(Event::SignOutRequested)), ["login signed_out", "forget"], "once more does no harm");
}

#[test]
fn a_sign_out_forgets_everything_that_was_wrong() {
    let mut rig = Rig::running();
    rig.send(Event::ScopeChallenged { scopes: vec!["write".to_owned()] });
    let attempt = rig.until_attempt();
    let answer = oauth(401, "invalid_client");
    rig.send(Event::RenewalFailed { attempt, answer, registered: true, skew: None });
    assert_eq!(rig.codes(), ["registration_lost", "needs_more_access"]);
    rig.send(Event::SignOutRequested);
    assert_eq!(rig.codes(), Vec::<&str>::new());
}

#[test]
fn a_sign_out_while_stopped_is_remembered() {
    let mut rig = Rig::running();
    rig.send(Event::StopRequested);
    assert_eq!(brief(&rig.send(Event::SignOutRequested)), ["login signed_out", "forget"]);
    assert_eq!(rig.phase(), Phase::Stopped);
    rig.send(Event::StartRequested);
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Nothing))), ["starting > unauthenticated signed_out"]);
}

#[test]
fn a_sign_out_while_stopping_waits_no_longer() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.send(Event::StopRequested);
    assert_eq!(brief(&rig.send(Event::SignOutRequested)), ["login signed_out", "forget", "stopping > stopped -"]);
    assert_eq!(rig.succeed(), []);
}

#[test]
fn a_sign_out_drops_the_answer_of_the_attempt_under_way() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.send(Event::SignOutRequested);
    assert_eq!(rig.succeed(), []);
    assert_eq!(rig.cause(), Some(Cause::SignedOut));
}

#[test]
fn an_attempt_under_way_does_not_delay_a_stop_after_a_sign_out() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.send(Event::SignOutRequested);
    rig.send(Event::StopRequested);
    assert_eq!((rig.phase(), rig.deadline()), (Phase::Stopped, None));
    assert_eq!(rig.succeed(), []);
}

#[test]
fn the_person_is_told_again_only_when_something_has_worked_in_between() {
    let refuse = |rig: &mut Rig| {
        let lease = rig.monitor.status().usable.unwrap();
        rig.send(Event::Rejected { lease, replayed: true });
        assert_eq!(rig.cause(), Some(Cause::RefusedByServer));
        rig.notices().len()
    };
    let mut rig = Rig::running();
    assert_eq!(refuse(&mut rig), 1);
    rig.trigger(Trigger::Asked);
    rig.succeed();
    assert_eq!(refuse(&mut rig), 1, "a quiet refresh says nothing of what the server thinks");
    rig.trigger(Trigger::Asked);
    rig.succeed();
    let lease = rig.monitor.status().usable.unwrap();
    rig.send(Event::Accepted { lease });
    assert_eq!(refuse(&mut rig), 2);
    signed_in(&mut rig);
    assert_eq!(refuse(&mut rig), 3);
}

#[test]
fn a_quiet_recovery_from_the_ceiling_clears_the_way_for_the_next_notice() {
    let mut rig = Rig::past_ceiling();
    rig.trigger(Trigger::Asked);
    rig.succeed();
    rig.until_attempt();
    rig.fail(oauth(400, "invalid_grant"));
    assert_eq!(
        rig.notices(),
        [Notice::SignInNeeded { grant: GrantKind::AuthorizationCode, cause: Cause::OAuth("invalid_grant".to_owned()) }]
    );
}
