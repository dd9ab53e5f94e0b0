//! `list`, `status` and `endpoint`.

use insta::assert_snapshot;
use lamplighter_cli::{ExitCode, Terminal};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, problem, workload, zoo};

async fn stage() -> Stage {
    let stage = Stage::with_engine().await;
    stage.on("GET /workloads", Answer::Json(200, zoo()));
    for workload in zoo()["workloads"].as_array().unwrap() {
        let name = workload["name"].as_str().unwrap();
        stage.on(&format!("GET /workloads/{name}"), Answer::Json(200, workload.clone()));
    }
    stage
}

#[tokio::test]
async fn list_tells_states_in_shape_and_words() {
    assert_snapshot!(stage().await.run("list").await);
}

#[tokio::test]
async fn list_all_shows_the_stopped_too() {
    assert_snapshot!(stage().await.run("list --all").await);
}

#[tokio::test]
async fn list_stays_within_a_narrow_terminal() {
    let mut stage = stage().await;
    stage.terminal.width = Some(80);
    let run = stage.run("list").await;
    assert_snapshot!(run);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80));
}

#[tokio::test]
async fn list_repeats_states_in_colour_where_colours_are_shown() {
    let mut stage = stage().await;
    stage.terminal = Terminal { colour: true, ..Terminal::default() };
    assert_snapshot!(stage.run("list").await);
}

#[tokio::test]
async fn list_without_workloads_says_what_comes_first() {
    let mut stage = Stage::with_engine().await;
    stage.on("GET /workloads", Answer::Json(200, json!({"workloads": []})));
    assert_snapshot!(stage.run("list").await);
}

#[tokio::test]
async fn list_says_what_concerns_all() {
    let condition = |code: &str, severity: &str, title: &str| json!({"code": code, "severity": severity, "title": title, "text": "It is so.", "remedy": "Do this."});
    let conditions = [condition("offline", "warning", "Offline"), condition("no_tray_host", "info", "No lamp")];
    let mut stage = Stage::with_engine().await;
    let snapshot = json!({"workloads": [workload("notion", json!({}))], "conditions": conditions});
    stage.on("GET /workloads", Answer::Json(200, snapshot));
    assert_snapshot!(stage.run("list").await);
}

#[tokio::test]
async fn list_json_is_one_document_without_the_stopped() {
    let run = stage().await.run("list --json").await;
    let mut expected = zoo();
    expected["workloads"].as_array_mut().unwrap().pop();
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), expected);
    assert_eq!((run.stderr.as_str(), run.code), ("", ExitCode::Done));
}

#[tokio::test]
async fn list_all_json_is_what_the_engine_says() {
    let run = stage().await.run("list --all --json").await;
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), zoo());
}

#[tokio::test]
async fn status_of_a_workload_that_runs() {
    assert_snapshot!(stage().await.run("status notion").await);
}

#[tokio::test]
async fn status_of_a_workload_that_is_trying_again_is_10() {
    assert_snapshot!(stage().await.run("status sentry").await);
}

#[tokio::test]
async fn status_of_a_workload_that_needs_a_sign_in_is_11() {
    assert_snapshot!(stage().await.run("status linear").await);
}

#[tokio::test]
async fn a_workload_without_a_person_needs_no_sign_in() {
    for (grant, words) in [("bearer", "new token needed"), ("client_credentials", "not signed in")] {
        let mut stage = Stage::with_engine().await;
        let one = workload("a", json!({"grant": grant, "status": "unauthenticated", "remedy": "Do this."}));
        stage.on("GET /workloads/a", Answer::Json(200, one));
        let run = stage.run("status a").await;
        assert!(run.stdout.starts_with(&format!("! a: {words}, ")), "{}", run.stdout);
        assert_eq!(run.code, ExitCode::NeedsYou);
    }
}

#[tokio::test]
async fn status_of_a_workload_that_needs_more_access_is_11() {
    assert_snapshot!(stage().await.run("status github").await);
}

#[tokio::test]
async fn status_json_is_the_object_of_the_api_under_the_same_exit_code() {
    let run = stage().await.run("status sentry --json").await;
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), zoo()["workloads"][1]);
    assert_eq!((run.stderr.as_str(), run.code), ("", ExitCode::TryingAgain));
}

#[tokio::test]
async fn an_unknown_name_is_4_with_the_nearest_one() {
    let mut stage = Stage::with_engine().await;
    let answer = problem(404, "no_such_workload", "no workload is called \"linaer\"", Some("did you mean `linear`?"));
    stage.on("GET /workloads/linaer", Answer::Json(404, answer));
    assert_snapshot!(stage.run("status linaer").await);
}

#[tokio::test]
async fn a_name_with_a_slash_stays_one_segment_of_the_path() {
    let mut stage = Stage::with_engine().await;
    let _ = stage.run("status ../engine").await;
    assert_eq!(stage.heard(), ["GET /workloads/..%2Fengine"]);
}

#[tokio::test]
async fn endpoint_gives_the_address_and_the_header() {
    let mut stage = Stage::with_engine().await;
    let answer = json!({"url": "http://127.0.0.1:4114/notion/mcp", "headers": {"Authorization": "Bearer client-key"}});
    stage.on("GET /workloads/notion/endpoint", Answer::Json(200, answer.clone()));
    assert_snapshot!(stage.run("endpoint notion").await);
    let run = stage.run("endpoint notion --json").await;
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), answer);
}

#[tokio::test]
async fn without_an_engine_every_order_is_3() {
    for line in
        ["list", "status a", "retry --all", "add a https://a.example", "login a", "events", "endpoint a", "rm a"]
    {
        let run = Stage::empty().run(line).await;
        let expected = "error: no engine is running\nhint: start it with `lamplighter serve`\n";
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (ExitCode::NoEngine, "", expected), "{line}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_of_ours_is_a_failure() {
    let mut stage = Stage::with_engine().await;
    stage.on("GET /workloads/a", Answer::Json(200, json!({"name": "a"})));
    stage.on("GET /workloads/b", Answer::Json(500, json!("oops")));
    assert_eq!(stage.run("status a").await.code, ExitCode::Failed);
    assert_snapshot!(stage.run("status b").await);
}

#[tokio::test]
async fn a_sign_in_that_waits_for_the_browser_is_told_as_such() {
    let mut stage = Stage::with_engine().await;
    let waiting = workload("linear", json!({"status": "unauthenticated", "signing_in": true, "next_attempt_at": null}));
    stage.on("GET /workloads", Answer::Json(200, json!({"workloads": [waiting]})));
    assert_snapshot!(stage.run("list").await);
}
