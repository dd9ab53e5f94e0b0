//! What the upstream does with a lease, and whether it is there.

use lamplighter_core::condition::{Cause, Transport, UpstreamFault};
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::monitor::Wake;
use lamplighter_core::status::Gate;
use lamplighter_core::{Event, LeaseId, Phase};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, brief, offline};

const OUT: UpstreamFault = UpstreamFault::Unreachable(Transport::Unreachable);
const ERROR: UpstreamFault = UpstreamFault::ServerError(500);

fn reject(rig: &mut Rig, replayed: bool) -> Vec<String> {
    let lease = current(rig);
    brief(&rig.send(Event::Rejected { lease, replayed }))
}

fn accept(rig: &mut Rig) {
    let lease = current(rig);
    assert_eq!(rig.send(Event::Accepted { lease }), []);
}

fn current(rig: &Rig) -> LeaseId {
    rig.monitor.status().usable.expect("a usable lease")
}

#[test]
fn a_rejected_lease_is_renewed_once_whoever_reports_it() {
    let mut rig = Rig::running();
    let lease = current(&rig);
    assert_eq!(reject(&mut rig, false), ["renew 1"]);
    let status = rig.monitor.status();
    assert_eq!((status.phase, status.usable, status.gate), (Phase::Running, None, Gate::Wait));
    for replayed in [false, true, false] {
        assert_eq!(rig.send(Event::Rejected { lease, replayed }), []);
    }
    assert_eq!(brief(&rig.succeed()), ["attempt ok -"]);
    assert_ne!(current(&rig), lease);
    assert_eq!(rig.send(Event::Rejected { lease, replayed: false }), [], "an old lease is nobody's");
    assert_eq!(rig.send(Event::Rejected { lease, replayed: true }), []);
}

#[test]
fn a_fresh_lease_that_is_refused_needs_the_person() {
    let mut rig = Rig::running();
    reject(&mut rig, false);
    rig.succeed();
    assert_eq!(
        reject(&mut rig, false),
        ["running > unauthenticated refused_by_server", "notice sign_in_needed", "notify sign-in refused_by_server"]
    );
    assert_eq!((rig.monitor.status().gate, rig.deadline()), (Gate::Refuse, None));
}

#[test]
fn a_lease_that_lay_unused_is_no_longer_fresh_when_it_is_refused() {
    let mut rig = Rig::running();
    reject(&mut rig, false);
    rig.succeed();
    rig.pass(5 * MINUTE);
    assert_eq!(reject(&mut rig, false), ["renew 2"], "it may well have expired: not every server says when");
    rig.succeed();
    rig.pass(5 * MINUTE - SECOND);
    assert_eq!(reject(&mut rig, false)[0], "running > unauthenticated refused_by_server");
}

#[test]
fn a_replay_that_is_refused_needs_the_person() {
    let mut rig = Rig::running();
    reject(&mut rig, false);
    rig.succeed();
    accept(&mut rig);
    assert_eq!(reject(&mut rig, true)[0], "running > unauthenticated refused_by_server");
}

#[test]
fn a_lease_that_was_taken_once_may_be_renewed_again() {
    let mut rig = Rig::running();
    for _ in 0..5 {
        assert_eq!(reject(&mut rig, false).len(), 1);
        rig.succeed();
        accept(&mut rig);
    }
    assert_eq!(rig.phase(), Phase::Running);
}

#[test]
fn a_lease_renewed_ahead_of_time_may_be_rejected_once() {
    let mut rig = Rig::running();
    reject(&mut rig, false);
    rig.succeed();
    rig.until_attempt();
    rig.succeed();
    assert_eq!(reject(&mut rig, false), ["renew 3"], "it did not replace a rejected one");
}

