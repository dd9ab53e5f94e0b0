//! Restarts: what is remembered goes on, and nothing is begun anew.

use std::time::Duration;

use lamplighter_core::condition::{Cause, StoreFault, Transport};
use lamplighter_core::entry::EpisodeMark;
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::monitor::{Remembered, Wake};
use lamplighter_core::status::Gate;
use lamplighter_core::{Command, Event, Lease, Phase, Policy};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, brief, dawn, oauth, offline};

fn hours_ago(hours: i64) -> jiff::Timestamp {
    dawn().wall.checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap()
}

fn remembered(phase: Phase, cause: Option<Cause>) -> Remembered {
    let last_success = Some(hours_ago(9));
    Remembered { phase, cause, since: hours_ago(5), episode: None, last_success }
}

fn unauthenticated(cause: Cause) -> Rig {
    Rig::with(Policy::default(), Some(remembered(Phase::Unauthenticated, Some(cause))))
}

fn in_episode(spent: Duration) -> Rig {
    let mark = EpisodeMark { number: 7, started_at: hours_ago(5), spent };
    let before = remembered(Phase::AuthRetrying, Some(Cause::Transport(Transport::Dns)));
    Rig::with(Policy::default(), Some(Remembered { episode: Some(mark), ..before }))
}

/// A renewable lease that was issued ten hours ago for nine.
fn old_lease(rig: &mut Rig) -> Lease {
    let lease = rig.lease(None, true);
    Lease { issued_at: rig.now.moment - 10 * HOUR, expires_at: Some(rig.now.moment - HOUR), ..lease }
}

fn load(rig: &mut Rig, loaded: Loaded) -> Vec<String> {
    rig.send(Event::StartRequested);
    brief(&rig.send(Event::Loaded(loaded)))
}

#[test]
fn what_was_unauthenticated_stays_so_without_a_notice() {
    for cause in [Cause::SignInNeeded, Cause::SignedOut, Cause::Ceiling, Cause::NoRefreshToken] {
        let mut rig = unauthenticated(cause.clone());
        let expected = format!("starting > unauthenticated {}", cause.code());
        assert_eq!(load(&mut rig, Loaded::Nothing), [expected]);
        let status = rig.monitor.status();
        assert_eq!((status.cause.clone(), status.since), (Some(cause), hours_ago(5)));
        assert_eq!((status.last_success, status.gate), (Some(hours_ago(9)), Gate::Refuse));
    }
}

#[test]
fn an_ended_grant_keeps_the_word_that_ended_it() {
    let mut rig = unauthenticated(Cause::OAuth("access_denied".to_owned()));
    let lease = old_lease(&mut rig);
    assert_eq!(load(&mut rig, Loaded::Ended(lease)), ["starting > unauthenticated access_denied"]);
    assert_eq!((rig.monitor.status().since, rig.deadline()), (hours_ago(5), None));
}

#[test]
fn a_start_is_a_trigger_past_the_ceiling() {
    let mut rig = unauthenticated(Cause::Ceiling);
    let lease = old_lease(&mut rig);
    assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["starting > unauthenticated ceiling", "renew 1"]);
    assert_eq!(rig.monitor.status().since, hours_ago(5));
    assert_eq!(brief(&rig.fail(offline())), ["attempt transient dns"]);
    assert_eq!((rig.cause(), rig.deadline()), (Some(Cause::Ceiling), None));
    rig.trigger(Trigger::Asked);
    assert_eq!(brief(&rig.succeed()), ["attempt ok -", "unauthenticated > running -"]);
}

#[test]
fn an_ended_refresh_token_is_not_sent_even_where_the_store_forgot_that() {
    let mut rig = unauthenticated(Cause::OAuth("invalid_grant".to_owned()));
    let lease = old_lease(&mut rig);
    assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["retire", "starting > unauthenticated invalid_grant"]);
    assert_eq!(rig.trigger(Trigger::Asked), []);
}

#[test]
fn who_signed_out_is_not_signed_in_again_where_the_store_forgot_that() {
    let mut rig = unauthenticated(Cause::SignedOut);
    let lease = old_lease(&mut rig);
    assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["forget", "starting > unauthenticated signed_out"]);
    assert_eq!(rig.trigger(Trigger::Asked), []);
}

#[test]
fn a_refused_lease_is_not_believed_again_before_it_is_renewed() {
    let mut rig = unauthenticated(Cause::RefusedByServer);
    let lease = Lease { expires_at: None, ..old_lease(&mut rig) };
    assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["starting > unauthenticated refused_by_server", "renew 1"]);
    assert_eq!(rig.monitor.status().usable, None);
}

