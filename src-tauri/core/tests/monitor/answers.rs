//! Answers to an attempt: lost registrations, words said twice, clocks, and answers that come late or never.

use lamplighter_core::condition::StoreFault;
use lamplighter_core::lease::Attempt;
use lamplighter_core::monitor::Wake;
use lamplighter_core::{Event, Phase};

use crate::rig::{HOUR, Rig, SECOND, brief, oauth, offline};

#[test]
fn a_lost_registration_is_forgotten_and_said() {
    for word in ["invalid_client", "unauthorized_client"] {
        let mut rig = Rig::running();
        let attempt = rig.until_attempt();
        let commands =
            rig.send(Event::RenewalFailed { attempt, answer: oauth(401, word), registered: true, skew: None });
        assert_eq!(brief(&commands)[1..3], ["retire", "forget-registration"]);
        assert_eq!(rig.codes(), ["registration_lost"]);
        let lease = rig.lease(Some(HOUR), true);
        rig.send(Event::SignedIn { lease, stored: Ok(()) });
        assert_eq!(rig.codes(), Vec::<&str>::new());
    }
}

#[test]
fn a_client_that_a_person_registered_is_not_forgotten() {
    let mut rig = Rig::running();
    rig.until_attempt();
    assert_eq!(
        brief(&rig.fail(oauth(401, "invalid_client")))[1..3],
        ["retire", "running > unauthenticated invalid_client"]
    );
    assert_eq!(rig.codes(), Vec::<&str>::new());
    let mut rig = Rig::running();
    let attempt = rig.until_attempt();
    let answer = oauth(400, "invalid_grant");
    let commands = rig.send(Event::RenewalFailed { attempt, answer, registered: true, skew: None });
    assert!(!brief(&commands).contains(&"forget-registration".to_owned()));
}

#[test]
fn a_word_is_believed_when_the_very_next_answer_says_it_again() {
    let mut rig = Rig::running();
    for (word, verdict) in [("odd", "transient"), ("other", "transient"), ("other", "permanent")] {
        rig.until_attempt();
        let commands = rig.fail(oauth(400, word));
        assert_eq!(brief(&commands)[0], format!("attempt {verdict} 400 {word}"));
    }
    let mut rig = Rig::running();
    for answer in [oauth(400, "odd"), offline(), oauth(400, "odd")] {
        rig.until_attempt();
        rig.fail(answer);
        assert_eq!(rig.phase(), Phase::Running);
    }
    rig.until_attempt();
    rig.succeed();
    rig.until_attempt();
    rig.fail(oauth(400, "odd"));
    assert_eq!(rig.phase(), Phase::Running, "a success lies between");
}

#[test]
fn a_clock_that_differs_is_said_until_it_agrees() {
    let mut rig = Rig::running();
    let mut answer = |seconds| {
        let attempt = rig.until_attempt();
        let skew = Some(jiff::SignedDuration::from_secs(seconds));
        rig.send(Event::RenewalFailed { attempt, answer: oauth(400, "slow_down"), registered: false, skew });
        rig.codes().contains(&"clock_skewed")
    };
    assert!(!answer(60));
    assert!(answer(61));
    assert!(!answer(-60));
    assert!(answer(-61));
    rig.until_attempt();
    rig.succeed();
    assert_eq!(rig.codes(), ["clock_skewed"], "an answer without a Date tells nothing");
    let (attempt, lease) = (rig.until_attempt(), rig.lease(Some(HOUR), true));
    rig.send(Event::Renewed { attempt, lease, stored: Ok(()), skew: Some(jiff::SignedDuration::ZERO) });
    assert_eq!(rig.codes(), Vec::<&str>::new());
}

#[test]
fn a_stale_answer_changes_nothing() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    let (lease, skew) = (rig.lease(Some(HOUR), true), Some(jiff::SignedDuration::from_hours(1)));
    let before = (rig.monitor.status().clone(), rig.deadline());
    for attempt in [Attempt(0), Attempt(1), Attempt(3), Attempt(99)] {
        let stored = Err(StoreFault::Locked);
        assert_eq!(rig.send(Event::Renewed { attempt, lease, stored, skew }), []);
        let answer = oauth(400, "invalid_grant");
        assert_eq!(rig.send(Event::RenewalFailed { attempt, answer, registered: true, skew }), []);
    }
    assert_eq!((rig.monitor.status().clone(), rig.deadline()), before);
}

#[test]
fn an_attempt_that_a_suspend_interrupts_is_not_given_up_at_once_on_waking() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    rig.pass(SECOND);
    rig.sleep(8 * HOUR);
    assert_eq!(rig.send(Event::Woken), [], "its answer may lie there already");
    assert_eq!(rig.deadline(), Some((10 * SECOND, Wake::GiveUp)));
    rig.succeed();
    assert_eq!(rig.phase(), Phase::Running);
}

#[test]
fn an_attempt_that_is_never_answered_is_a_timeout() {
    let mut rig = Rig::running();
    rig.until_attempt();
    assert_eq!(rig.deadline(), Some((35 * SECOND, Wake::GiveUp)));
    let attempt = rig.attempt();
    assert_eq!(brief(&rig.wake().1), ["attempt transient timeout"]);
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(rig.send(Event::Renewed { attempt, lease, stored: Ok(()), skew: None }), [], "too late");
}
