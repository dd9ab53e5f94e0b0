//! `add`.

use insta::assert_snapshot;
use lamplighter_cli::ExitCode;
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, problem, workload};

fn added(look: &Value) -> Answer {
    Answer::Json(201, workload("linear", json!({"look": look, "asks": null})))
}

async fn stage(answer: Answer) -> Stage {
    let stage = Stage::with_engine().await;
    stage.on("POST /workloads", answer);
    stage
}

/// The body of the one request that was made.
fn request(stage: &Stage) -> Value {
    let heard = stage.heard();
    let [request] = heard.as_slice() else { panic!("{heard:?}") };
    let fields: Value = serde_json::from_str(request.strip_prefix("POST /workloads ").unwrap()).unwrap();
    let Value::Object(fields) = fields else { panic!("{fields}") };
    let said = fields.into_iter().filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)));
    said.filter(|(_, value)| *value != json!([]) && *value != json!({})).collect()
}

#[tokio::test]
async fn add_says_what_the_server_asks_for_and_the_next_command() {
    for (look, snapshot) in [
        (json!("sign_in_needed"), "sign_in_needed"),
        (json!("open"), "open"),
        (json!({"unreachable": "no such host"}), "unreachable"),
    ] {
        let mut stage = stage(added(&look)).await;
        assert_snapshot!(snapshot, stage.run("add linear https://mcp.linear.example/mcp").await);
        assert_eq!(stage.opened.lock().unwrap().len(), 0, "add never opens a browser");
    }
}

#[tokio::test]
async fn add_names_the_sign_in_server_and_the_scopes() {
    for (scopes, snapshot) in [(json!(["read", "write"]), "asks"), (json!([]), "asks_without_scopes")] {
        let asks = json!({"issuer": "https://auth.linear.example", "scopes": scopes});
        let answer = workload("linear", json!({"look": "sign_in_needed", "asks": asks}));
        assert_snapshot!(
            snapshot,
            stage(Answer::Json(201, answer)).await.run("add linear https://a.example/mcp").await
        );
    }
}

#[tokio::test]
async fn add_says_what_became_of_the_token() {
    let remedy = "To give a new token, remove this server and add it again.";
    let refused = json!({"status": "unauthenticated", "remedy": remedy});
    let retrying = json!({"grant": "client_credentials", "status": "auth_retrying",
        "reason": "the sign-in server did not answer in time", "remedy": "Nothing to do: it is tried again by itself."});
    for (look, changes, snapshot) in [
        ("token_accepted", json!({}), "token_accepted"),
        ("token_refused", refused, "token_refused"),
        ("token_unverified", json!({}), "token_unverified"),
        ("sign_in_needed", retrying, "no_token_yet"),
    ] {
        let mut answer = workload("linear", json!({"grant": "bearer", "look": look, "asks": null}));
        answer.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let run = stage(Answer::Json(201, answer)).await.run("add linear https://a.example/mcp --grant bearer").await;
        assert_snapshot!(snapshot, run);
    }
}

#[tokio::test]
async fn add_sends_what_was_given_and_nothing_else() {
    let mut stage = stage(added(&json!("open"))).await;
    let _ = stage.run("add linear https://a.example/mcp").await;
    assert_eq!(request(&stage), json!({"name": "linear", "url": "https://a.example/mcp"}));
}

#[tokio::test]
async fn add_sends_every_option() {
    let mut stage = stage(added(&json!("open"))).await;
    stage.input = Some(Box::new(&b"hush\nmore\n"[..]));
    let line = "add linear https://a.example/mcp --client-id me --client-secret-stdin --scope read --scope write \
                --resource https://a.example --issuer https://auth.example --grant client_credentials \
                --header X-Team=blue --header X-Eq=a=b";
    assert_eq!(stage.run(line).await.code, ExitCode::Done);
    let expected = json!({
        "name": "linear", "url": "https://a.example/mcp", "client_id": "me", "client_secret": "hush",
        "scopes": ["read", "write"], "resource": "https://a.example", "issuer": "https://auth.example",
        "grant": "client_credentials", "headers": {"X-Team": "blue", "X-Eq": "a=b"},
    });
    assert_eq!(request(&stage), expected);
}

#[tokio::test]
async fn a_token_comes_in_by_standard_input() {
    let mut stage = stage(added(&json!("open"))).await;
    stage.input = Some(Box::new(&b"pasted-token\n"[..]));
    let _ = stage.run("add linear https://a.example/mcp --bearer-stdin").await;
    assert_eq!(request(&stage)["bearer"], "pasted-token");
}

#[tokio::test]
async fn secrets_come_in_by_the_environment_where_they_are_asked_for() {
    for (line, field) in [
        ("add linear https://a.example/mcp --grant bearer", "bearer"),
        ("add linear https://a.example/mcp --client-id me", "client_secret"),
    ] {
        let mut stage = stage(added(&json!("open"))).await;
        stage.environment.insert("LAMPLIGHTER_BEARER".to_owned(), "from-environment".to_owned());
        stage.environment.insert("LAMPLIGHTER_CLIENT_SECRET".to_owned(), "from-environment".to_owned());
        let _ = stage.run(line).await;
        let request = request(&stage);
        assert_eq!(request[field], "from-environment");
        assert_eq!(request.to_string().matches("from-environment").count(), 1, "{request}");
    }
}

#[tokio::test]
async fn a_secret_that_was_promised_and_not_piped_in_is_bad_usage() {
    let mut stage = stage(added(&json!("open"))).await;
    assert_snapshot!(stage.run("add linear https://a.example/mcp --bearer-stdin").await);
    assert_eq!(stage.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn a_header_without_a_value_is_bad_usage_that_quotes_nothing() {
    let mut stage = stage(added(&json!("open"))).await;
    let run = stage.run("add linear https://a.example/mcp --header hush-hush").await;
    assert_snapshot!(run);
    assert!(!run.stderr.contains("hush"));
}

#[tokio::test]
async fn a_name_that_is_taken_is_1() {
    let answer = problem(409, "name_taken", "a workload called \"linear\" exists already", Some("choose another name"));
    assert_snapshot!(stage(Answer::Json(409, answer)).await.run("add linear https://a.example/mcp").await);
}

#[tokio::test]
async fn a_bad_name_or_address_is_2() {
    let answer = problem(422, "invalid", "\"ftp://a\" is not https", Some("write https://…"));
    assert_snapshot!(stage(Answer::Json(422, answer)).await.run("add linear ftp://a").await);
}
