//! `login`.

use std::time::Duration;

use insta::assert_snapshot;
use lamplighter_cli::ExitCode;
use lamplighter_engine::ports::Clock as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::stage::{Answer, Stage, problem, workload};

const ADDRESS: &str = "https://auth.example/authorize?state=s";

async fn stage() -> Stage {
    let stage = Stage::with_engine().await;
    let begun = json!({"authorization_url": ADDRESS, "flow": 7});
    stage.on("POST /workloads/linear/login", Answer::Json(202, begun));
    stage.on("POST /workloads/linear/cancel-login", Answer::Json(202, Value::Null));
    stage.on("GET /workloads/linear", Answer::Json(200, workload("linear", json!({}))));
    stage
}

fn ended(signed_in: bool, reason: Option<&str>) -> Answer {
    Answer::Json(200, json!({"workload": "linear", "signed_in": signed_in, "reason": reason}))
}

#[tokio::test]
async fn login_prints_the_address_alone_and_opens_it() {
    let mut stage = stage().await;
    stage.on("GET /workloads/linear/login/7", ended(true, None));
    assert_snapshot!(stage.run("login linear").await);
    assert_eq!(*stage.opened.lock().unwrap(), [ADDRESS]);
    assert_eq!(stage.heard()[0], r#"POST /workloads/linear/login {"force":false,"device":false}"#);
}

#[tokio::test]
async fn login_insists_when_it_is_told_to() {
    let mut stage = stage().await;
    stage.on("GET /workloads/linear/login/7", ended(true, None));
    let _ = stage.run("login linear --force").await;
    assert_eq!(stage.heard()[0], r#"POST /workloads/linear/login {"force":true,"device":false}"#);
}

#[tokio::test]
async fn a_browser_that_does_not_open_is_no_end() {
    let mut stage = stage().await;
    stage.browser = Err("no browser is installed");
    stage.on("GET /workloads/linear/login/7", ended(true, None));
    assert_snapshot!(stage.run("login linear").await);
}

#[tokio::test]
async fn the_refusal_of_this_very_flow_is_1() {
    let mut stage = stage().await;
    stage.on("GET /workloads/linear/login/7", ended(false, Some("the server said access_denied")));
    assert_snapshot!(stage.run("login linear").await);
}

#[tokio::test]
async fn a_login_that_cannot_begin_is_1_and_opens_nothing() {
    let mut stage = Stage::with_engine().await;
    let answer = problem(502, "sign_in_failed", "linear cannot be signed in: its server names no sign-in server", None);
    stage.on("POST /workloads/linear/login", Answer::Json(502, answer));
    assert_snapshot!(stage.run("login linear").await);
    assert_eq!(stage.opened.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn the_time_limit_ends_the_flow_at_the_engine_too() {
    let mut stage = stage().await;
    stage.on("GET /workloads/linear/login/7", Answer::Never);
    let begun = stage.clock.now().moment;
    let (_nobody, run) = stage.begin("login linear --timeout 90s");
    assert_snapshot!(stage.wait_out(run).await);
    assert_eq!(stage.clock.now().moment.since(begun), Duration::from_secs(90));
    assert!(stage.heard().contains(&"POST /workloads/linear/cancel-login".to_owned()));
}

#[tokio::test]
async fn an_interruption_cancels_the_flow_at_the_engine() {
    let mut stage = stage().await;
    stage.on("GET /workloads/linear/login/7", Answer::Never);
    let (interrupt, run) = stage.begin("login linear");
    let run = tokio::spawn(run);
    stage.until_heard("GET /workloads/linear/login/7").await;
    interrupt.send(()).unwrap();
    assert_snapshot!(run.await.unwrap());
    assert!(stage.heard().contains(&"POST /workloads/linear/cancel-login".to_owned()));
}

#[tokio::test]
async fn without_a_browser_a_callback_address_can_be_pasted_and_mistyped() {
    let mut stage = stage().await;
    let (mut keyboard, input) = tokio::io::duplex(1024);
    stage.input = Some(Box::new(input));
    stage.on("GET /workloads/linear/login/7", Answer::Never);
    let refusal = problem(422, "invalid", "that is not an address", Some("paste the whole address"));
    stage.on("POST /callback-paste", Answer::Json(422, refusal)).on("POST /callback-paste", ended(true, None));
    let (interrupt, run) = stage.begin("login linear --no-browser");
    let run = tokio::spawn(run);
    keyboard.write_all(b"\nhttp:/oops\n http://127.0.0.1:4114/callback?code=c&state=s \n").await.unwrap();
    drop(keyboard);
    stage.until_heard(r#"POST /callback-paste {"url":"http://127.0.0.1:4114/callback?code=c&state=s"}"#).await;
    interrupt.send(()).unwrap();
    assert_snapshot!(run.await.unwrap());
    assert_eq!(stage.opened.lock().unwrap().len(), 0, "no browser was opened");
}

/// A sign-in on another device, with these differences in the engine's answer.
async fn on_device(changes: Value) -> Stage {
    let stage = Stage::with_engine().await;
    let mut begun = json!({
        "authorization_url": "https://auth.example/device", "flow": 7,
        "user_code": "WDJB-MJHT", "verification_uri": "https://auth.example/device", "expires_in": 1800,
    });
    begun.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    stage.on("POST /workloads/linear/login", Answer::Json(202, begun));
    stage.on("POST /workloads/linear/cancel-login", Answer::Json(202, Value::Null));
    stage.on("GET /workloads/linear", Answer::Json(200, workload("linear", json!({}))));
    stage
}

#[tokio::test]
async fn on_another_device_the_code_is_told_and_nothing_is_opened() {
    let mut stage = on_device(json!({})).await;
    stage.on("GET /workloads/linear/login/7", ended(true, None));
    assert_snapshot!(stage.run("login linear --device").await);
    assert_eq!(stage.opened.lock().unwrap().len(), 0, "no browser was opened");
    assert_eq!(stage.heard()[0], r#"POST /workloads/linear/login {"force":false,"device":true}"#);
}

#[tokio::test]
async fn on_another_device_the_address_with_the_code_in_it_is_the_one_printed() {
    let complete = "https://auth.example/device?user_code=WDJB-MJHT";
    let mut stage = on_device(json!({"authorization_url": complete, "expires_in": 120})).await;
    let over = "the code has expired before anybody entered it and agreed";
    stage.on("GET /workloads/linear/login/7", ended(false, Some(over)));
    assert_snapshot!(stage.run("login linear --device --no-browser").await);
}

#[tokio::test]
async fn on_another_device_the_time_limit_and_an_interruption_cancel_too() {
    let mut stage = on_device(json!({})).await;
    stage.on("GET /workloads/linear/login/7", Answer::Never);
    let (_nobody, run) = stage.begin("login linear --device --timeout 90s");
    assert_snapshot!(stage.wait_out(run).await);
    let (interrupt, run) = stage.begin("login linear --device");
    let run = tokio::spawn(run);
    stage.until_heard("GET /workloads/linear/login/7").await;
    interrupt.send(()).unwrap();
    assert_eq!(run.await.unwrap().code, ExitCode::Failed);
    let cancels = stage.heard().into_iter().filter(|heard| heard == "POST /workloads/linear/cancel-login").count();
    assert_eq!(cancels, 2);
}

#[tokio::test]
async fn a_server_that_offers_no_other_device_is_1_with_the_way_round() {
    let mut stage = Stage::with_engine().await;
    let detail = "linear cannot be signed in: https://auth.example does not offer to sign in on another device";
    let hint = "use `--no-browser` in place of `--device`: open the address on any machine, and paste the one at which its browser ends";
    let answer = problem(502, "sign_in_failed", detail, Some(hint));
    stage.on("POST /workloads/linear/login", Answer::Json(502, answer));
    assert_snapshot!(stage.run("login linear --device").await);
}

#[tokio::test]
async fn the_end_of_standard_input_is_not_the_end_of_the_wait() {
    let mut stage = stage().await;
    stage.on("GET /workloads/linear/login/7", Answer::Never);
    let (_nobody, run) = stage.begin("login linear --no-browser --timeout 5m");
    let begun = stage.clock.now().moment;
    let run = stage.wait_out(run).await;
    assert_eq!(run.code, ExitCode::Failed);
    assert_eq!(stage.clock.now().moment.since(begun), Duration::from_mins(5));
}

#[tokio::test]
async fn what_is_left_is_shown_live_on_a_terminal() {
    let mut stage = stage().await;
    stage.terminal.live = true;
    stage.on("GET /workloads/linear/login/7", Answer::Never);
    let (_nobody, run) = stage.begin("login linear --timeout 3s");
    let run = stage.wait_out(run).await;
    assert_snapshot!(run.stderr.replace("\r\u{1b}[2K", "<again>"));
}

#[tokio::test]
async fn a_login_after_which_the_server_still_wants_more_is_11() {
    let mut stage = Stage::with_engine().await;
    stage.on("POST /workloads/linear/login", Answer::Json(202, json!({"authorization_url": ADDRESS, "flow": 7})));
    stage.on("GET /workloads/linear/login/7", ended(true, None));
    let more = json!({"code": "needs_more_access", "severity": "error", "title": "", "text": "", "remedy": ""});
    stage.on("GET /workloads/linear", Answer::Json(200, workload("linear", json!({"conditions": [more]}))));
    assert_eq!(stage.run("login linear").await.code, ExitCode::NeedsYou);
}

#[tokio::test]
async fn a_time_limit_that_is_none_is_bad_usage_and_begins_nothing() {
    let mut stage = stage().await;
    assert_snapshot!(stage.run("login linear --timeout 0s").await);
    assert_eq!(stage.heard(), Vec::<String>::new());
}
