//! `open`: the web UI in a browser.

use insta::assert_snapshot;
use lamplighter_cli::ExitCode;
use serde_json::json;

use crate::stage::{Answer, Stage, problem};

const ADDRESS: &str = "http://127.0.0.1:4114/signin#lamp_once";

async fn stage() -> Stage {
    let stage = Stage::with_engine().await;
    stage.on("POST /session", Answer::Json(201, json!({"address": ADDRESS})));
    stage
}

#[tokio::test]
async fn open_prints_the_address_alone_and_opens_it() {
    let mut stage = stage().await;
    let run = stage.run("open").await;
    let said = (run.code, run.stdout.as_str(), run.stderr.as_str());
    assert_eq!(said, (ExitCode::Done, "http://127.0.0.1:4114/signin#lamp_once\n", ""));
    assert_eq!(*stage.opened.lock().unwrap(), [ADDRESS]);
}

#[tokio::test]
async fn without_a_browser_the_person_opens_it() {
    let mut stage = stage().await;
    assert_snapshot!(stage.run("open --no-browser").await);
    assert!(stage.opened.lock().unwrap().is_empty());
    stage.browser = Err("no browser is here");
    assert_snapshot!(stage.run("open").await);
}

#[tokio::test]
async fn an_engine_without_a_web_ui_says_how_it_gets_one() {
    let mut stage = Stage::with_engine().await;
    let none = problem(409, "no_web_ui", "this build has no web UI", Some("build it with `cargo xtask ui`"));
    stage.on("POST /session", Answer::Json(409, none));
    assert_snapshot!(stage.run("open").await);
    assert_eq!(Stage::empty().run("open").await.code, ExitCode::NoEngine);
}