#[test]
fn a_grant_that_is_newer_than_the_trouble_settles_it() {
    for mut rig in [unauthenticated(Cause::Ceiling), in_episode(HOUR)] {
        let lease = Lease { issued_at: rig.now.moment - 4 * HOUR, ..rig.lease(Some(HOUR), true) };
        assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["starting > running -"]);
    }
}

#[test]
fn a_grant_as_old_as_the_trouble_does_not_settle_it() {
    let mut rig = unauthenticated(Cause::Ceiling);
    let lease = Lease { issued_at: rig.now.moment - 5 * HOUR, ..rig.lease(Some(HOUR), true) };
    assert_eq!(load(&mut rig, Loaded::Grant(lease))[0], "starting > unauthenticated ceiling");
}

#[test]
fn an_episode_goes_on() {
    let mut rig = in_episode(5 * HOUR);
    let lease = old_lease(&mut rig);
    assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["renew 1"]);
    rig.pass(MINUTE);
    let commands = rig.fail(offline());
    assert_eq!(
        brief(&commands),
        ["attempt transient dns @7", "starting > auth_retrying dns @7"],
        "its entry has been told already"
    );
    let Command::Record(entry) = &commands[1] else { panic!("{commands:?}") };
    let mark = entry.episode.unwrap();
    assert_eq!((mark.started_at, mark.spent), (hours_ago(5), 5 * HOUR + MINUTE));
    let status = rig.monitor.status();
    assert_eq!((status.since, status.ends), (hours_ago(5), Some(rig.now.moment + 19 * HOUR - MINUTE)));
    rig.until_attempt();
    assert_eq!(brief(&rig.succeed())[2..], ["notice recovered", "notify recovered 7"]);
}

#[test]
fn an_episode_goes_on_while_its_lease_is_valid() {
    let mut rig = in_episode(MINUTE);
    let lease = Lease { expires_at: Some(rig.now.moment + HOUR), ..old_lease(&mut rig) };
    assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["renew 1"]);
    let status = rig.monitor.status();
    assert_eq!((status.phase, status.usable, status.gate), (Phase::Starting, Some(lease.id), Gate::Open));
    rig.fail(offline());
    assert_eq!((rig.phase(), rig.monitor.status().gate), (Phase::AuthRetrying, Gate::Open));
    let (at, _) = rig.monitor.deadline().unwrap();
    assert!(at.since(rig.now.moment) <= 11 * MINUTE);
    rig.run(49 * MINUTE);
    assert_eq!(rig.monitor.status().usable, Some(lease.id));
}

#[test]
fn a_restart_does_not_skip_the_ceiling_nor_end_at_it_untried() {
    let mut rig = in_episode(25 * HOUR);
    let lease = old_lease(&mut rig);
    load(&mut rig, Loaded::Grant(lease));
    assert_eq!(rig.phase(), Phase::Starting, "one try first");
    assert_eq!(
        brief(&rig.fail(offline())),
        [
            "attempt transient dns @7",
            "starting > unauthenticated ceiling @7",
            "notice sign_in_needed",
            "notify sign-in ceiling",
        ]
    );
}

#[test]
fn the_next_episode_has_the_next_number() {
    let mut rig = in_episode(HOUR);
    let lease = old_lease(&mut rig);
    load(&mut rig, Loaded::Grant(lease));
    rig.succeed();
    let attempts = 5;
    for _ in 0..attempts {
        rig.until_attempt();
        rig.fail(offline());
    }
    assert_eq!(rig.phase(), Phase::AuthRetrying);
    assert!(brief(&rig.send(Event::StopRequested))[0].ends_with("@8"));
}

#[test]
fn an_episode_that_is_over_only_lends_its_number() {
    let mark = EpisodeMark { number: 3, started_at: hours_ago(8), spent: 30 * HOUR };
    let before = Remembered { episode: Some(mark), ..remembered(Phase::Running, None) };
    let mut rig = Rig::with(Policy::default(), Some(before));
    let lease = old_lease(&mut rig);
    load(&mut rig, Loaded::Grant(lease));
    let commands = brief(&rig.fail(offline()));
    assert_eq!(commands[1..3], ["starting > auth_retrying dns @4", "notice auth_retrying @4"]);
}

