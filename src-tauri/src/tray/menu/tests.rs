use std::time::Duration;

use jiff::Timestamp;
use lamplighter_core::condition::Severity;
use lamplighter_core::config::GrantKind;
use lamplighter_core::status::Workload;
use lamplighter_core::{Phase, Snapshot};

use super::*;
use crate::tray::samples::{NOON, at, condition, snapshot, workload};

/// The menu at noon, a line each, what a submenu holds behind its line.
fn read(snapshot: &Snapshot) -> Vec<String> {
    lines(&Menu::of(snapshot, at(NOON)).entries)
}

fn lines(entries: &[Entry]) -> Vec<String> {
    let line = |entry: &Entry| match entry {
        Entry::Line(text) => format!("({text})"),
        Entry::Button { text, order } => format!("{text} [{order}]"),
        Entry::Submenu { text, entries } => format!("{text} > {}", lines(entries).join(" · ")),
        Entry::Separator => "--".to_owned(),
    };
    entries.iter().map(line).collect()
}

/// Tried again in `seconds`.
fn retrying(name: &str, seconds: u64) -> Workload {
    let mut workload = workload(name, Phase::AuthRetrying);
    workload.next_attempt_at = Some(at(NOON) + Duration::from_secs(seconds));
    workload.reason = Some("a firewall answered instead of the sign-in server".to_owned());
    workload
}

fn signed_out(name: &str) -> Workload {
    let mut workload = workload(name, Phase::Unauthenticated);
    workload.reason = Some("the server ended this login".to_owned());
    workload
}

#[test]
fn the_first_menu_leads_to_the_first_server() {
    assert_eq!(
        read(&Snapshot::default()),
        [
            "(No servers yet)",
            "--",
            "Add server… [add-server]",
            "Open Lamplighter [open]",
            "Settings… [settings]",
            "--",
            "Quit [quit]",
        ]
    );
}

#[test]
fn problems_come_first_and_the_one_action_that_matters_stands_above_them() {
    let all = snapshot([workload("notion", Phase::Running), retrying("sentry", 352), signed_out("linear")]);
    assert_eq!(
        read(&all),
        [
            "(linear needs you to sign in)",
            "Sign in to linear… [sign-in:linear]",
            "--",
            "! linear — sign-in needed > (The server ended this login.) · Sign in… [sign-in:linear] · \
             Try now [retry:linear] · Copy address [copy-address:linear] · Stop [stop:linear]",
            "~ sentry — next try in 6 min > (A firewall answered instead of the sign-in server.) · \
             Sign in… [sign-in:sentry] · Try now [retry:sentry] · Copy address [copy-address:sentry] · Stop [stop:sentry]",
            "● notion — running > Copy address [copy-address:notion] · Stop [stop:notion]",
            "--",
            "Add server… [add-server]",
            "Open Lamplighter [open]",
            "Settings… [settings]",
            "--",
            "Quit (clients lose 3 servers) [quit]",
        ]
    );
}

#[test]
fn whoever_waits_for_the_browser_is_told_so_and_can_give_up() {
    let mut linear = signed_out("linear");
    linear.signing_in = true;
    let menu = read(&snapshot([linear.clone()]));
    assert_eq!(menu[0], "(linear waits for your browser)");
    assert_eq!(menu[1], "Cancel signing in to linear [cancel-sign-in:linear]");
    assert_eq!(
        menu[3],
        "! linear — waiting for your browser… > (The server ended this login.) · Cancel [cancel-sign-in:linear] · \
         Try now [retry:linear] · Copy address [copy-address:linear] · Stop [stop:linear]"
    );
    let menu = read(&snapshot([linear, signed_out("sentry")]));
    assert_eq!(menu[..2], ["(2 servers need you)", "Sign in to sentry… [sign-in:sentry]"]);
}

#[test]
fn what_matters_is_what_the_grant_can_make_use_of() {
    let by = |grant| {
        let mut workload = signed_out("linear");
        workload.grant = grant;
        read(&snapshot([workload]))[..2].to_vec()
    };
    assert_eq!(by(GrantKind::Bearer), ["(linear needs a new token)", "Show linear… [open:linear]"]);
    assert_eq!(by(GrantKind::ClientCredentials), ["(linear is not signed in)", "Try linear now [retry:linear]"]);
}

#[test]
fn more_access_is_asked_for_like_a_sign_in() {
    let mut linear = workload("linear", Phase::Running);
    let mut wanted = condition("needs_more_access", Severity::Error);
    wanted.title = "More access needed".to_owned();
    linear.conditions.push(wanted);
    let menu = read(&snapshot([linear]));
    assert_eq!(menu[..2], ["(linear: more access needed)", "Sign in to linear… [sign-in:linear]"]);
    assert!(menu[3].starts_with("! linear — more access needed > (This is what needs_more_access means.) · Sign in…"));
}

#[test]
fn what_is_tried_again_can_be_tried_now_alone_or_together() {
    let menu = read(&snapshot([retrying("sentry", 40)]));
    assert_eq!(menu[..2], ["(Trying again: sentry)", "Try sentry now [retry:sentry]"]);
    assert!(menu[3].starts_with("~ sentry — next try in a minute >"), "{}", menu[3]);
    let mut unresolved = retrying("linear", 0);
    unresolved.conditions.push(condition("offline", Severity::Warning));
    let mut all = snapshot([retrying("sentry", 40), unresolved]);
    assert_eq!(read(&all)[..2], ["(Trying again: 2 servers)", "Try all 2 now [retry-all]"]);
    assert!(read(&all)[4].starts_with("~ linear — trying now >"), "{}", read(&all)[4]);
    all.conditions.push(condition("offline", Severity::Warning));
    assert_eq!(read(&all)[..2], ["(Offline: waiting for the network)", "Try all 2 now [retry-all]"]);
}

