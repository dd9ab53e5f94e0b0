//! `doctor`, and a start that fails.

use insta::{assert_snapshot, with_settings};
use lamplighter_cli::ExitCode;
use serde_json::{Value, json};

use crate::stage::{Answer, Run, Stage};

/// The run without what differs from machine to machine.
fn told(stage: &Stage, run: &Run) -> String {
    run.to_string().replace(&stage.home.path().display().to_string(), "HOME")
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn write_config(stage: &Stage, text: &str) {
    std::fs::write(stage.home.path().join("config.toml"), text).unwrap();
}

#[tokio::test]
async fn without_an_engine_the_machine_is_looked_at() {
    let mut stage = Stage::empty();
    let port = free_port();
    write_config(&stage, &format!("listen = \"127.0.0.1:{port}\"\nsecret_store = \"memory\"\n"));
    let run = stage.run("doctor").await;
    with_settings!({filters => vec![(r"127\.0\.0\.1:\d+", "ADDRESS")]}, {
        assert_snapshot!(told(&stage, &run));
    });
}

#[tokio::test]
async fn a_port_that_is_taken_and_a_bad_proxy_are_found() {
    let mut stage = Stage::empty();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    write_config(&stage, &format!("listen = \"{address}\"\nsecret_store = \"memory\"\n"));
    stage.environment.insert("HTTPS_PROXY".to_owned(), "gopher://user:hush@proxy".to_owned());
    let run = stage.run("doctor --json").await;
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    let amiss: Vec<&str> = answer["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["ok"] == json!(false))
        .map(|check| check["code"].as_str().unwrap())
        .collect();
    assert_eq!(amiss, ["http", "engine", "port"]);
    assert_eq!(run.code, ExitCode::Failed);
    assert!(!run.stdout.contains("hush"), "a proxy's password is a secret");
}

#[tokio::test]
async fn a_wrong_setting_is_found_and_stops_the_start_with_2() {
    let mut stage = Stage::empty();
    write_config(&stage, "lisen = \"127.0.0.1:4114\"\n");
    let run = stage.run("doctor").await;
    assert_snapshot!("doctor_finds_a_wrong_setting", told(&stage, &run));
    let run = stage.run("serve").await;
    assert_snapshot!("serve_refuses_a_wrong_setting", told(&stage, &run));
    assert_eq!(run.code, ExitCode::Usage);
}

#[tokio::test]
async fn the_running_engine_is_asked() {
    let mut stage = Stage::with_engine().await;
    let checks = json!({"checks": [
        {"code": "secret_store", "ok": true, "title": "Secret store", "text": "Secrets can be read.", "remedy": null},
        {"code": "firewall", "ok": false, "title": "sentry: A firewall answers", "text": "Something answers in its place.",
         "remedy": "Leave the network that filters."},
    ]});
    stage.on("GET /doctor", Answer::Json(200, checks));
    let run = stage.run("doctor").await;
    with_settings!({filters => vec![(r"127\.0\.0\.1:\d+", "ADDRESS")]}, {
        assert_snapshot!(told(&stage, &run));
    });
}

#[tokio::test]
async fn a_clock_that_was_set_back_is_found() {
    let mut stage = Stage::with_engine().await;
    stage.on("GET /doctor", Answer::Json(200, json!({"checks": []})));
    stage.clock.jump_wall(jiff::SignedDuration::from_hours(-3));
    let run = stage.run("doctor").await;
    assert!(run.stdout.contains("✗  Clock"), "{}", run.stdout);
    assert_eq!(run.code, ExitCode::Failed);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_others_may_enter_is_found() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut stage = Stage::empty();
    std::fs::set_permissions(stage.home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = stage.run("doctor").await;
    assert!(told(&stage, &run).contains("Others on this machine may enter HOME. Run `chmod 700 HOME`."));
}
