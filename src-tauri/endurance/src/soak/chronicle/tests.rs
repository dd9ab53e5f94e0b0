use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Chronicle, Deeds, judge};

/// Rows of one workload, numbered from 1.
fn told(rows: &[Value], deeds: Deeds) -> Chronicle {
    let row = |(index, row): (usize, &Value)| {
        let mut row = row.clone();
        row["id"] = json!(index + 1);
        row["workload"] = json!("tools");
        row
    };
    let rows: Vec<_> = rows.iter().enumerate().map(row).collect();
    judge(&rows, &BTreeMap::from([("tools".to_owned(), deeds)]))
}

fn status(from: &str, to: &str) -> Value {
    json!({ "kind": "status", "from": from, "to": to })
}

fn within(episode: u64, mut row: Value) -> Value {
    row["episode"] = json!(episode);
    row
}

fn saying(reason: &str, mut row: Value) -> Value {
    row["reason_code"] = json!(reason);
    row
}

fn notice(reason: &str) -> Value {
    saying(reason, json!({ "kind": "notice" }))
}

fn signed_in() -> Value {
    saying("signed_in", json!({ "kind": "login" }))
}

/// A login, and an outage that begins.
fn until_trouble() -> Vec<Value> {
    vec![
        status("stopped", "starting"),
        signed_in(),
        status("starting", "running"),
        within(1, status("running", "auth_retrying")),
        within(1, notice("auth_retrying")),
    ]
}

fn a_whole_episode() -> Vec<Value> {
    let end = [within(1, status("auth_retrying", "running")), notice("recovered")];
    until_trouble().into_iter().chain(end).collect()
}

#[test]
fn an_outage_that_passes_breaks_nothing() {
    let chronicle = told(&a_whole_episode(), Deeds::default());
    assert!(chronicle.broken.is_empty(), "{:?}", chronicle.broken);
    assert_eq!((chronicle.episodes, chronicle.recovered, chronicle.lost), (1, 1, 0));
    assert_eq!(chronicle.sorts["status running"], 2);
}

#[test]
fn an_episode_may_be_interrupted_by_a_stop_and_is_told_once() {
    let mut rows = until_trouble();
    rows.extend([
        within(1, status("auth_retrying", "stopped")),
        within(1, status("stopped", "starting")),
        within(1, status("starting", "auth_retrying")),
        within(1, status("auth_retrying", "running")),
        notice("recovered"),
    ]);
    let chronicle = told(&rows, Deeds::default());
    assert!(chronicle.broken.is_empty(), "{:?}", chronicle.broken);
    assert_eq!(chronicle.episodes, 1);
}

#[test]
fn a_removed_workload_begins_anew() {
    let mut rows = a_whole_episode();
    rows.push(status("running", "removing"));
    rows.extend(a_whole_episode());
    let chronicle = told(&rows, Deeds::default());
    assert!(chronicle.broken.is_empty(), "{:?}", chronicle.broken);
    assert_eq!(chronicle.episodes, 2);
}

#[test]
fn what_people_cut_short_is_no_recovery() {
    let mut rows = until_trouble();
    rows.push(within(1, status("auth_retrying", "removing")));
    let chronicle = told(&rows, Deeds::default());
    assert!(chronicle.broken.is_empty(), "{:?}", chronicle.broken);
    assert_eq!((chronicle.episodes, chronicle.recovered, chronicle.cut_short), (1, 0, 1));
}

#[test]
fn every_broken_promise_is_seen() {
    let without = |index: usize| {
        let mut rows = a_whole_episode();
        rows.remove(index);
        rows
    };
    let with = |row: Value| a_whole_episode().into_iter().chain([row]).collect::<Vec<_>>();
    let mut with_silence = until_trouble();
    with_silence.push(status("auth_retrying", "running"));
    let cases = [
        ("it was starting", without(2)),
        ("nothing was told that has recovered", without(4)),
        ("nobody was told that episode 1 is over", without(6)),
        ("this episode was told before", with(within(1, notice("auth_retrying")))),
        ("nothing was told that has recovered", with(notice("recovered"))),
        ("running is not followed by starting", with(status("running", "starting"))),
        ("an episode is over that has not ended", with_silence),
        ("episode 1 came before", with(within(1, status("running", "auth_retrying")))),
        ("it was signed in", with(saying("sign_in_needed", status("running", "unauthenticated")))),
        (
            "1 logins ended, and 0 grants were revoked",
            with(saying("invalid_grant", status("running", "unauthenticated"))),
        ),
    ];
    for (why, rows) in cases {
        let broken = told(&rows, Deeds::default()).broken;
        assert!(broken.first().is_some_and(|first| first.contains(why)), "{why}: {broken:?}");
    }
    let untold = told(&until_trouble()[..4], Deeds::default()).broken;
    assert_eq!(untold, ["tools: nobody was told of episode 1"]);
}

#[test]
fn a_login_that_was_taken_away_is_not_lost() {
    let mut rows = a_whole_episode();
    rows.push(saying("invalid_grant", status("running", "unauthenticated")));
    let revoked = Deeds { revocations: 1, ..Deeds::default() };
    assert!(told(&rows, revoked).broken.is_empty());
    rows.extend([signed_in(), status("unauthenticated", "running")]);
    rows.push(saying("signed_out", json!({ "kind": "login" })));
    rows.push(saying("signed_out", status("running", "unauthenticated")));
    assert!(told(&rows, revoked).broken.is_empty(), "nor one that the person gave up");
}

#[test]
fn a_gap_is_seen() {
    let rows = [json!({ "id": 1, "workload": "tools", "kind": "trigger" }), json!({ "id": 3, "workload": "tools" })];
    assert_eq!(judge(&rows, &BTreeMap::new()).broken.len(), 1);
}