#[test]
fn an_episode_whose_grant_is_gone_is_over() {
    let mut rig = in_episode(HOUR);
    assert_eq!(load(&mut rig, Loaded::Nothing), ["starting > running -"]);
    let mut rig = in_episode(HOUR);
    let lease = Lease { renewable: false, ..old_lease(&mut rig) };
    assert_eq!(load(&mut rig, Loaded::Grant(lease))[0], "starting > unauthenticated no_refresh_token");
    let mut rig = in_episode(HOUR);
    let lease = Lease { renewable: false, expires_at: None, ..old_lease(&mut rig) };
    assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["starting > running -"]);
    let mut rig = in_episode(HOUR);
    let lease = old_lease(&mut rig);
    assert_eq!(load(&mut rig, Loaded::Ended(lease))[0], "starting > unauthenticated invalid_grant");
}

#[test]
fn who_was_signed_in_once_is_told_when_the_grant_is_gone() {
    let mut rig = Rig::with(Policy::default(), Some(remembered(Phase::Running, None)));
    load(&mut rig, Loaded::Nothing);
    assert_eq!(
        brief(&rig.send(Event::Challenged)),
        ["running > unauthenticated sign_in_needed", "notice sign_in_needed", "notify sign-in sign_in_needed"]
    );
}

#[test]
fn a_stopped_episode_pauses() {
    let mut rig = Rig::retrying();
    rig.pass(HOUR);
    rig.send(Event::StopRequested);
    rig.pass(100 * HOUR);
    let lease = Lease { issued_at: rig.now.moment - 200 * HOUR, ..rig.expired_lease() };
    rig.send(Event::StartRequested);
    rig.pass(MINUTE);
    rig.send(Event::Loaded(Loaded::Unavailable(StoreFault::Locked)));
    rig.pass(MINUTE);
    rig.send(Event::StopRequested);
    rig.pass(100 * HOUR);
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.pass(30 * SECOND);
    rig.send(Event::StopRequested);
    let commands = rig.fail(offline());
    let Command::Record(entry) = &commands[0] else { panic!("{commands:?}") };
    assert_eq!(entry.episode.unwrap().spent, HOUR + 2 * MINUTE + 30 * SECOND);
    rig.pass(100 * HOUR);
    rig.send(Event::StartRequested);
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::AuthRetrying);
    assert_eq!(rig.monitor.status().ends, Some(rig.now.moment + 23 * HOUR - 150 * SECOND));
    assert_eq!(rig.notices(), [], "one entry notice an episode");
}

#[test]
fn a_restart_reloads_then_refreshes() {
    let mut rig = Rig::running();
    let lease = rig.monitor.status().usable;
    assert_eq!(brief(&rig.send(Event::StartRequested)), ["running > starting -", "load"]);
    assert_eq!((rig.monitor.status().usable, rig.monitor.status().gate), (lease, Gate::Open), "served meanwhile");
    assert_eq!(rig.send(Event::StartRequested), [], "one load at a time");
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["starting > running -", "renew 1"]);
    rig.succeed();
    assert_eq!(rig.phase(), Phase::Running);
}

#[test]
fn a_restart_refreshes_only_what_can_be_refreshed() {
    let mut rig = Rig::running();
    rig.send(Event::StartRequested);
    let lease = rig.lease(Some(HOUR), false);
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["starting > running -"]);
}

#[test]
fn what_the_store_says_of_the_lease_held_counts() {
    let mut rig = Rig::running();
    let held = rig.monitor.status().usable.unwrap();
    rig.send(Event::StartRequested);
    let lease = Lease { id: held, ..rig.lease(Some(HOUR), false) };
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["starting > running -"]);
    assert_eq!(rig.deadline(), Some((HOUR, Wake::Expire)), "it is not renewed, it ends");
}

#[test]
fn a_start_after_a_stop_does_not_refresh_what_is_valid() {
    let mut rig = Rig::running();
    let lease = rig.monitor.status().usable.unwrap();
    rig.send(Event::StopRequested);
    rig.send(Event::StartRequested);
    assert_eq!(rig.monitor.status().usable, Some(lease), "served meanwhile");
    let lease = Lease { id: lease, ..rig.lease(Some(HOUR), true) };
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["starting > running -"]);
}

#[test]
fn a_restart_amid_an_episode_goes_on_with_it() {
    let mut rig = Rig::retrying();
    assert_eq!(brief(&rig.send(Event::StartRequested)), ["auth_retrying > starting - @1", "load"]);
    let lease = rig.expired_lease();
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.fail(offline());
    assert_eq!((rig.phase(), rig.notices().len()), (Phase::AuthRetrying, 0));
}

