//! Every row of the status table, as whole lists of commands.

use lamplighter_core::condition::{Cause, Transport, UpstreamFault};
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::lease::Attempt;
use lamplighter_core::monitor::Wake;
use lamplighter_core::status::Gate;
use lamplighter_core::{Event, Phase};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, brief, oauth, offline};

#[test]
fn a_monitor_is_born_stopped() {
    let rig = Rig::new();
    let status = rig.monitor.status();
    assert_eq!((status.phase, status.gate, status.usable), (Phase::Stopped, Gate::Refuse, None));
    assert_eq!((status.since, rig.deadline()), (rig.now.wall, None));
}

#[test]
fn starting_to_running_with_a_usable_grant() {
    let mut rig = Rig::new();
    assert_eq!(brief(&rig.send(Event::StartRequested)), ["stopped > starting -", "load"]);
    assert_eq!(rig.monitor.status().gate, Gate::Wait);
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["starting > running -"]);
    let status = rig.monitor.status();
    assert_eq!((status.gate, status.usable, status.expires), (Gate::Open, Some(lease.id), lease.expires_at));
    assert_eq!(rig.deadline().unwrap().1, Wake::Renew);
}

#[test]
fn starting_to_running_by_a_refresh() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    let lease = rig.expired_lease();
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["renew 1"]);
    let status = rig.monitor.status();
    assert_eq!((status.phase, status.gate, status.usable), (Phase::Starting, Gate::Wait, None));
    assert_eq!(brief(&rig.succeed()), ["attempt ok -", "starting > running -"]);
    assert_eq!(rig.monitor.status().last_success, Some(rig.now.wall));
}

#[test]
fn starting_to_running_without_a_grant() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Nothing))), ["starting > running -"]);
    let status = rig.monitor.status();
    assert_eq!((status.gate, status.usable, status.expires), (Gate::Open, None, None));
    assert_eq!(rig.deadline(), None, "the server's word is waited for");
}

#[test]
fn starting_to_unauthenticated_by_a_challenge() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    assert_eq!(rig.send(Event::Challenged), []);
    assert_eq!(rig.phase(), Phase::Starting, "there may be a grant to answer it with");
    assert_eq!(
        brief(&rig.send(Event::Loaded(Loaded::Nothing))),
        ["starting > unauthenticated sign_in_needed"],
        "whoever added it knows"
    );
}

#[test]
fn a_challenge_that_a_stored_grant_answers_changes_nothing() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    rig.send(Event::Challenged);
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["starting > running -"]);
    assert_eq!(rig.send(Event::Challenged), [], "a request that went up before the lease was there");
}

#[test]
fn running_to_unauthenticated_by_a_challenge() {
    let mut rig = Rig::open();
    assert_eq!(brief(&rig.send(Event::Challenged)), ["running > unauthenticated sign_in_needed"]);
    assert_eq!(rig.monitor.status().gate, Gate::Refuse);
    assert_eq!(rig.send(Event::Challenged), []);
    assert_eq!(rig.deadline(), None, "the person is waited for");
}

#[test]
fn starting_to_auth_retrying_when_the_network_is_down() {
    let mut rig = Rig::new();
    let lease = rig.expired_lease();
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    assert_eq!(
        brief(&rig.fail(offline())),
        [
            "attempt transient dns",
            "starting > auth_retrying dns @1",
            "notice auth_retrying @1",
            "notify retrying 1 dns",
        ]
    );
    let status = rig.monitor.status();
    assert_eq!((status.gate, status.cause.clone()), (Gate::Refuse, Some(Cause::Transport(Transport::Dns))));
    assert_eq!(status.ends, Some(rig.now.moment + 24 * HOUR));
    assert_eq!(rig.codes(), ["offline"]);
}

#[test]
fn running_to_auth_retrying_when_the_short_retry_is_spent() {
    let mut rig = Rig::running();
    for attempt in 1..5 {
        assert_eq!(rig.until_attempt(), Attempt(attempt));
        assert_eq!(brief(&rig.fail(offline())), ["attempt transient dns"]);
        assert_eq!((rig.phase(), rig.codes()), (Phase::Running, vec!["offline"]));
    }
    rig.until_attempt();
    assert_eq!(
        brief(&rig.fail(offline())),
        ["attempt transient dns", "running > auth_retrying dns @1", "notice auth_retrying @1", "notify retrying 1 dns",]
    );
    let status = rig.monitor.status();
    assert_eq!((status.gate, status.usable.is_some()), (Gate::Open, true), "the access token is still valid");
}

#[test]
fn running_to_unauthenticated_by_a_permanent_verdict() {
    let mut rig = Rig::running();
    rig.until_attempt();
    assert_eq!(
        brief(&rig.fail(oauth(400, "invalid_grant"))),
        [
            "attempt permanent 400 invalid_grant",
            "retire",
            "running > unauthenticated invalid_grant",
            "notice sign_in_needed",
            "notify sign-in invalid_grant",
        ]
    );
    let status = rig.monitor.status();
    assert_eq!((status.gate, status.usable, status.expires), (Gate::Refuse, None, None));
    for trigger in [Trigger::Woke, Trigger::NetworkChanged, Trigger::Asked] {
        assert_eq!(rig.trigger(trigger), [], "never sent again");
    }
    assert_eq!(rig.deadline(), None);
}

