//! `logout`, `retry`, `start`, `stop`, `restart`, `rm`.

use insta::assert_snapshot;
use lamplighter_cli::ExitCode;
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, problem, zoo};

#[tokio::test]
async fn orders_are_given_and_confirmed() {
    for (line, request, said) in [
        ("start a", "POST /workloads/a/start", "started a\n"),
        ("stop a", "POST /workloads/a/stop", "stopped a; `lamplighter start a` starts it again\n"),
        ("restart a", "POST /workloads/a/restart", "restarted a; `lamplighter status a` tells how it went\n"),
        ("retry a", "POST /workloads/a/retry", "refreshing a; `lamplighter status a` tells how it went\n"),
    ] {
        let mut stage = Stage::with_engine().await;
        stage.on(request, Answer::Json(202, Value::Null));
        let run = stage.run(line).await;
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (ExitCode::Done, said, ""), "{line}");
        assert_eq!(stage.heard(), [request], "{line}");
    }
}

#[tokio::test]
async fn a_stopped_workload_is_not_said_to_be_refreshed() {
    let mut stage = Stage::with_engine().await;
    let stopped = problem(
        409,
        "not_applicable",
        "attic is stopped, so there is nothing to refresh",
        Some("start it: `lamplighter start attic`"),
    );
    stage.on("POST /workloads/attic/retry", Answer::Json(409, stopped));
    assert_snapshot!(stage.run("retry attic").await);
}

#[tokio::test]
async fn leaving_says_what_became_of_the_login() {
    for (revocation, said) in [
        (json!("revoked"), "revoked at the server, forgotten here"),
        (json!("not_offered"), "forgotten here; the server offers no way to revoke"),
        (json!("nothing_held"), "there was no login to revoke"),
        (json!({"failed": "it answered 500"}), "forgotten here, but the server could not be told: it answered 500"),
    ] {
        let mut stage = Stage::with_engine().await;
        stage.on("POST /workloads/a/logout", Answer::Json(202, json!({"revocation": revocation})));
        stage.on("DELETE /workloads/a", Answer::Json(200, json!({"revocation": revocation})));
        let (out, gone) = (stage.run("logout a").await, stage.run("rm a").await);
        assert_eq!((out.code, out.stdout), (ExitCode::Done, format!("signed out of a: {said}\n")));
        assert_eq!((gone.code, gone.stdout), (ExitCode::Done, format!("removed a: {said}\n")));
    }
}

#[tokio::test]
async fn retry_all_goes_round_everything_that_is_not_stopped() {
    let mut stage = Stage::with_engine().await;
    stage.on("GET /workloads", Answer::Json(200, zoo()));
    for name in ["notion", "linear", "github"] {
        stage.on(&format!("POST /workloads/{name}/retry"), Answer::Json(202, Value::Null));
    }
    let gone = problem(404, "no_such_workload", "no workload is called \"sentry\"", None);
    stage.on("POST /workloads/sentry/retry", Answer::Json(404, gone));
    assert_snapshot!(stage.run("retry --all").await);
    assert!(!stage.heard().iter().any(|request| request.contains("attic")));
}
