//! A secret store that is locked, absent or failing costs no login.

use lamplighter_core::condition::{Cause, StoreFault};
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::monitor::Wake;
use lamplighter_core::notice::Notice;
use lamplighter_core::status::Gate;
use lamplighter_core::{Event, Phase};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, brief, locked, offline};

/// Running on a lease that could not be saved.
fn unsaved() -> Rig {
    let mut rig = Rig::running();
    let (attempt, lease) = (rig.until_attempt(), rig.lease(Some(24 * HOUR), true));
    rig.story.clear();
    let commands = rig.send(Event::Renewed { attempt, lease, stored: locked(), skew: None });
    assert_eq!(brief(&commands), ["attempt ok -", "store store_locked", "notice not_stored", "notify not-stored"]);
    rig
}

#[test]
fn what_could_not_be_saved_is_served_and_saved_later() {
    let mut rig = unsaved();
    let status = rig.monitor.status();
    assert_eq!((status.phase, status.gate, status.usable.is_some()), (Phase::Running, Gate::Open, true));
    assert_eq!(rig.codes(), ["not_stored"]);
    let (span, wake) = rig.deadline().unwrap();
    assert_eq!(wake, Wake::Store);
    assert!(5 * SECOND <= span && span <= 15 * SECOND, "{span:?}");
    assert_eq!(brief(&rig.wake().1), ["store"]);
    assert_eq!(rig.send(Event::Stored(locked())), [], "the same fault is not news");
    assert_eq!(brief(&rig.wake().1), ["store"]);
    assert_eq!(brief(&rig.send(Event::Stored(Err(StoreFault::Absent)))), ["store store_absent"]);
    assert!(rig.monitor.status().conditions[0].text.contains("no secret store answers"));
    assert_eq!(brief(&rig.wake().1), ["store"]);
    assert_eq!(brief(&rig.send(Event::Stored(Ok(())))), ["store store_ok"]);
    assert_eq!((rig.codes(), rig.notices()), (Vec::<&str>::new(), vec![Notice::NotStored]));
    assert_eq!(rig.deadline().unwrap().1, Wake::Renew);
}

#[test]
fn saving_is_tried_less_and_less_often_and_never_given_up() {
    let mut rig = unsaved();
    let mut longest = SECOND;
    for _ in 0..30 {
        let (span, wake) = rig.deadline().unwrap();
        assert_eq!(wake, Wake::Store);
        assert!(span <= 2 * MINUTE);
        longest = longest.max(span);
        rig.wake();
        rig.send(Event::Stored(locked()));
    }
    assert!(longest >= MINUTE);
}

#[test]
fn a_store_that_does_not_answer_is_asked_again() {
    let mut rig = unsaved();
    rig.wake();
    assert_eq!(rig.deadline(), Some((35 * SECOND, Wake::Store)));
    assert_eq!(rig.wake().1, []);
    let before = rig.deadline().unwrap();
    assert_eq!(rig.send(Event::Stored(Ok(()))), [], "which token it speaks of is not known any more");
    assert_eq!(rig.deadline(), Some(before));
    assert_eq!(brief(&rig.wake().1), ["store"]);
}

#[test]
fn an_answer_about_an_older_token_is_not_believed() {
    let mut rig = unsaved();
    rig.wake();
    rig.trigger(Trigger::Asked);
    let (attempt, lease) = (rig.attempt(), rig.lease(Some(HOUR), true));
    rig.send(Event::Renewed { attempt, lease, stored: locked(), skew: None });
    assert_eq!(rig.send(Event::Stored(Ok(()))), []);
    assert_eq!(rig.codes(), ["not_stored"]);
}

#[test]
fn a_newer_token_that_is_saved_settles_it() {
    let mut rig = unsaved();
    rig.trigger(Trigger::Asked);
    assert_eq!(brief(&rig.succeed()), ["attempt ok -", "store store_ok"]);
    assert_eq!(rig.codes(), Vec::<&str>::new());
    assert_eq!(rig.send(Event::Stored(Ok(()))), []);
    assert_eq!(rig.send(Event::Stored(locked())), []);
    assert_eq!(rig.codes(), Vec::<&str>::new());
}

#[test]
fn each_time_of_not_saving_is_told_once() {
    let mut rig = unsaved();
    for _ in 0..3 {
        rig.trigger(Trigger::Asked);
        let (attempt, lease) = (rig.attempt(), rig.lease(Some(HOUR), true));
        rig.send(Event::Renewed { attempt, lease, stored: locked(), skew: None });
    }
    assert_eq!(rig.notices().len(), 1);
    rig.trigger(Trigger::Asked);
    rig.succeed();
    rig.trigger(Trigger::Asked);
    let (attempt, lease) = (rig.attempt(), rig.lease(Some(HOUR), true));
    rig.send(Event::Renewed { attempt, lease, stored: locked(), skew: None });
    assert_eq!(rig.notices().len(), 2);
}