#[test]
fn auth_retrying_to_unauthenticated_by_a_permanent_verdict() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    assert_eq!(
        brief(&rig.fail(oauth(200, "invalid_grant"))),
        [
            "attempt permanent 200 invalid_grant @1",
            "retire",
            "auth_retrying > unauthenticated invalid_grant @1",
            "notice sign_in_needed",
            "notify sign-in invalid_grant",
        ]
    );
}

#[test]
fn starting_to_unauthenticated_by_a_permanent_verdict() {
    let mut rig = Rig::new();
    let lease = rig.expired_lease();
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.fail(oauth(401, "invalid_grant"));
    assert_eq!(rig.phase(), Phase::Unauthenticated);
}

#[test]
fn auth_retrying_to_running_by_a_refresh() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    assert_eq!(
        brief(&rig.succeed()),
        ["attempt ok - @1", "auth_retrying > running - @1", "notice recovered", "notify recovered 1"]
    );
    let status = rig.monitor.status();
    assert_eq!((status.gate, status.cause.clone(), status.ends), (Gate::Open, None, None));
    assert_eq!(rig.codes(), Vec::<&str>::new());
}

#[test]
fn auth_retrying_to_running_by_a_sign_in() {
    let mut rig = Rig::retrying();
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(
        brief(&rig.send(Event::SignedIn { lease, stored: Ok(()) })),
        ["login signed_in @1", "auth_retrying > running - @1", "notice recovered", "notify recovered 1"]
    );
}

#[test]
fn auth_retrying_to_unauthenticated_past_the_ceiling() {
    let mut rig = Rig::retrying();
    let start = rig.now.moment;
    while rig.now.moment.since(start) <= 24 * HOUR {
        assert_eq!(rig.phase(), Phase::AuthRetrying);
        rig.until_attempt();
        if rig.now.moment.since(start) > 24 * HOUR {
            break;
        }
        assert_eq!(brief(&rig.fail(offline())), ["attempt transient dns @1"]);
    }
    assert_eq!(
        brief(&rig.fail(offline())),
        [
            "attempt transient dns @1",
            "auth_retrying > unauthenticated ceiling @1",
            "notice sign_in_needed",
            "notify sign-in ceiling",
        ]
    );
    assert_eq!(rig.deadline(), None, "no more cadence");
}

#[test]
fn an_attempt_made_before_the_ceiling_does_not_end_the_episode_after_it() {
    let mut rig = Rig::retrying();
    let start = rig.now.moment;
    while rig.monitor.deadline().unwrap().0.since(start) < 24 * HOUR - 5 * MINUTE {
        rig.until_attempt();
        rig.fail(offline());
    }
    rig.pass((24 * HOUR - SECOND).saturating_sub(rig.now.moment.since(start)));
    rig.trigger(Trigger::Asked);
    rig.pass(20 * SECOND);
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::AuthRetrying);
    rig.until_attempt();
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::Unauthenticated);
}

#[test]
fn unauthenticated_to_running_by_a_sign_in() {
    let mut rig = Rig::open();
    rig.send(Event::Challenged);
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(
        brief(&rig.send(Event::SignedIn { lease, stored: Ok(()) })),
        ["login signed_in", "unauthenticated > running -"]
    );
    assert_eq!(rig.monitor.status().usable, Some(lease.id));
}

#[test]
fn unauthenticated_to_running_by_a_triggers_quiet_refresh() {
    let mut rig = Rig::past_ceiling();
    assert_eq!(brief(&rig.trigger(Trigger::NetworkChanged)), ["trigger network_changed"]);
    assert_eq!(rig.deadline(), Some((2 * SECOND, Wake::Settle)));
    let attempt = rig.until_attempt();
    assert_eq!(brief(&rig.succeed()), ["attempt ok -", "unauthenticated > running -"], "{attempt:?}");
}

#[test]
fn a_quiet_refresh_that_fails_leaves_it_at_that() {
    let mut rig = Rig::past_ceiling();
    rig.trigger(Trigger::Asked);
    assert_eq!(brief(&rig.fail(offline())), ["attempt transient dns"]);
    assert_eq!((rig.phase(), rig.cause(), rig.deadline()), (Phase::Unauthenticated, Some(Cause::Ceiling), None));
}

#[test]
fn a_quiet_refresh_that_is_refused_changes_the_reason_without_a_notice() {
    let mut rig = Rig::past_ceiling();
    let since = rig.monitor.status().since;
    rig.pass(HOUR);
    rig.trigger(Trigger::Asked);
    assert_eq!(
        brief(&rig.fail(oauth(400, "invalid_grant"))),
        ["attempt permanent 400 invalid_grant", "retire", "unauthenticated > unauthenticated invalid_grant"]
    );
    assert_eq!(rig.monitor.status().since, since);
    assert_eq!(rig.trigger(Trigger::Asked), []);
}

