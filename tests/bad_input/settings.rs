//! Requests of a window that make no sense: settings that cannot be, and things that its engine does not have.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Outcome, Stage};

/// What the control API answers to each of `requests`: the status, and what people read.
async fn answered(stage: &Stage, requests: &[(Method, &str, Value)]) -> Outcome<String> {
    let mut story = String::new();
    for (method, path, body) in requests {
        let answer = stage.api(method.clone(), path, body).await?;
        let problem = answer.json()?;
        let word = |name: &str| problem[name].as_str().unwrap_or("-").to_owned();
        writeln!(story, "{method} {path} {body}\n{} {}", answer.status, word("code"))?;
        writeln!(story, "  {}\n  hint: {}\n  field: {}", word("detail"), word("hint"), word("field"))?;
    }
    Ok(story.replace(&stage.profile().config_dir.display().to_string(), "HOME"))
}

#[tokio::test]
async fn settings_that_cannot_be() -> Outcome {
    let stage = Stage::with("[token]\nauth_retrying_tick_interval = \"20m\"\n").await?;
    let settings = |body: Value| (Method::PATCH, "/settings", body);
    let requests = [
        settings(json!([])),
        settings(json!({"listen": "127.0.0.1:1"})),
        settings(json!({"token": "10m"})),
        settings(json!({"token": {"tick": "10m"}})),
        settings(json!({"token": {"auth_retrying_tick": "10m"}})),
        settings(json!({"token": {"auth_retrying_tick_interval": 10}})),
        settings(json!({"token": {"auth_retrying_tick_interval": ""}})),
        settings(json!({"token": {"auth_retrying_tick_interval": "ten minutes"}})),
        settings(json!({"token": {"auth_retrying_tick_interval": "-10m"}})),
        settings(json!({"token": {"auth_retrying_tick_interval": "1000000h"}})),
        settings(json!({"token": {"auth_retrying_max_elapsed": "10m"}})),
        settings(json!({"token": {"refresh_initial_retry_interval": "3m"}})),
        settings(json!({"token": {"refresh_max_tries": "many"}})),
        settings(json!({"desktop": {"theme": "sepia"}})),
        settings(json!({"desktop": {"theme": 1}})),
        settings(json!({"desktop": {"notification": true}})),
        settings(json!({"desktop": {"notifications": "on"}})),
        settings(json!({"desktop": true})),
    ];
    insta::assert_snapshot!(answered(&stage, &requests).await?);
    Ok(())
}

#[tokio::test]
async fn what_an_engine_without_a_desktop_is_asked_for() -> Outcome {
    let stage = Stage::set().await?;
    let requests = [
        (Method::POST, "/window", json!({})),
        (Method::POST, "/window", json!({"workload": "linear"})),
        (Method::POST, "/window", json!({"screen": "journal"})),
        (Method::POST, "/window", json!({"at": "linear"})),
        (Method::POST, "/simulated-server", json!({})),
        (Method::POST, "/workloads/linear/reauthenticate", json!({})),
        (Method::POST, "/history", json!({})),
        (Method::PUT, "/settings", json!({})),
    ];
    insta::assert_snapshot!(answered(&stage, &requests).await?);
    Ok(())
}
