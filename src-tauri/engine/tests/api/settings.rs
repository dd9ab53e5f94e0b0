//! Settings that are read and changed while the engine runs.

use std::time::Duration;

use http::StatusCode;
use lamplighter_core::config::{Config, Desktop, Environment, Theme};
use lamplighter_engine::profile::Profile;
use serde_json::{Value, json};

use crate::stage::Stage;

fn token<'s>(settings: &'s Value, key: &str) -> &'s Value {
    settings["token"].as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap()
}

fn file(stage: &Stage) -> String {
    std::fs::read_to_string(Profile::inside(stage.home.path()).config_file()).unwrap_or_default()
}

fn caller_wait(stage: &Stage, name: &str) -> Duration {
    stage.engine.handle().route(name).unwrap().caller_wait()
}

#[tokio::test]
async fn settings_tell_their_values_their_defaults_and_who_said_them() {
    let stage = Stage::under(&[("TOOLHIVE_TOKEN_REFRESH_MAX_TRIES", "7")], "[token]\ncaller_wait = \"8s\"\n").await;
    let (status, settings) = stage.ask("GET /settings", "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(settings["token"].as_array().unwrap().len(), 9);
    let expected = json!({"key": "caller_wait", "value": "8s", "default": "10s", "source": "file",
        "variable": "LAMPLIGHTER_TOKEN_CALLER_WAIT"});
    assert_eq!(*token(&settings, "caller_wait"), expected);
    let expected = json!({"key": "refresh_max_tries", "value": "7", "default": "5", "source": "environment",
        "variable": "TOOLHIVE_TOKEN_REFRESH_MAX_TRIES"});
    assert_eq!(*token(&settings, "refresh_max_tries"), expected);
    assert_eq!(token(&settings, "trigger_settle")["source"], "default");
    assert_eq!(token(&settings, "refresh_margin")["value"], token(&settings, "refresh_margin")["default"]);
    assert_eq!(settings["desktop"], json!({"notifications": true, "theme": "system"}));
    assert_eq!(settings["listen"], stage.engine.address().to_string());
    assert_eq!(settings["secret_store"], "keychain");
    for name in ["config", "journal", "log", "engine"] {
        assert!(settings["files"][name].as_str().unwrap().starts_with(stage.home.path().to_str().unwrap()), "{name}");
    }
    assert!(settings["version"].is_string());
}

#[tokio::test]
async fn a_change_is_kept_in_the_file_and_holds_at_once() {
    let text = "# Mine.\n[token] # times\n# patience\ncaller_wait = \"8s\" # enough\n";
    let stage = Stage::under(&[], text).await;
    stage.add("plain").await;
    let change = json!({"token": {"caller_wait": "4s", "refresh_max_tries": "3"}, "desktop": {"theme": "dark"}});
    let (status, settings) = stage.ask("PATCH /settings", &change).await;
    assert_eq!(status, StatusCode::OK, "{settings}");
    assert_eq!(
        (&token(&settings, "caller_wait")["value"], &settings["desktop"]["theme"]),
        (&json!("4s"), &json!("dark"))
    );
    assert_eq!(stage.ask("GET /settings", "").await.1, settings);
    assert_eq!(caller_wait(&stage, "plain"), Duration::from_secs(4));
    assert!(
        file(&stage).starts_with("# Mine.\n[token] # times\n# patience\ncaller_wait = \"4s\" # enough\n"),
        "{}",
        file(&stage)
    );
    let kept = Config::parse("config.toml", &file(&stage), &Environment::new()).unwrap();
    assert_eq!((kept.token.max_tries, kept.desktop), (3, Desktop { notifications: true, theme: Theme::Dark }));

    stage.add("later").await;
    assert_eq!(caller_wait(&stage, "later"), Duration::from_secs(4), "those that come later have it too");

    let (_, settings) = stage.ask("PATCH /settings", json!({"token": {"caller_wait": null}})).await;
    assert_eq!(token(&settings, "caller_wait")["source"], "default");
    assert_eq!(caller_wait(&stage, "plain"), Duration::from_secs(10));
    assert!(!file(&stage).contains("caller_wait"), "{}", file(&stage));
}

#[tokio::test]
async fn a_workload_keeps_the_times_of_its_own() {
    let own =
        "[[workload]]\nname = \"own\"\nurl = \"http://127.0.0.1:9/mcp\"\n[workload.token]\ncaller_wait = \"1s\"\n";
    let stage = Stage::under(&[], own).await;
    stage.add("plain").await;
    let (status, problem) = stage.ask("PATCH /settings", json!({"token": {"caller_wait": "2s"}})).await;
    assert_eq!(status, StatusCode::OK, "{problem}");
    assert_eq!(caller_wait(&stage, "own"), Duration::from_secs(1));
    assert_eq!(caller_wait(&stage, "plain"), Duration::from_secs(2));
}

#[tokio::test]
async fn the_tray_app_follows_its_settings() {
    let stage = Stage::new().await;
    let mut desktop = stage.engine.handle().desktop_settings();
    assert_eq!(*desktop.borrow_and_update(), Desktop::default());
    stage.ask("PATCH /settings", json!({"desktop": {"notifications": false}})).await;
    assert!(desktop.has_changed().unwrap());
    assert_eq!(*desktop.borrow_and_update(), Desktop { notifications: false, theme: Theme::System });
    stage.ask("PATCH /settings", json!({"token": {"caller_wait": "2s"}})).await;
    assert!(!desktop.has_changed().unwrap(), "nothing of it has changed");
}

#[tokio::test]
async fn what_the_environment_says_is_not_changed() {
    let stage = Stage::under(&[("LAMPLIGHTER_TOKEN_CALLER_WAIT", "3s")], "").await;
    for value in [json!("4s"), json!(null)] {
        let (status, problem) = stage.ask("PATCH /settings", json!({"token": {"caller_wait": value}})).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("token.caller_wait")));
        assert!(problem["detail"].as_str().unwrap().contains("LAMPLIGHTER_TOKEN_CALLER_WAIT"), "{problem}");
    }
    assert_eq!(file(&stage), "");
}

