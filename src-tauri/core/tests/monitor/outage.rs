//! A day without a network, with sleeps in between, in milliseconds.

use std::time::Duration;

use lamplighter_core::config::GrantKind;
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::notice::Notice;
use lamplighter_core::{Event, Moment, Monitor, Phase, Policy};

use crate::rig::{HOUR, MINUTE, Rig, SECOND, dawn, offline, renewal};

/// The network is down for `span`, the machine awake: every attempt takes ten seconds and fails.
fn outage(rig: &mut Rig, span: Duration) {
    let end = rig.now.moment + span;
    while let Some((at, _)) = rig.monitor.deadline().filter(|(at, _)| *at <= end) {
        rig.pass(at.since(rig.now.moment));
        if rig.send(Event::Woken).iter().any(|command| renewal(command).is_some()) {
            rig.pass(10 * SECOND);
            rig.fail(offline());
        }
    }
    rig.pass(end.since(rig.now.moment));
}

/// The network is there for `span`: every attempt succeeds.
fn fair_weather(rig: &mut Rig, span: Duration) {
    let end = rig.now.moment + span;
    while let Some((at, _)) = rig.monitor.deadline().filter(|(at, _)| *at <= end) {
        rig.pass(at.since(rig.now.moment));
        if rig.send(Event::Woken).iter().any(|command| renewal(command).is_some()) {
            rig.succeed();
        }
    }
    rig.pass(end.since(rig.now.moment));
}

#[test]
fn a_day_offline_with_two_nights_of_sleep_costs_no_login() {
    let mut rig = Rig::running();
    fair_weather(&mut rig, 5 * HOUR);
    let down = rig.now.moment;
    outage(&mut rig, 3 * HOUR);
    for _ in 0..2 {
        rig.sleep(9 * HOUR);
        rig.trigger(Trigger::Woke);
        outage(&mut rig, 2 * HOUR);
    }
    assert!(rig.now.moment.since(down) > 24 * HOUR);
    assert_eq!(rig.phase(), Phase::AuthRetrying, "7 of the 24 hours are used");
    let seven_hours_in = rig.monitor.status().ends.unwrap().since(rig.now.moment);
    assert!(16 * HOUR < seven_hours_in && seven_hours_in < 18 * HOUR, "{seven_hours_in:?}");

    let back = rig.now.moment;
    rig.trigger(Trigger::NetworkChanged);
    fair_weather(&mut rig, 10 * SECOND);
    assert_eq!(rig.phase(), Phase::Running);
    assert_eq!(rig.attempts_since(back), [2 * SECOND], "back as soon as the network has settled");
    let first = Notice::Retrying { episode: 1, cause: lamplighter_core::condition::Cause::Transport(dns()) };
    assert_eq!(rig.notices(), [first, Notice::Recovered { episode: 1 }]);

    let attempts = rig.attempts_since(down).len();
    assert!((42..=70).contains(&attempts), "{attempts} attempts in seven hours awake");
    fair_weather(&mut rig, 24 * HOUR);
    assert_eq!((rig.phase(), rig.notices().len()), (Phase::Running, 2));
}

fn dns() -> lamplighter_core::condition::Transport {
    lamplighter_core::condition::Transport::Dns
}

#[test]
fn twenty_changes_within_a_day_of_trouble_cost_their_quick_tries_and_no_more() {
    let mut rig = Rig::retrying();
    let down = rig.now.moment;
    for _ in 0..20 {
        outage(&mut rig, 70 * MINUTE);
        rig.trigger(Trigger::NetworkChanged);
    }
    outage(&mut rig, 39 * MINUTE);
    assert_eq!(rig.phase(), Phase::AuthRetrying, "all day");
    let (attempts, most) = (rig.attempts_since(down).len(), 24 * 60 / 9 + 20 * 4);
    assert!(
        (140..=most).contains(&attempts),
        "{attempts} attempts where a tick may be 9 minutes, and {most} are the most"
    );
}

#[test]
fn a_day_awake_and_offline_ends_at_the_ceiling() {
    let mut rig = Rig::retrying();
    let down = rig.now.moment;
    outage(&mut rig, 24 * HOUR - MINUTE);
    assert_eq!(rig.phase(), Phase::AuthRetrying);
    outage(&mut rig, 12 * MINUTE);
    assert_eq!(rig.phase(), Phase::Unauthenticated);
    let attempts = rig.attempts_since(down).len();
    assert!((130..=165).contains(&attempts), "{attempts}");
    outage(&mut rig, 48 * HOUR);
    assert_eq!(rig.attempts_since(down).len(), attempts, "no more cadence");
    rig.trigger(Trigger::NetworkChanged);
    fair_weather(&mut rig, MINUTE);
    assert_eq!(rig.phase(), Phase::Running, "the refresh token was kept");
}

#[test]
fn a_week_asleep_uses_nothing_of_the_ceiling() {
    let mut rig = Rig::retrying();
    for _ in 0..14 {
        outage(&mut rig, HOUR);
        rig.sleep(11 * HOUR);
    }
    assert_eq!(rig.phase(), Phase::AuthRetrying);
}

#[test]
fn a_month_of_fair_weather_is_uneventful() {
    let mut rig = Rig::running();
    let start = rig.now.moment;
    fair_weather(&mut rig, 30 * 24 * HOUR);
    let attempts = rig.attempts_since(start).len();
    assert!((770..=800).contains(&attempts), "one in 55 minutes: {attempts}");
    assert_eq!((rig.phase(), rig.notices()), (Phase::Running, Vec::new()));
}

#[test]
fn a_thousand_workloads_do_not_knock_at_the_same_second() {
    let mut seconds: Vec<u64> = (0..1000).map(first_tick).collect();
    seconds.sort_unstable();
    let most = seconds.chunk_by(|one, other| one == other).map(<[_]>::len).max().unwrap();
    assert!(most <= 40, "{most} in one second, of 1000 over two minutes");
    assert!(seconds[999] - seconds[0] >= 110);
}

/// The second of the first tick of workload `number`, when all lose the network at once.
fn first_tick(number: u64) -> u64 {
    let now = dawn();
    let mut monitor =
        Monitor::new(&format!("workload-{number}"), GrantKind::AuthorizationCode, Policy::default(), None, now);
    let lease = Rig::new().expired_lease();
    let _ = monitor.handle(Event::StartRequested, now);
    let commands = monitor.handle(Event::Loaded(Loaded::Grant(lease)), now);
    let attempt = commands.iter().find_map(renewal).unwrap();
    let _ = monitor.handle(Event::RenewalFailed { attempt, answer: offline(), registered: false, skew: None }, now);
    let tick: Moment = monitor.deadline().unwrap().0;
    tick.since(now.moment).as_secs()
}