#[test]
fn a_rejection_counts_until_the_lease_is_replaced() {
    let mut rig = Rig::running();
    let lease = current(&rig);
    reject(&mut rig, false);
    rig.send(Event::Accepted { lease });
    assert_eq!(rig.monitor.status().usable, None, "a 401 is believed");
    rig.fail(offline());
    assert_eq!(rig.send(Event::Rejected { lease, replayed: false }), []);
    rig.until_attempt();
    rig.succeed();
    assert_eq!(reject(&mut rig, false)[0], "running > unauthenticated refused_by_server");
}

#[test]
fn a_renewal_for_a_rejection_may_fail_like_any_other() {
    let mut rig = Rig::running();
    reject(&mut rig, false);
    for _ in 0..5 {
        rig.fail(offline());
        if rig.phase() == Phase::Running {
            assert_eq!(rig.monitor.status().gate, Gate::Wait);
            rig.until_attempt();
        }
    }
    let status = rig.monitor.status();
    assert_eq!((status.phase, status.gate, status.usable), (Phase::AuthRetrying, Gate::Refuse, None));
}

#[test]
fn callers_hurry_nothing() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.fail(offline());
    let deadline = rig.deadline();
    assert_eq!(reject(&mut rig, false), Vec::<String>::new());
    assert_eq!((rig.deadline(), rig.monitor.status().gate), (deadline, Gate::Wait));

    let mut rig = Rig::running();
    for _ in 0..5 {
        rig.until_attempt();
        rig.fail(offline());
    }
    let next = rig.monitor.status().next_attempt;
    assert_eq!(reject(&mut rig, false), Vec::<String>::new());
    let status = rig.monitor.status();
    assert_eq!((status.phase, status.gate, status.next_attempt), (Phase::AuthRetrying, Gate::Refuse, next));
}

#[test]
fn a_lease_that_cannot_be_renewed_is_refused_for_good() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    let lease = rig.lease(None, false);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    assert_eq!(rig.codes(), Vec::<&str>::new(), "it has no end that could be told");
    assert_eq!(reject(&mut rig, false)[0], "running > unauthenticated refused_by_server");
    assert_eq!(rig.trigger(Trigger::Asked), []);
}

#[test]
fn a_refused_lease_is_refreshed_quietly_when_the_person_asks() {
    let mut rig = Rig::running();
    reject(&mut rig, true);
    assert_eq!(brief(&rig.trigger(Trigger::Asked)), ["trigger asked", "renew 1"]);
    rig.succeed();
    assert_eq!(rig.phase(), Phase::Running);
    assert_eq!(reject(&mut rig, false)[0], "running > unauthenticated refused_by_server");
}

#[test]
fn three_errors_in_a_row_are_unhealthy() {
    let mut rig = Rig::running();
    for _ in 0..2 {
        assert_eq!(rig.send(Event::UpstreamFailed(ERROR)), []);
    }
    rig.send(Event::UpstreamReached);
    for _ in 0..2 {
        assert_eq!(rig.send(Event::UpstreamFailed(ERROR)), []);
    }
    assert_eq!(brief(&rig.send(Event::UpstreamFailed(ERROR))), ["running > unhealthy server_failing"]);
    rig.send(Event::UpstreamReached);
    assert_eq!(rig.send(Event::UpstreamFailed(ERROR)), [], "counted anew");
}

#[test]
fn an_upstream_out_of_reach_is_unhealthy_at_once() {
    for (fault, code) in [(OUT, "offline"), (UpstreamFault::Tls, "certificate_untrusted")] {
        let mut rig = Rig::open();
        rig.send(Event::UpstreamFailed(fault));
        assert_eq!((rig.phase(), rig.cause()), (Phase::Unhealthy, Some(Cause::Upstream(fault))));
        assert_eq!((rig.codes(), rig.monitor.status().gate), (vec![code], Gate::Open));
    }
}

