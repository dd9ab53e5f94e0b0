//! Moments, readings and the public shape of a status.

use std::time::Duration;

use lamplighter_core::condition::{Cause, Trouble};
use lamplighter_core::config::GrantKind;
use lamplighter_core::status::{Gate, Identity};
use lamplighter_core::{Lease, LeaseId, Moment, Phase, Reading, Status};

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn wall(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn reading() -> Reading {
    Reading { moment: at(10_000), awake: Duration::from_secs(4), wall: wall("2026-11-21T08:00:00.9Z") }
}

#[test]
fn moments_stay_within_what_can_be_told() {
    assert_eq!(at(7).as_millis(), 7);
    assert_eq!(at(10).since(at(4)), Duration::from_millis(6));
    assert_eq!(at(4).since(at(10)), Duration::ZERO);
    assert_eq!(at(4) + Duration::from_millis(6), at(10));
    assert_eq!(at(10) - Duration::from_millis(6), at(4));
    assert_eq!(at(4) - Duration::from_secs(1), at(0));
    assert_eq!(at(4) + Duration::MAX, at(u64::MAX));
    assert_eq!(at(4) - Duration::MAX, at(0));
}

#[test]
fn a_reading_turns_moments_into_wall_clock_times_and_back() {
    let now = reading();
    for (moment, time) in [(at(70_000), "2026-11-21T08:01:00.9Z"), (at(4_000), "2026-11-21T07:59:54.9Z")] {
        assert_eq!(now.wall_at(moment), wall(time));
        assert_eq!(now.moment_at(wall(time)), moment);
    }
    assert_eq!(now.moment_at(wall("2020-01-01T00:00:00Z")), at(0), "before the origin");
    assert_eq!(now.wall_at(at(u64::MAX)), jiff::Timestamp::MAX, "past what a calendar holds");
}

#[test]
fn a_lease_is_valid_until_it_expires() {
    let lease = Lease { id: LeaseId(1), issued_at: at(0), expires_at: Some(at(100)), renewable: true };
    assert!(lease.valid_at(at(99)));
    assert!(!lease.valid_at(at(100)));
    assert!(Lease { expires_at: None, ..lease }.valid_at(at(u64::MAX)));
}

#[test]
fn a_status_is_described_in_words_and_whole_seconds() {
    let cause = Cause::Firewall { status: 403, page: true };
    let condition = Trouble::RegistrationLost.describe("linear", GrantKind::AuthorizationCode);
    let status = Status {
        grant: GrantKind::AuthorizationCode,
        phase: Phase::AuthRetrying,
        cause: Some(cause),
        since: wall("2026-11-21T07:00:00Z"),
        gate: Gate::Refuse,
        usable: None,
        next_attempt: Some(at(70_000)),
        ends: Some(at(3_610_000)),
        expires: None,
        last_success: Some(wall("2026-11-21T06:00:00Z")),
        signing_in: true,
        under_way: false,
        mends_quietly: false,
        conditions: vec![condition.clone()],
    };
    let text = |text: &str| text.to_owned();
    let identity = Identity {
        name: text("linear"),
        url: text("https://mcp.linear.app/mcp"),
        endpoint: text("http://127.0.0.1:4114/linear/mcp"),
        account: Some(text("me@example.com")),
        issuer: Some(text("https://linear.app")),
    };
    let told = serde_json::to_value(status.describe(&identity, &reading())).unwrap();
    let expected = serde_json::json!({
        "name": "linear",
        "url": "https://mcp.linear.app/mcp",
        "endpoint": "http://127.0.0.1:4114/linear/mcp",
        "grant": "authorization_code",
        "status": "auth_retrying",
        "reason_code": "firewall",
        "reason": "the sign-in server answered 403 with a web page",
        "since": "2026-11-21T07:00:00Z",
        "next_attempt_at": "2026-11-21T08:01:00Z",
        "ends_at": "2026-11-21T09:00:00Z",
        "expires_at": null,
        "last_success_at": "2026-11-21T06:00:00Z",
        "account": "me@example.com",
        "issuer": "https://linear.app",
        "signing_in": true,
        "conditions": [condition],
        "remedy": condition.remedy,
    });
    assert_eq!(told, expected);
}