#[test]
fn running_to_unauthenticated_when_the_lease_expires_for_good() {
    let mut rig = Rig::new();
    let lease = rig.lease(Some(HOUR), false);
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    assert_eq!(rig.codes(), ["no_refresh_token"]);
    assert_eq!(rig.deadline(), Some((HOUR, Wake::Expire)));
    assert_eq!(
        brief(&rig.wake().1),
        ["running > unauthenticated no_refresh_token", "notice sign_in_needed", "notify sign-in no_refresh_token",]
    );
    assert_eq!((rig.codes(), rig.deadline()), (vec!["no_refresh_token"], None));
}

#[test]
fn an_expiry_is_noticed_whatever_event_comes_first() {
    let mut rig = Rig::new();
    let lease = rig.lease(Some(HOUR), false);
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.pass(2 * HOUR);
    rig.send(Event::UpstreamReached);
    let status = rig.monitor.status();
    assert_eq!((status.usable, status.gate), (None, Gate::Wait));
    assert_eq!(rig.deadline().unwrap().1, Wake::Expire);
    rig.send(Event::Woken);
    assert_eq!(rig.phase(), Phase::Unauthenticated);
}

#[test]
fn an_expired_grant_that_cannot_be_renewed_needs_the_person() {
    let mut rig = Rig::new();
    let lease = lamplighter_core::Lease { renewable: false, ..rig.expired_lease() };
    rig.send(Event::StartRequested);
    assert_eq!(
        brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))),
        ["starting > unauthenticated no_refresh_token", "notice sign_in_needed", "notify sign-in no_refresh_token",]
    );
}

#[test]
fn a_grant_that_the_server_ended_is_not_tried_again() {
    let mut rig = Rig::new();
    let lease = rig.lease(Some(HOUR), true);
    rig.send(Event::StartRequested);
    assert_eq!(
        brief(&rig.send(Event::Loaded(Loaded::Ended(lease)))),
        ["starting > unauthenticated invalid_grant", "notice sign_in_needed", "notify sign-in invalid_grant"]
    );
    assert_eq!(rig.trigger(Trigger::Asked), []);
}

#[test]
fn running_to_unhealthy_and_back() {
    let mut rig = Rig::running();
    let out = UpstreamFault::Unreachable(Transport::Refused);
    assert_eq!(brief(&rig.send(Event::UpstreamFailed(out))), ["running > unhealthy server_refused"]);
    let status = rig.monitor.status();
    assert_eq!((status.gate, status.usable.is_some()), (Gate::Open, true), "traffic itself may find it back");
    assert_eq!(status.next_attempt, Some(rig.now.moment + MINUTE), "the server is awaited, not the next renewal");
    assert_eq!(rig.deadline(), Some((MINUTE, Wake::Probe)));
    assert_eq!(brief(&rig.wake().1), ["probe"]);
    assert_eq!(rig.deadline(), Some((MINUTE, Wake::Probe)));
    assert_eq!(brief(&rig.send(Event::UpstreamReached)), ["unhealthy > running -"]);
    assert_eq!(rig.send(Event::UpstreamReached), []);
}

#[test]
fn running_with_a_wish_for_more_access() {
    let mut rig = Rig::running();
    let scopes = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let wanted = Event::ScopeChallenged { scopes: scopes(&["write", "admin"]) };
    assert_eq!(brief(&rig.send(wanted.clone())), ["login insufficient_scope"]);
    assert_eq!((rig.phase(), rig.codes()), (Phase::Running, vec!["needs_more_access"]));
    assert!(rig.monitor.status().conditions[0].text.contains("admin, write"));
    assert_eq!(rig.send(wanted), [], "said once");
    rig.send(Event::ScopeChallenged { scopes: scopes(&["more"]) });
    assert!(rig.monitor.status().conditions[0].text.contains("admin, more, write"));
    let lease = rig.lease(Some(HOUR), true);
    rig.send(Event::SignedIn { lease, stored: Ok(()) });
    assert_eq!(rig.codes(), Vec::<&str>::new());
}

#[test]
fn a_wish_for_more_access_is_told_of_a_server_that_has_asked_for_no_sign_in() {
    let mut rig = Rig::open();
    rig.send(Event::ScopeChallenged { scopes: vec!["write".to_owned()] });
    assert_eq!((rig.phase(), rig.codes()), (Phase::Running, vec!["needs_more_access"]));
    let lease = rig.lease(Some(HOUR), true);
    rig.send(Event::SignedIn { lease, stored: Ok(()) });
    assert_eq!(rig.codes(), Vec::<&str>::new());
}

#[test]
fn a_wish_for_more_access_counts_only_while_requests_pass() {
    let wanted = Event::ScopeChallenged { scopes: vec!["write".to_owned()] };
    for mut rig in [Rig::new(), Rig::past_ceiling()] {
        assert_eq!(rig.send(wanted.clone()), []);
        assert_eq!(rig.codes(), Vec::<&str>::new());
    }
}
