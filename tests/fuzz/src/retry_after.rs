//! `Retry-After` and `Date` of a token endpoint that is busy, each on a line of its own.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use lamplighter_core::config::GrantKind;
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::lease::Attempt;
use lamplighter_core::{Command, Event, Lease, LeaseId, Moment, Monitor, Policy, Reading};
use lamplighter_engine::http::Fetched;
use lamplighter_engine::oauth::read_token_answer;

/// 2026-11-21T08:00:00Z
const DAWN: i64 = 1_795_248_000;

pub(crate) fn retry_after(input: &[u8]) {
    let mut headers = HeaderMap::new();
    for (name, line) in [RETRY_AFTER, DATE].into_iter().zip(input.split(|byte| *byte == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.insert(name, value);
        }
    }
    let wall = Timestamp::from_second(DAWN).unwrap();
    let answer = Fetched { status: StatusCode::SERVICE_UNAVAILABLE, headers, body: None };
    let failure = read_token_answer(&answer, &[], wall).expect_err("no success, no tokens");

    let policy = Policy::default();
    // No tick is jittered by more than a tenth.
    let longest = policy.auth_retrying_tick_interval.mul_f64(1.1);
    let start = Reading { moment: Moment::from_millis(1_000_000_000), awake: Duration::from_mins(1), wall };
    for expired in [true, false] {
        let mut now = start;
        let mut monitor = Monitor::new("linear", GrantKind::AuthorizationCode, policy, None, now);
        let issued_at = now.moment - Duration::from_hours(2);
        let expires_at = Some(if expired { now.moment - Duration::from_hours(1) } else { now.moment + longest * 2 });
        let lease = Lease { id: LeaseId(1), issued_at, expires_at, renewable: true };
        let _ = monitor.handle(Event::StartRequested, now);
        let mut commands = monitor.handle(Event::Loaded(Loaded::Grant(lease)), now);
        if !expired {
            commands = monitor.handle(Event::Triggered(Trigger::Asked), now);
        }
        let mut attempt = renewal(&commands).expect("a refresh begins");
        for _ in 0..4 {
            let (answer, skew) = (failure.answer.clone(), failure.skew);
            let _ = monitor.handle(Event::RenewalFailed { attempt, answer, registered: false, skew }, now);
            let failed = now.moment;
            attempt = loop {
                let (at, wake) = monitor.deadline().expect("it never gives up by itself");
                assert!(at.since(failed) <= longest, "{wake:?} lets wait longer than a tick");
                assert!(at > now.moment, "{wake:?} was not dealt with");
                let span = at.since(now.moment);
                now = Reading { moment: at, awake: now.awake + span, wall: now.wall_at(at) };
                if let Some(attempt) = renewal(&monitor.handle(Event::Woken, now)) {
                    break attempt;
                }
            };
        }
    }
}

fn renewal(commands: &[Command]) -> Option<Attempt> {
    commands.iter().find_map(|command| if let Command::Renew(attempt) = command { Some(*attempt) } else { None })
}