#[test]
fn an_upstream_is_looked_for_once_a_minute_however_much_fails() {
    let mut rig = Rig::open();
    rig.send(Event::UpstreamFailed(OUT));
    let mut probes = Vec::new();
    let start = rig.now.moment;
    for _ in 0..600 {
        rig.pass(SECOND);
        rig.send(Event::UpstreamFailed(ERROR));
        if rig.monitor.deadline().unwrap().0 <= rig.now.moment {
            assert_eq!(brief(&rig.send(Event::Woken)), ["probe"]);
            probes.push(rig.now.moment.since(start));
        }
    }
    assert_eq!(probes, (1..=10).map(|minutes| minutes * MINUTE).collect::<Vec<_>>());
    assert_eq!(rig.cause(), Some(Cause::Upstream(ERROR)), "the newest fault is shown");
}

#[test]
fn renewal_goes_on_beside_an_unhealthy_upstream() {
    let mut rig = Rig::running();
    rig.pass(HOUR - 6 * MINUTE);
    rig.send(Event::UpstreamFailed(OUT));
    rig.until_attempt();
    assert_eq!(brief(&rig.succeed()), ["attempt ok -"]);
    assert_eq!((rig.phase(), rig.deadline().unwrap().1), (Phase::Unhealthy, Wake::Probe));
}

#[test]
fn trouble_with_the_login_outweighs_an_unhealthy_upstream() {
    let mut rig = Rig::running();
    rig.send(Event::UpstreamFailed(UpstreamFault::Tls));
    for tries in 1..=5 {
        rig.until_attempt();
        let commands = brief(&rig.fail(offline()));
        if tries < 5 {
            assert_eq!((rig.phase(), rig.codes()), (Phase::Unhealthy, vec!["offline", "certificate_untrusted"]));
        } else {
            assert_eq!(commands[1], "unhealthy > auth_retrying dns @1");
        }
    }
    assert_eq!(rig.codes(), ["offline"]);
    assert_eq!(rig.send(Event::UpstreamFailed(OUT)), [], "the login comes first");
    rig.until_attempt();
    rig.succeed();
    assert_eq!(rig.phase(), Phase::Running);
}

#[test]
fn the_same_obstacle_is_said_once() {
    let mut rig = Rig::running();
    rig.send(Event::UpstreamFailed(UpstreamFault::Unreachable(Transport::Dns)));
    rig.until_attempt();
    rig.fail(offline());
    assert_eq!(rig.codes(), ["offline"]);
}

#[test]
fn a_failing_upstream_counts_only_while_the_token_is_fine() {
    let mut rig = Rig::running();
    reject(&mut rig, false);
    assert_eq!(rig.send(Event::UpstreamFailed(OUT)), []);
    assert_eq!(rig.phase(), Phase::Running);
    for mut rig in [Rig::new(), Rig::past_ceiling(), Rig::retrying()] {
        assert_eq!(rig.send(Event::UpstreamFailed(OUT)), []);
        assert_eq!(rig.send(Event::UpstreamReached), []);
    }
}

#[test]
fn an_unhealthy_upstream_that_rejects_has_been_reached() {
    let mut rig = Rig::running();
    rig.send(Event::UpstreamFailed(OUT));
    assert_eq!(brief(&rig.send(Event::UpstreamReached)), ["unhealthy > running -"]);
    assert_eq!(reject(&mut rig, false), ["renew 1"]);
}

#[test]
fn an_unhealthy_workload_stops_and_starts_like_any_other() {
    let mut rig = Rig::open();
    rig.send(Event::UpstreamFailed(OUT));
    assert_eq!(brief(&rig.send(Event::StopRequested)), ["unhealthy > stopped -"]);
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Nothing));
    assert_eq!(rig.phase(), Phase::Running);
}

#[test]
fn a_challenge_finds_an_unhealthy_server_that_wants_a_sign_in() {
    let mut rig = Rig::open();
    rig.send(Event::UpstreamFailed(OUT));
    assert_eq!(brief(&rig.send(Event::Challenged)), ["unhealthy > unauthenticated sign_in_needed"]);
}