#[test]
fn a_restart_waits_for_the_attempt_under_way() {
    let mut rig = Rig::running();
    rig.until_attempt();
    rig.send(Event::StartRequested);
    assert_eq!(rig.deadline().unwrap().1, Wake::GiveUp);
    let lease = rig.expired_lease();
    assert_eq!(rig.send(Event::Loaded(Loaded::Grant(lease))), [], "never two at a time");
    assert_eq!(brief(&rig.succeed()), ["attempt ok -", "starting > running -"]);
}

#[test]
fn an_attempt_may_end_while_the_store_is_read() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    rig.send(Event::StartRequested);
    assert_eq!(brief(&rig.succeed()), ["attempt ok - @1", "notice recovered", "notify recovered 1"]);
    assert_eq!(rig.phase(), Phase::Starting);
    let lease = rig.lease(Some(HOUR), true);
    assert_eq!(brief(&rig.send(Event::Loaded(Loaded::Grant(lease)))), ["starting > running -", "renew 3"]);

    let mut rig = Rig::running();
    rig.until_attempt();
    rig.send(Event::StartRequested);
    assert_eq!(brief(&rig.fail(offline())), ["attempt transient dns"]);
    assert_eq!(rig.phase(), Phase::Starting);

    let mut rig = Rig::running();
    rig.until_attempt();
    rig.send(Event::StartRequested);
    rig.fail(oauth(400, "invalid_grant"));
    assert_eq!(rig.phase(), Phase::Unauthenticated);
    assert_eq!(rig.send(Event::Loaded(Loaded::Nothing)), [], "too late");
}

#[test]
fn a_stop_may_be_taken_back() {
    let mut rig = Rig::retrying();
    rig.until_attempt();
    rig.send(Event::StopRequested);
    assert_eq!(rig.phase(), Phase::Stopping);
    assert_eq!(brief(&rig.send(Event::StartRequested)), ["stopping > starting - @1", "load"]);
    let lease = rig.expired_lease();
    rig.send(Event::Loaded(Loaded::Grant(lease)));
    rig.fail(offline());
    assert_eq!(rig.phase(), Phase::AuthRetrying);
}

#[test]
fn a_refresh_that_was_stopped_at_the_start_is_begun_again() {
    let mut rig = Rig::new();
    let lease = rig.expired_lease();
    load(&mut rig, Loaded::Grant(lease));
    rig.send(Event::StopRequested);
    assert_eq!(brief(&rig.fail(offline())), ["attempt transient dns", "stopping > stopped -"]);
    assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["renew 2"]);
}

#[test]
fn a_lease_that_expires_while_it_is_reloaded_stops_passing() {
    for renewable in [true, false] {
        let mut rig = Rig::new();
        let lease = rig.lease(Some(10 * SECOND), renewable);
        load(&mut rig, Loaded::Grant(lease));
        rig.send(Event::StartRequested);
        assert_eq!(rig.deadline(), Some((10 * SECOND, Wake::Expire)));
        assert_eq!(rig.wake().1, []);
        let status = rig.monitor.status();
        assert_eq!((status.phase, status.usable, status.gate), (Phase::Starting, None, Gate::Wait));
        assert_eq!(rig.deadline().unwrap().1, Wake::Store);
    }
}

#[test]
fn a_phase_that_says_nothing_of_the_grant_is_not_gone_back_to() {
    for phase in [Phase::Running, Phase::Unhealthy, Phase::Stopped, Phase::Starting, Phase::Error] {
        let mut rig = Rig::with(Policy::default(), Some(remembered(phase, Some(Cause::Ceiling))));
        assert_eq!(load(&mut rig, Loaded::Nothing), ["starting > running -"]);
    }
    let mut rig = Rig::with(Policy::default(), Some(remembered(Phase::AuthRetrying, None)));
    assert_eq!(load(&mut rig, Loaded::Nothing), ["starting > running -"], "no mark, no episode");
}

#[test]
fn a_rejected_lease_is_not_believed_again_after_a_restart() {
    let mut rig = Rig::running();
    let lease = Lease { id: rig.monitor.status().usable.unwrap(), ..rig.lease(Some(HOUR), true) };
    rig.send(Event::Rejected { lease: lease.id, replayed: false });
    rig.fail(offline());
    rig.send(Event::StopRequested);
    assert_eq!(load(&mut rig, Loaded::Grant(lease)), ["renew 2"]);
    assert_eq!((rig.phase(), rig.monitor.status().usable), (Phase::Starting, None));
}
