//! Workloads without a person to sign in: a pasted token, and client credentials. What `add` says of them, and the way
//! back when they are refused.

use http::{Method, StatusCode};
use lamplighter_core::Phase;
use lamplighter_simulator::{Challenge, Endpoint, Fault, GrantType, Server};
use serde_json::{Value, json};

use crate::support::{Outcome, Stage, ping};

fn pasted(server: &Server, token: &str) -> Value {
    json!({ "name": "linear", "url": server.mcp_url(), "bearer": token })
}

/// A workload with credentials of its own, running.
async fn machine(stage: &Stage) -> Outcome<Server> {
    let linear = stage.server("linear")?;
    let client = linear.register_client(&[], true);
    let fields = json!({
        "name": "linear", "url": linear.mcp_url(), "grant": "client_credentials",
        "client_id": client.id, "client_secret": client.secret,
    });
    let added = stage.add(&fields).await?;
    assert_eq!((&added["look"], &added["asks"]), (&json!("token_accepted"), &Value::Null));
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    Ok(linear)
}

/// The sign-in server no longer takes the credentials.
async fn refused(stage: &Stage, linear: &Server) -> Outcome {
    linear.fail(Endpoint::Token, Fault::OAuthError(StatusCode::UNAUTHORIZED, "invalid_client".to_owned()));
    let refused = stage.next_attempt("linear").await?;
    assert_eq!((refused.status, refused.reason_code.as_deref()), (Phase::Unauthenticated, Some("invalid_client")));
    Ok(())
}

async fn order(stage: &Stage, order: &str) -> Outcome<StatusCode> {
    Ok(stage.api(Method::POST, &format!("/workloads/linear/{order}"), &json!({})).await?.status)
}

/// What a local client is told instead of an answer.
async fn refusal(stage: &Stage) -> Outcome<Value> {
    let answer = stage.call("linear", &ping()).await?;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    Ok(answer.json()?["error"].take())
}

#[tokio::test]
async fn a_token_that_is_refused_is_said_to_be_so_with_the_way_to_another() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    let added = stage.add(&pasted(&linear, "no-such-token")).await?;
    assert_eq!((&added["look"], &added["status"]), (&json!("token_refused"), &json!("unauthenticated")));
    assert_eq!(added["grant"], "bearer");
    let error = refusal(&stage).await?;
    assert_eq!(error["message"], "linear needs a new token");
    assert_eq!(error["data"]["remedy"], added["remedy"]);
    let remedy = added["remedy"].as_str().unwrap_or_default();
    assert!(remedy.contains("`lamplighter rm linear`") && remedy.contains("--bearer-stdin`"), "{remedy}");

    // It is true: that is the way.
    assert_eq!(stage.api(Method::DELETE, "/workloads/linear", &Value::Null).await?.status, StatusCode::OK);
    let added = stage.add(&pasted(&linear, &linear.static_bearer())).await?;
    assert_eq!((&added["look"], &added["status"]), (&json!("token_accepted"), &json!("running")));
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_token_that_makes_no_difference_is_not_said_to_be_taken() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    linear.resource(|rules| rules.challenge = Challenge::Never);
    let added = stage.add(&pasted(&linear, "whatever")).await?;
    assert_eq!((&added["look"], &added["status"]), (&json!("token_unverified"), &json!("running")));
    Ok(())
}

#[tokio::test]
async fn refused_client_credentials_are_tried_again_at_the_person_s_word_alone() -> Outcome {
    let stage = Stage::set().await?;
    let linear = machine(&stage).await?;
    refused(&stage, &linear).await?;
    let before = linear.token_log().len();
    let error = refusal(&stage).await?;
    assert_eq!(error["message"], "linear is not signed in");
    let remedy = error["data"]["remedy"].as_str().unwrap_or_default();
    assert!(remedy.contains("`lamplighter retry linear`") && !remedy.contains("lamplighter login"), "{remedy}");
    assert_eq!(linear.token_log().len(), before, "no caller begins a refresh");

    for (tries, word) in [(1, "retry"), (2, "restart")] {
        assert_eq!(order(&stage, word).await?, StatusCode::ACCEPTED);
        crate::support::soon("an attempt", async {
            while linear.token_log().len() < before + tries {
                tokio::task::yield_now().await;
            }
        })
        .await?;
        stage.until("linear", |workload| workload.status == Phase::Unauthenticated).await?;
    }
    linear.recover(Endpoint::Token);
    order(&stage, "retry").await?;
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    let log = linear.token_log();
    assert_eq!(log.len(), before + 3, "{log:?}");
    assert!(log.iter().all(|event| event.grant_type == GrantType::ClientCredentials), "{log:?}");
    Ok(())
}

#[tokio::test]
async fn refused_client_credentials_are_tried_once_by_a_new_run_of_the_engine() -> Outcome {
    let mut stage = Stage::set().await?;
    let linear = machine(&stage).await?;
    refused(&stage, &linear).await?;
    linear.recover(Endpoint::Token);
    stage.stop().await?;
    stage.start().await?;
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn signed_out_client_credentials_rest_until_they_are_wanted() -> Outcome {
    let mut stage = Stage::set().await?;
    let linear = machine(&stage).await?;
    order(&stage, "logout").await?;
    let before = linear.token_log().len();
    stage.stop().await?;
    stage.start().await?;
    let out = stage.until("linear", |workload| workload.status == Phase::Unauthenticated).await?;
    assert_eq!(out.reason_code.as_deref(), Some("signed_out"));
    assert_eq!(out.remedy.as_deref(), Some("Choose Try now, or run `lamplighter retry linear`."));
    assert_eq!(linear.token_log().len(), before);
    order(&stage, "retry").await?;
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    Ok(())
}
