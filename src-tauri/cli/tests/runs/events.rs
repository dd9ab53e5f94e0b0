//! `events`.

use insta::assert_snapshot;
use lamplighter_cli::ExitCode;
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, problem, workload};

fn row(id: i64, changes: Value) -> Value {
    let mut row = json!({
        "id": id, "time": format!("2026-11-21T08:00:{id:02}Z"), "workload": "sentry", "kind": "status",
        "from": null, "to": null, "verdict": null, "http_status": null, "reason_code": null, "reason": null,
        "detail": null, "episode": null,
    });
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    row.as_object_mut().unwrap().extend(changes);
    row
}

fn rows() -> Vec<Value> {
    vec![
        row(1, json!({"from": "starting", "to": "running"})),
        row(2, json!({"kind": "attempt", "verdict": "ok", "http_status": 200})),
        row(
            3,
            json!({"kind": "attempt", "verdict": "transient", "http_status": 403, "reason_code": "firewall",
                      "reason": "the sign-in server answered 403 with a web page"}),
        ),
        row(
            4,
            json!({"from": "running", "to": "auth_retrying", "reason": "the sign-in server answered 403 with a web page", "episode": 1}),
        ),
        row(5, json!({"kind": "trigger", "reason": "the network changed"})),
        row(6, json!({"kind": "notice", "reason": "sentry is trying again"})),
        row(
            7,
            json!({"kind": "attempt", "verdict": "permanent", "http_status": 400, "reason": "the server ended this login"}),
        ),
        row(8, json!({"from": "auth_retrying", "to": "unauthenticated", "reason": "the server ended this login"})),
        row(9, json!({"kind": "login", "workload": "linear", "reason": "a sign-in was begun"})),
        row(
            10,
            json!({"kind": "store", "workload": "linear", "reason": "the keychain is locked", "detail": "org.freedesktop.Secret.Error.IsLocked"}),
        ),
        row(
            11,
            json!({"kind": "engine", "workload": "", "reason_code": "engine_stopped", "reason": "the engine stopped"}),
        ),
    ]
}

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

#[tokio::test]
async fn events_are_told_in_words() {
    let mut stage = Stage::with_engine().await;
    stage.on("GET /journal", Answer::Json(200, json!({"events": rows()})));
    assert_snapshot!(stage.run("events").await);
}

#[tokio::test]
async fn events_json_is_one_document_with_the_rows_of_the_journal() {
    let mut stage = Stage::with_engine().await;
    stage.on("GET /journal?limit=100000", Answer::Json(200, json!({"events": rows()})));
    let run = stage.run("events --json").await;
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), json!({"events": rows()}));
    assert_eq!((run.stderr.as_str(), run.code), ("", ExitCode::Done));
}

#[tokio::test]
async fn an_empty_journal_says_so_beside_the_answer() {
    let mut stage = Stage::with_engine().await;
    stage.on("GET /journal", Answer::Json(200, json!({"events": []})));
    assert_snapshot!(stage.run("events").await);
}

#[tokio::test]
async fn following_goes_on_where_the_journal_ended_until_the_engine_stops() {
    let mut stage = Stage::with_engine().await;
    let rows = rows();
    stage.on("GET /journal?workload=sentry", Answer::Json(200, json!({"events": rows[..2]})));
    let events = [
        event("snapshot", &json!({"workloads": [workload("sentry", json!({}))]})),
        ": still here\n\n".to_owned(),
        event("journal", &rows[2]),
        event(
            "notice",
            &json!({"id": 1, "title": "t", "body": "b", "workloads": [], "sign_in": null, "urgent": false}),
        ),
        event("journal", &rows[8]),
        event("journal", &rows[3]),
    ];
    stage.on("GET /events", Answer::Events(events.concat()));
    assert_snapshot!(stage.run("events sentry --follow").await);
    assert_eq!(stage.heard(), ["GET /journal?workload=sentry", "GET /events after 2"]);
}

#[tokio::test]
async fn following_as_json_is_one_row_a_line() {
    let mut stage = Stage::with_engine().await;
    stage.on("GET /journal?limit=100000", Answer::Json(200, json!({"events": rows()[..2]})));
    stage.on("GET /events", Answer::Events(event("journal", &rows()[2])));
    let run = stage.run("events --follow --json").await;
    let told: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told, rows()[..3]);
}

#[tokio::test]
async fn following_ends_well_when_it_is_interrupted() {
    let mut stage = Stage::with_engine().await;
    stage.on("GET /journal", Answer::Json(200, json!({"events": []})));
    stage.on("GET /events", Answer::Silence);
    let (interrupt, run) = stage.begin("events --follow");
    let run = tokio::spawn(run);
    stage.until_heard("GET /events").await;
    interrupt.send(()).unwrap();
    let run = run.await.unwrap();
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (ExitCode::Done, "", ""));
}

#[tokio::test]
async fn a_name_without_history_is_4() {
    let mut stage = Stage::with_engine().await;
    let answer = problem(404, "no_such_workload", "no workload is called \"senty\"", Some("did you mean `sentry`?"));
    stage.on("GET /journal?workload=senty", Answer::Json(404, answer));
    assert_snapshot!(stage.run("events senty").await);
}
