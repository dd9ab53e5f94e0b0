//! What is said of all workloads at once.

use jiff::Timestamp;
use lamplighter_core::condition::{Cause, Condition, HostTrouble, Obstacle, Severity, StoreFault, Trouble};
use lamplighter_core::config::GrantKind;
use lamplighter_core::status::Workload;
use lamplighter_core::{Phase, Snapshot};

fn workload(name: &str, status: Phase, reason_code: Option<&str>, obstacles: &[Obstacle]) -> Workload {
    let grant = GrantKind::AuthorizationCode;
    let say = |obstacle: &Obstacle| Trouble::InTheWay(*obstacle).describe(name, grant);
    Workload {
        name: name.to_owned(),
        url: format!("https://{name}.example/mcp"),
        endpoint: format!("http://127.0.0.1:4114/{name}/mcp"),
        grant,
        status,
        reason_code: reason_code.map(str::to_owned),
        reason: None,
        since: Timestamp::UNIX_EPOCH,
        next_attempt_at: None,
        ends_at: None,
        expires_at: None,
        last_success_at: None,
        account: None,
        issuer: None,
        signing_in: false,
        conditions: obstacles.iter().map(say).collect(),
        remedy: None,
    }
}

fn trying(obstacle: Obstacle) -> Workload {
    workload("a", Phase::AuthRetrying, Some("dns"), &[obstacle])
}

fn well() -> Workload {
    workload("b", Phase::Running, None, &[])
}

fn codes(workloads: Vec<Workload>) -> Vec<String> {
    Snapshot::new(workloads, &[]).conditions.into_iter().map(|condition| condition.code).collect()
}

#[test]
fn nothing_is_said_where_all_is_well_or_each_has_its_own_trouble() {
    assert_eq!(codes(vec![]), [""; 0]);
    assert_eq!(codes(vec![well()]), [""; 0]);
    assert_eq!(codes(vec![trying(Obstacle::Firewall)]), [""; 0], "a firewall is before one server");
    assert_eq!(codes(vec![trying(Obstacle::Offline), trying(Obstacle::Firewall)]), [""; 0]);
    let refused = workload("c", Phase::Unhealthy, Some("server_refused"), &[]);
    assert_eq!(codes(vec![trying(Obstacle::Offline), refused]), [""; 0], "who is refused is not offline");
    let signed_out = workload("d", Phase::Unauthenticated, Some("signed_out"), &[]);
    assert_eq!(codes(vec![signed_out]), [""; 0]);
}

#[test]
fn what_all_say_who_need_the_network_is_said_of_all() {
    assert_eq!(codes(vec![trying(Obstacle::Offline)]), ["offline"]);
    assert_eq!(codes(vec![trying(Obstacle::CaptivePortal), trying(Obstacle::CaptivePortal)]), ["captive_portal"]);
    let short_retry = workload("e", Phase::Running, Some("dns"), &[Obstacle::Offline]);
    assert_eq!(codes(vec![short_retry.clone()]), ["offline"]);
    assert_eq!(codes(vec![short_retry, trying(Obstacle::CaptivePortal)]), [""; 0]);
    let out_of_it = |status| workload("d", status, None, &[]);
    let aside = [Phase::Unauthenticated, Phase::Stopped, Phase::Error, Phase::PolicyStopped].map(out_of_it);
    let all = || aside.iter().cloned().chain([trying(Obstacle::Offline)]).collect();
    assert_eq!(codes(all()), ["offline"], "who does not need the network says nothing of it");
}

#[test]
fn what_one_of_many_lacks_is_not_said_of_the_machine() {
    for name in ["dns", "unreachable", "server_dns", "server_unreachable"] {
        let behind_a_vpn = workload("a", Phase::Unhealthy, Some(name), &[Obstacle::Offline]);
        assert_eq!(codes(vec![behind_a_vpn.clone(), well(), well()]), [""; 0], "{name}");
        let starting = workload("c", Phase::Starting, None, &[]);
        assert_eq!(codes(vec![behind_a_vpn, starting]), [""; 0], "{name}: the other has not tried yet");
    }
    assert_eq!(codes(vec![trying(Obstacle::CaptivePortal), well()]), [""; 0]);
}

#[test]
fn a_machine_that_found_no_network_is_believed_whoever_still_has_a_good_token() {
    for (status, code) in
        [(Phase::AuthRetrying, "offline"), (Phase::Running, "offline"), (Phase::Unhealthy, "server_offline")]
    {
        let told = workload("a", status, Some(code), &[Obstacle::Offline]);
        assert_eq!(codes(vec![well(), told.clone(), well()]), ["offline"], "{code}");
        assert_eq!(codes(vec![well(), told, trying(Obstacle::Offline)]), ["offline"], "{code}");
    }
}

#[test]
fn a_secret_store_out_of_reach_is_said_once() {
    for fault in [StoreFault::Locked, StoreFault::Absent, StoreFault::Failed] {
        let waiting = || workload("a", Phase::Starting, Some(&Cause::Store(fault).code()), &[]);
        let of_one = Trouble::StoreLocked(fault).describe("a", GrantKind::AuthorizationCode);
        assert_eq!(codes(vec![well(), waiting(), waiting()]), [of_one.code], "as each of them calls it");
    }
}

#[test]
fn the_words_are_those_of_all() {
    let offline = workload("b", Phase::AuthRetrying, Some("offline"), &[Obstacle::Offline]);
    let troubled = vec![workload("a", Phase::Starting, Some("store_locked"), &[]), offline];
    let host = [
        HostTrouble::NoTrayHost,
        HostTrouble::NoNotificationDaemon,
        HostTrouble::NoBrowser,
        HostTrouble::AddressTaken { wanted: "127.0.0.1:4114".parse().unwrap() },
    ];
    let conditions = Snapshot::new(troubled, &host).conditions;
    let told = |condition: &Condition| (condition.code.clone(), condition.severity);
    let told: Vec<(String, Severity)> = conditions.iter().map(told).collect();
    let expected = [
        ("store_locked", Severity::Error),
        ("offline", Severity::Warning),
        ("no_tray_host", Severity::Info),
        ("no_notification_daemon", Severity::Info),
        ("no_browser", Severity::Warning),
        ("address_taken", Severity::Warning),
    ];
    assert_eq!(told, expected.map(|(code, severity)| (code.to_owned(), severity)));
    for Condition { title, text, remedy, .. } in &conditions {
        assert!(!title.ends_with('.') && text.ends_with('.') && remedy.ends_with('.'), "{title} {text} {remedy}");
        assert!(text.matches(". ").count() == 0, "one sentence: {text}");
    }
    assert!(conditions[0].remedy.contains("`lamplighter retry --all`"), "{:?}", conditions[0]);
    assert!(conditions[1].remedy.contains("`lamplighter retry --all`"), "{:?}", conditions[1]);
    assert!(conditions[5].text.contains("127.0.0.1:4114"));
}

#[test]
fn a_snapshot_of_an_older_engine_is_read() {
    let read: Snapshot = serde_json::from_str("{\"workloads\":[]}").unwrap();
    assert_eq!(read, Snapshot::default());
}