#[tokio::test]
async fn a_change_that_makes_no_sense_names_its_field_and_changes_nothing() {
    let stage = Stage::new().await;
    for (body, field, words) in [
        (json!({"tokens": {}}), "tokens", "did you mean `token`?"),
        (json!({"token": 7}), "token", "an object"),
        (json!({"token": {"caller_wait": 7}}), "token.caller_wait", "a string"),
        (json!({"token": {"caler_wait": "7s"}}), "token.caler_wait", "caller_wait"),
        (json!({"token": {"caler_wait": null}}), "token.caler_wait", "caller_wait"),
        (json!({"token": {"caller_wait": "soon"}}), "token.caller_wait", "10s"),
        (json!({"token": {"caller_wait": "0s"}}), "token.caller_wait", "above zero"),
        (json!({"token": {"refresh_max_tries": "0"}}), "token.refresh_max_tries", "from 1"),
        (json!({"token": {"auth_retrying_tick_interval": "48h"}}), "token.auth_retrying_tick_interval", "24h"),
        (json!({"token": {"auth_retrying_max_elapsed": "5m"}}), "token.auth_retrying_max_elapsed", "10m"),
        (json!({"desktop": {"theme": "pink"}}), "desktop.theme", "one of system, light, dark"),
        (json!({"desktop": {"thme": "dark"}}), "desktop.thme", "did you mean `theme`?"),
        (json!({"desktop": {"notifications": "yes"}}), "desktop.notifications", "true or false"),
    ] {
        let (status, problem) = stage.ask("PATCH /settings", &body).await;
        let said = problem.to_string();
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}: {said}");
        assert!(said.contains(words), "{body}: {said}");
    }
    assert_eq!(file(&stage), "");
}
