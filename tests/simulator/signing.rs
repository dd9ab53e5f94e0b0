//! Signing in and out, in every way there is; and what a restart, a refusal or a forgetful server makes of it.

use std::time::Duration;

use anyhow::Context;
use http::{Method, StatusCode};
use lamplighter_core::Phase;
use lamplighter_simulator::{Endpoint, IssParameter, Outcome as TokenOutcome, ResourceParameter, ScopeDemand, person};
use serde_json::{Value, json};
use url::Url;

use crate::support::{Outcome, Stage, ping, soon, tool};

/// The value of a query parameter.
fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// How the sign-in numbered `flow` ended.
async fn outcome(stage: &Stage, flow: u64) -> Outcome<Value> {
    stage.api(Method::GET, &format!("/workloads/linear/login/{flow}"), &Value::Null).await?.json()
}

#[tokio::test]
async fn from_add_to_the_first_answer() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    let added = stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    assert_eq!((&added["look"], &added["status"]), (&json!("sign_in_needed"), &json!("unauthenticated")));
    assert_eq!(linear.counts().authorization_requests, 0, "nothing is opened by itself");
    let refused = stage.call("linear", &ping()).await?;
    assert_eq!(refused.json()?["error"]["data"]["status"], "unauthenticated");

    let url = stage.begin_sign_in("linear").await?;
    assert!(stage.workload("linear")?.signing_in);
    assert_eq!(parameter(&url, "code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(parameter(&url, "resource").as_deref(), Some(linear.mcp_url().as_str()));
    let asks = json!({ "issuer": linear.issuer(), "scopes": parameter(&url, "scope").map(|scope| words(&scope)) });
    assert_eq!(added["asks"], asks, "what was said is what is asked for");
    let (status, page) = person::sign_in(&url).await?;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("linear is signed in"), "{page}");

    let running = stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(running.account.as_deref(), Some("ada@example.com"));
    assert_eq!(running.issuer.as_deref(), Some(linear.issuer().as_str()));
    assert!(!running.signing_in && running.expires_at.is_some());
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);

    let taken = stage.api(Method::POST, "/workloads", &json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    Ok(())
}

#[tokio::test]
async fn signing_in_again_replaces_the_login_and_reuses_the_registration() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let first = stage.begin_sign_in("linear").await?;
    let second = stage.begin_sign_in("linear").await?;
    let (status, page) = person::sign_in(&first).await?;
    assert_eq!(status, StatusCode::BAD_REQUEST, "the later one has replaced it: {page}");
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK, "the login in use is untouched");
    person::sign_in(&second).await?;
    stage.until("linear", |workload| !workload.signing_in).await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    assert_eq!(linear.counts().registrations, 1);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_changes_nothing() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    let url = stage.begin_sign_in("linear").await?;
    let callback: Url = parameter(&url, "redirect_uri").context("no redirect_uri")?.parse()?;
    let before = stage.workload("linear")?;
    let nearly = format!("code=x&state={}x", parameter(&url, "state").context("no state")?);
    for query in ["", "code=x", "code=x&state=", "code=x&state=other", &nearly] {
        let mut wrong = callback.clone();
        wrong.set_query(Some(query));
        let (status, _) = person::visit(&wrong).await?;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
    assert_eq!(stage.workload("linear")?, before);
    assert_eq!(linear.counts().token_requests, 0);

    let answer = person::approve(&url).await?;
    assert_eq!(person::visit(&answer).await?.0, StatusCode::OK, "the flow itself still waits");
    assert_eq!(person::visit(&answer).await?.0, StatusCode::BAD_REQUEST, "and takes one answer");
    assert_eq!(linear.counts().token_requests, 1);
    Ok(())
}

#[tokio::test]
async fn a_person_who_denies_is_believed() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    let started = stage.api(Method::POST, "/workloads/linear/login", &json!({})).await?.json()?;
    let url: Url = started["authorization_url"].as_str().context("no address")?.parse()?;
    let (status, page) = person::visit(&person::deny(&url).await?).await?;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("linear is not signed in"), "{page}");
    let ended = outcome(&stage, started["flow"].as_u64().context("no flow")?).await?;
    assert_eq!(ended["signed_in"], false);
    let denied = stage.until("linear", |workload| !workload.signing_in).await?;
    assert_eq!(denied.status, Phase::Unauthenticated);
    assert_eq!(linear.counts().token_requests, 0);
    stage.sign_in("linear").await?;
    Ok(())
}