#[test]
fn what_is_out_of_reach_tells_why_and_when_it_is_tried_again() {
    let mut unhealthy = retrying("sentry", 40);
    unhealthy.status = Phase::Unhealthy;
    unhealthy.reason = Some("the server refused the connection".to_owned());
    let menu = read(&snapshot([unhealthy.clone()]));
    assert_eq!(
        menu[3],
        "~ sentry — out of reach, next try in a minute > (The server refused the connection.) · \
         Sign in… [sign-in:sentry] · Try now [retry:sentry] · Copy address [copy-address:sentry] · Stop [stop:sentry]"
    );
    assert_eq!(changes_at(&snapshot([unhealthy.clone()]), at(NOON)), Some(at(NOON) + Duration::from_secs(40)));
    unhealthy.conditions.push(condition("needs_more_access", Severity::Error));
    let all = snapshot([unhealthy]);
    assert!(read(&all)[3].starts_with("! sentry — needs more access >"), "{}", read(&all)[3]);
    assert_eq!(changes_at(&all, at(NOON)), None, "what asks for the person waits for nothing else");
}

#[test]
fn what_is_stopped_can_be_started_and_costs_nobody_anything() {
    let menu = read(&snapshot([workload("linear", Phase::Stopped)]));
    assert_eq!(
        menu[..3],
        [
            "(All servers are stopped)",
            "--",
            "○ linear — stopped > Copy address [copy-address:linear] · Start [start:linear]"
        ]
    );
    assert_eq!(menu.last().map(String::as_str), Some("Quit [quit]"));
}

#[test]
fn ten_workloads_are_shown_and_the_rest_is_a_click_away() {
    let mut all = snapshot((0..12).map(|number| workload(&format!("server-{number}"), Phase::Running)));
    all.workloads[11] = signed_out("server-11");
    let menu = read(&all);
    let shown = menu.iter().filter(|line| line.contains(" > ")).count();
    assert_eq!(shown, SHOWN);
    assert!(menu[3].starts_with("! server-11"), "{menu:?}");
    assert_eq!(menu[3 + SHOWN], "More… (12 in all) [open]");
}

#[test]
fn what_is_wrong_with_all_of_them_is_the_first_line() {
    let mut all = snapshot([workload("linear", Phase::Running)]);
    let mut locked = condition("store_locked", Severity::Error);
    locked.title = "Secret store out of reach".to_owned();
    all.conditions.push(locked);
    assert_eq!(read(&all)[..2], ["(Secret store out of reach)", "--"]);
    all.workloads.extend([signed_out("notion"), signed_out("sentry")]);
    assert_eq!(read(&all)[..2], ["(Secret store out of reach)", "Try all 2 now [retry-all]"]);
}

#[cfg(target_os = "linux")]
#[test]
fn whatever_an_entry_does_otherwise_than_before_is_a_change_of_the_orders() {
    let alike = |one: &Snapshot, other: &Snapshot| {
        let [one, other] = [one, other].map(|snapshot| Menu::of(snapshot, at(NOON)));
        one.orders() == other.orders()
    };
    let running = snapshot([workload("notion", Phase::Running), workload("linear", Phase::Running)]);
    let swapped = snapshot([workload("linear", Phase::Running), workload("notion", Phase::Running)]);
    assert!(!alike(&running, &swapped));
    assert!(!alike(&snapshot([retrying("a", 9), retrying("b", 9)]), &snapshot([retrying("a", 9), signed_out("b")])));
    let stopped = snapshot([workload("notion", Phase::Running), workload("linear", Phase::Stopped)]);
    assert!(!alike(&running, &stopped), "Start stands where Stop stood");
    assert!(alike(&snapshot([retrying("a", 9)]), &snapshot([retrying("a", 900)])), "only the text is another");
}

#[test]
fn the_next_change_of_a_text_is_when_its_minute_changes_and_no_sooner() {
    let after = |seconds| changes_at(&snapshot([retrying("sentry", seconds)]), at(NOON));
    let in_seconds = |seconds| Some(at(NOON) + Duration::from_secs(seconds));
    assert_eq!(after(352), in_seconds(52));
    assert_eq!(after(300), in_seconds(60));
    assert_eq!(after(60), in_seconds(60));
    assert_eq!(after(0), None);
    assert_eq!(after(3 * 3600), in_seconds(3600));
    assert_eq!(changes_at(&snapshot([workload("notion", Phase::Running)]), at(NOON)), None, "nothing counts down");
}

#[test]
fn a_text_changes_exactly_when_it_was_said_to() {
    let all = snapshot([retrying("sentry", 8000), retrying("linear", 7999)]);
    let mut now = at(NOON);
    let mut changes = 0;
    while let Some(next) = changes_at(&all, now) {
        let just_before = next - Duration::from_millis(1);
        assert_eq!(Menu::of(&all, now), Menu::of(&all, just_before), "between {now} and {next}");
        assert_ne!(Menu::of(&all, now), Menu::of(&all, next), "at {next}");
        now = next;
        changes += 1;
    }
    assert_eq!(changes, 2 * 121, "one for each of the two hours' minutes, and one for the hours");
    assert_eq!(now, Timestamp::from_second(at(NOON).as_second() + 8000).unwrap());
}
