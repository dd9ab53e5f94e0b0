//! Stop and remove: what is drained, what is kept, and what is heard no more.

use lamplighter_core::condition::{Cause, StoreFault, UpstreamFault};
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::monitor::Wake;
use lamplighter_core::status::Gate;
use lamplighter_core::{Event, Phase};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, brief, oauth, offline};

#[test]
fn any_to_stopped_and_removing() {
    let rigs = [
        (Rig::new(), "stopped"),
        (Rig::running(), "running"),
        (Rig::open(), "running"),
        (Rig::past_ceiling(), "unauthenticated"),
    ];
    for (mut rig, phase) in rigs {
        if phase != "stopped" {
            assert_eq!(brief(&rig.send(Event::StopRequested)), [format!("{phase} > stopped -")]);
        }
        assert_eq!(rig.send(Event::StopRequested), []);
        let status = rig.monitor.status();
        assert_eq!((status.gate, status.usable, rig.deadline()), (Gate::Refuse, None, None));
        assert_eq!(brief(&rig.send(Event::RemoveRequested)), ["forget", "stopped > removing -"]);
        assert_eq!(rig.send(Event::RemoveRequested), []);
        assert_eq!(rig.deadline(), None);
    }
}

#[test]
fn an_episode_is_marked_when_it_is_stopped() {
    let mut rig = Rig::retrying();
    rig.pass(MINUTE);
    let commands = rig.send(Event::StopRequested);
    assert_eq!(brief(&commands), ["auth_retrying > stopped - @1"]);
    let lamplighter_core::Command::Record(entry) = &commands[0] else { panic!("{commands:?}") };
    assert_eq!(entry.episode.unwrap().spent, MINUTE);
}

#[test]
fn stopping_waits_for_the_exchange_under_way() {
    let mut rig = Rig::running();
    rig.until_attempt();
    assert_eq!(brief(&rig.send(Event::StopRequested)), ["running > stopping -"]);
    assert_eq!(rig.send(Event::StopRequested), []);
    let status = rig.monitor.status();
    assert_eq!((status.gate, status.usable), (Gate::Refuse, None));
    assert_eq!(rig.deadline(), Some((35 * SECOND, Wake::GiveUp)));
    assert_eq!(brief(&rig.succeed()), ["attempt ok -", "stopping > stopped -"]);
}

#[test]
fn stopping_does_not_wait_for_ever() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.send(Event::StopRequested);
    assert_eq!(brief(&rig.wake().1), ["attempt transient timeout", "stopping > stopped -"]);
    assert_eq!(rig.deadline(), None);
}

#[test]
fn a_verdict_that_comes_while_stopping_is_kept() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.send(Event::StopRequested);
    assert_eq!(
        brief(&rig.fail(oauth(400, "invalid_grant"))),
        ["attempt permanent 400 invalid_grant", "retire", "stopping > stopped -"]
    );
    rig.send(Event::StartRequested);
    let lease = rig.lease(None, true);
    let lease = lamplighter_core::Lease { issued_at: lease.issued_at - HOUR, ..lease };
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    assert_eq!((rig.phase(), rig.cause().unwrap().code()), (Phase::Unauthenticated, "invalid_grant".to_owned()));
}

#[test]
fn a_removed_workload_hears_nothing() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.send(Event::RemoveRequested);
    let (lease, attempt) = (rig.lease(Some(HOUR), true), rig.attempt());
    let events = [
        Event::StartRequested,
        Event::StopRequested,
        Event::SignOutRequested,
        Event::SignInStarted,
        Event::SignInFailed { cause: Cause::SignIn(String::new()) },
        Event::SignedIn { lease, stored: Ok(()) },
        Event::Renewed { attempt, lease, stored: Err(StoreFault::Locked), skew: None },
        Event::Loaded(Loaded::Nothing),
        Event::Triggered(Trigger::Asked),
        Event::Woken,
    ];
    for event in events {
        assert_eq!(rig.send(event.clone()), [], "{event:?}");
        assert_eq!(rig.phase(), Phase::Removing);
    }
}

#[test]
fn a_stopped_workload_hears_nothing_but_a_start_and_sign_ins() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.succeed();
    let lease = rig.monitor.status().usable.unwrap();
    rig.send(Event::StopRequested);
    let attempt = rig.attempt();
    rig.pass(2 * HOUR);
    let events = [
        Event::Rejected { lease, replayed: false },
        Event::Rejected { lease, replayed: true },
        Event::Accepted { lease },
        Event::Challenged,
        Event::ScopeChallenged { scopes: Vec::new() },
        Event::UpstreamFailed(UpstreamFault::Tls),
        Event::UpstreamReached,
        Event::Triggered(Trigger::Asked),
        Event::Triggered(Trigger::Woke),
        Event::Loaded(Loaded::Nothing),
        Event::RenewalFailed { attempt, answer: offline(), registered: false, skew: None },
        Event::Stored(Ok(())),
        Event::Woken,
    ];
    for event in events {
        assert_eq!(rig.send(event.clone()), [], "{event:?}");
        assert_eq!(rig.phase(), Phase::Stopped);
    }
}