#[tokio::test]
async fn a_machine_without_a_browser_is_signed_in_from_another() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    linear.authorization(|rules| rules.resource = ResourceParameter::Required);
    stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    let answer = stage.api(Method::POST, "/workloads/linear/login", &json!({ "device": true })).await?;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let started = answer.json()?;
    assert_eq!(started["verification_uri"], linear.url(Endpoint::Verification).as_str());
    assert_eq!(started["expires_in"], 600);
    let code = started["user_code"].as_str().context("no user_code")?;
    let complete: Url = started["authorization_url"].as_str().context("no address")?.parse()?;
    assert_eq!(parameter(&complete, "user_code").as_deref(), Some(code));
    assert!(stage.workload("linear")?.signing_in);

    stage.next_poll().await?;
    soon("a poll before the person has answered", async {
        while linear.token_log().last().is_none_or(|event| event.outcome == TokenOutcome::Untouched) {
            tokio::task::yield_now().await;
        }
    })
    .await?;
    let (status, page) = person::visit(&complete).await?;
    assert_eq!(status, StatusCode::OK, "{page}");
    stage.next_poll().await?;
    let ended = outcome(&stage, started["flow"].as_u64().context("no flow")?).await?;
    assert_eq!(ended["signed_in"], true, "{ended}");
    let log: Vec<_> = linear.token_log().into_iter().map(|event| event.outcome).collect();
    assert_eq!(log, [TokenOutcome::Refused("authorization_pending"), TokenOutcome::Issued]);
    assert_eq!(stage.workload("linear")?.account.as_deref(), Some("ada@example.com"));
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    stage.next_attempt("linear").await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK, "it is refreshed as any other");
    Ok(())
}

#[tokio::test]
async fn a_code_from_another_issuer_is_not_exchanged() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    for iss in [IssParameter::Wrong, IssParameter::Missing] {
        linear.authorization(|rules| rules.iss = iss);
        let (status, page) = person::sign_in(&stage.begin_sign_in("linear").await?).await?;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{iss:?}: {page}");
    }
    assert_eq!(linear.counts().token_requests, 0);
    linear.authorization(|rules| rules.iss = IssParameter::Unsupported);
    stage.sign_in("linear").await?;
    Ok(())
}

#[tokio::test]
async fn signing_out_revokes_there_and_forgets_here() -> Outcome {
    let mut stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let answer = stage.api(Method::POST, "/workloads/linear/logout", &json!({})).await?;
    assert_eq!((answer.status, answer.json()?), (StatusCode::ACCEPTED, json!({ "revocation": "revoked" })));
    assert!(linear.counts().revocations > 0);
    let out = stage.workload("linear")?;
    assert_eq!((out.status, out.reason_code.as_deref()), (Phase::Unauthenticated, Some("signed_out")));
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::SERVICE_UNAVAILABLE);

    stage.stop().await?;
    stage.start().await?;
    let out = stage.until("linear", |workload| workload.status == Phase::Unauthenticated).await?;
    assert_eq!(out.reason_code.as_deref(), Some("signed_out"), "a restart does not bring it back");
    assert_eq!(linear.counts().refreshes, 0);
    Ok(())
}

#[tokio::test]
async fn a_restart_keeps_the_login() -> Outcome {
    let mut stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    stage.next_attempt("linear").await?;
    let before = stage.workload("linear")?;
    let tokens = linear.counts().token_requests;
    stage.stop().await?;
    assert!(!stage.profile().engine_file().exists(), "nobody runs");
    stage.start().await?;
    let after = stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!((after.account, after.issuer, after.expires_at), (before.account, before.issuer, before.expires_at));
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    assert_eq!(linear.counts().token_requests, tokens, "a token that is good is not renewed");

    stage.stop().await?;
    stage.clock.advance(Duration::from_hours(24 * 3));
    stage.start().await?;
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    assert_eq!(linear.counts().token_requests, tokens + 1, "one that has expired is, without anybody's help");
    Ok(())
}

#[tokio::test]
async fn removing_forgets_the_login_and_the_settings() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let endpoint = stage.endpoint("linear").await?;
    let removed = stage.api(Method::DELETE, "/workloads/linear", &Value::Null).await?;
    assert_eq!((removed.status, removed.json()?), (StatusCode::OK, json!({ "revocation": "revoked" })));
    assert_eq!(endpoint.post(&ping()).await?.status, StatusCode::NOT_FOUND);
    assert!(!std::fs::read_to_string(stage.profile().config_file())?.contains("linear"));

    let again = stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    assert_eq!(again["status"], "unauthenticated", "nothing is left of the login");
    Ok(())
}