#[test]
fn a_trigger_saves_at_once() {
    for trigger in [Trigger::Woke, Trigger::NetworkChanged, Trigger::Asked] {
        let mut rig = unsaved();
        assert!(brief(&rig.trigger(trigger)).contains(&"store".to_owned()));
        assert!(!brief(&rig.trigger(trigger)).contains(&"store".to_owned()), "one at a time");
    }
}

#[test]
fn a_sign_in_that_could_not_be_saved_is_kept_the_same_way() {
    let mut rig = Rig::open();
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(
        brief(&rig.send(Event::SignedIn { lease, stored: Err(StoreFault::Failed) })),
        ["login signed_in", "store store_failed", "notice not_stored", "notify not-stored"]
    );
    assert_eq!(rig.codes(), ["not_stored"]);
}

#[test]
fn a_stop_saves_once_more() {
    let mut rig = unsaved();
    assert_eq!(brief(&rig.send(Event::StopRequested)), ["store", "running > stopped -"]);
    assert_eq!(rig.deadline(), None);
    assert_eq!(brief(&rig.send(Event::Stored(Ok(())))), ["store store_ok"]);
    let mut rig = unsaved();
    rig.send(Event::StopRequested);
    rig.send(Event::Stored(locked()));
    assert_eq!(rig.deadline(), None);
}

#[test]
fn what_was_forgotten_need_not_be_saved() {
    for event in [Event::SignOutRequested, Event::RemoveRequested] {
        let mut rig = unsaved();
        rig.send(event);
        assert_eq!((rig.codes(), rig.deadline()), (Vec::<&str>::new(), None));
    }
}

#[test]
fn a_store_that_cannot_be_read_is_tried_again_and_nothing_is_lost() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    assert_eq!(rig.deadline(), Some((35 * SECOND, Wake::Store)));
    let unavailable = |fault| Event::Loaded(Loaded::Unavailable(fault));
    assert_eq!(brief(&rig.send(unavailable(StoreFault::Locked))), ["store store_locked"]);
    let status = rig.monitor.status();
    assert_eq!((status.phase, status.gate), (Phase::Starting, Gate::Wait));
    assert_eq!(status.cause, Some(Cause::Store(StoreFault::Locked)));
    assert_eq!(rig.codes(), ["store_locked"]);
    let (span, wake) = rig.deadline().unwrap();
    assert_eq!(wake, Wake::Store);
    assert_eq!(rig.monitor.status().next_attempt, Some(rig.now.moment + span));
    assert!(5 * SECOND <= span && span <= 15 * SECOND);
    assert_eq!(brief(&rig.wake().1), ["load"]);
    assert_eq!(rig.monitor.status().next_attempt, None);
    assert_eq!(rig.send(unavailable(StoreFault::Locked)), []);
    rig.wake();
    assert_eq!(brief(&rig.send(unavailable(StoreFault::Absent))), ["store store_absent"]);
    rig.wake();
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["store store_ok", "starting > running -"]);
    assert_eq!((rig.codes(), rig.cause()), (Vec::<&str>::new(), None));
}

#[test]
fn reading_is_tried_less_and_less_often() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    let mut spans = Vec::new();
    for _ in 0..20 {
        rig.send(Event::Loaded(Loaded::Unavailable(StoreFault::Locked)));
        spans.push(rig.deadline().unwrap().0);
        rig.wake();
    }
    assert!(spans[0] <= 15 * SECOND && spans.iter().all(|span| *span <= 2 * MINUTE));
    assert!(spans[10..].iter().all(|span| *span >= MINUTE), "{spans:?}");
}

#[test]
fn a_store_that_waits_for_a_person_is_locked() {
    let mut rig = Rig::new();
    rig.send(Event::StartRequested);
    assert_eq!(brief(&rig.wake().1), ["store store_locked"]);
    assert_eq!(rig.codes(), ["store_locked"]);
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(
        brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))),
        ["store store_ok", "starting > running -"],
        "a late answer is as good"
    );
}

#[test]
fn a_trigger_or_a_start_reads_at_once() {
    for event in [
        Event::Triggered(Trigger::Woke),
        Event::Triggered(Trigger::NetworkChanged),
        Event::Triggered(Trigger::Asked),
        Event::StartRequested,
    ] {
        let mut rig = Rig::new();
        rig.send(Event::StartRequested);
        assert_eq!(rig.send(event.clone()), [], "it is being read");
        rig.send(Event::Loaded(Loaded::Unavailable(StoreFault::Locked)));
        assert_eq!(brief(&rig.send(event)).last().unwrap(), "load");
        assert_eq!(rig.deadline(), Some((35 * SECOND, Wake::Store)));
    }
}

#[test]
fn saving_and_reading_may_fall_due_together() {
    let mut rig = unsaved();
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Unavailable(StoreFault::Locked)));
    rig.pass(HOUR / 4);
    let mut commands = brief(&rig.send(Event::Woken));
    commands.sort();
    assert_eq!(commands, ["load", "store"]);
}

#[test]
fn an_episode_and_an_unsaved_token_do_not_hide_each_other() {
    let mut rig = unsaved();
    rig.trigger(Trigger::Asked);
    rig.fail(offline());
    assert_eq!(rig.codes(), ["not_stored", "offline"]);
}