#[tokio::test]
async fn a_client_that_was_registered_by_hand_is_used() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    let client = linear.register_client(&["http://127.0.0.1/callback"], true);
    let fields = json!({
        "name": "linear", "url": linear.mcp_url(), "client_id": client.id, "client_secret": client.secret,
    });
    stage.add(&fields).await?;
    let url = stage.begin_sign_in("linear").await?;
    assert_eq!(parameter(&url, "client_id"), Some(client.id));
    person::sign_in(&url).await?;
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(stage.next_attempt("linear").await?.status, Phase::Running);
    let counts = linear.counts();
    assert_eq!((counts.registrations, counts.refreshes), (0, 1));
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_pasted_token_and_headers_are_sent_and_kept_as_secrets() -> Outcome {
    let mut stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    let bearer = linear.static_bearer();
    let fields = json!({
        "name": "linear", "url": linear.mcp_url(), "bearer": bearer, "headers": { "X-Team": "lamps-and-wicks" },
    });
    let added = stage.add(&fields).await?;
    assert_eq!((&added["look"], &added["status"]), (&json!("token_accepted"), &json!("running")));
    for _ in 0..2 {
        let seen = stage.call("linear", &tool("headers", &json!({}))).await?.tool_text()?;
        let seen: Value = serde_json::from_str(&seen)?;
        assert_eq!(seen["x-team"], json!(["lamps-and-wicks"]));
        // Once more after a restart.
        stage.stop().await?;
        stage.start().await?;
        stage.until("linear", |workload| workload.status == Phase::Running).await?;
    }
    let settings = std::fs::read_to_string(stage.profile().config_file())?;
    assert!(!settings.contains(&bearer) && !settings.contains("lamps-and-wicks"), "{settings}");
    assert_eq!(linear.counts().token_requests, 0);

    linear.reject_access_tokens();
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::SERVICE_UNAVAILABLE);
    let refused = stage.until("linear", |workload| workload.status == Phase::Unauthenticated).await?;
    assert_eq!(refused.reason_code.as_deref(), Some("refused_by_server"));
    Ok(())
}

#[tokio::test]
async fn client_credentials_sign_in_by_themselves_again_and_again() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    let client = linear.register_client(&[], true);
    let fields = json!({
        "name": "linear", "url": linear.mcp_url(), "grant": "client_credentials",
        "client_id": client.id, "client_secret": client.secret,
    });
    stage.add(&fields).await?;
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    stage.next_attempt("linear").await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    let log = linear.token_log();
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log.iter().all(|event| event.outcome == TokenOutcome::Issued), "{log:?}");
    let login = stage.api(Method::POST, "/workloads/linear/login", &json!({})).await?;
    assert_eq!(login.status, StatusCode::CONFLICT, "there is no person to ask");
    Ok(())
}

#[tokio::test]
async fn a_server_that_wants_more_access_is_told_of_and_given_it() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    linear.authorization(|rules| rules.scopes.push("admin".to_owned()));
    linear.resource(|rules| rules.challenged_scopes = vec!["read".to_owned()]);
    stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    stage.sign_in("linear").await?;
    linear.resource(|rules| rules.scope_demand = ScopeDemand::Having(vec!["admin".to_owned()]));

    let echo = tool("echo", &json!({ "text": "more" }));
    let refused = stage.call("linear", &echo).await?;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.header("www-authenticate"), "");
    assert_eq!((&refused.json()?["id"], &refused.json()?["error"]["code"]), (&json!(8), &json!(-32001)));
    let wanting = stage.until("linear", |workload| !workload.conditions.is_empty()).await?;
    assert_eq!(wanting.status, Phase::Running);
    assert_eq!(wanting.conditions[0].code, "needs_more_access");
    assert!(wanting.conditions[0].text.contains("admin"), "{:?}", wanting.conditions);
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK, "everything else still passes");

    let url = stage.begin_sign_in("linear").await?;
    let scope = parameter(&url, "scope").unwrap_or_default();
    let scopes: Vec<&str> = scope.split(' ').collect();
    assert!(scopes.contains(&"read") && scopes.contains(&"admin"), "the union is asked for, and not {scope:?}");
    person::sign_in(&url).await?;
    stage.until("linear", |workload| workload.conditions.is_empty()).await?;
    assert_eq!(stage.call("linear", &echo).await?.tool_text()?, "more");
    Ok(())
}

#[tokio::test]
async fn a_server_that_cannot_be_satisfied_is_not_asked_for_ever() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    linear.resource(|rules| rules.scope_demand = ScopeDemand::Insatiable(vec!["read".to_owned()]));
    let echo = tool("echo", &json!({ "text": "more" }));
    for _ in 0..3 {
        assert_eq!(stage.call("linear", &echo).await?.status, StatusCode::FORBIDDEN);
        stage.sign_in("linear").await?;
    }
    assert_eq!(stage.call("linear", &echo).await?.status, StatusCode::FORBIDDEN);
    let login = stage.api(Method::POST, "/workloads/linear/login", &json!({})).await?;
    assert_eq!(login.status, StatusCode::CONFLICT);
    let forced = stage.api(Method::POST, "/workloads/linear/login", &json!({ "force": true })).await?;
    assert_eq!(forced.status, StatusCode::ACCEPTED, "unless the person insists");
    Ok(())
}

#[tokio::test]
async fn a_registration_that_the_server_lost_is_made_anew() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    linear.forget_clients();
    let lost = stage.next_attempt("linear").await?;
    assert_eq!((lost.status, lost.reason_code.as_deref()), (Phase::Unauthenticated, Some("invalid_client")));
    assert!(lost.conditions.iter().any(|condition| condition.code == "registration_lost"), "{:?}", lost.conditions);

    let found = stage.sign_in("linear").await?;
    assert_eq!(found.conditions, []);
    assert_eq!(linear.counts().registrations, 2);
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}
