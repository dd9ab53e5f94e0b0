//! Outages: what the engine does while a sign-in server is out of reach, and how it comes back.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use lamplighter_core::Phase;
use lamplighter_core::entry::EntryKind;
use lamplighter_engine::ports::Clock;
use lamplighter_simulator::{Endpoint, Fault, Host, Server};
use serde_json::json;

use crate::support::{Outcome, Stage, ping, soon};

/// What firewalls answer.
const FIREWALL: Fault = Fault::Page(StatusCode::FORBIDDEN);

/// A workload in `auth_retrying` whose access token has expired, behind a firewall.
async fn locked_out(stage: &Stage, name: &str) -> Outcome<Server> {
    let server = stage.signed_in_unseen(name).await?;
    server.fail(Endpoint::Token, FIREWALL);
    stage.attempts_until(name, Phase::AuthRetrying).await?;
    stage.expire(name)?;
    Ok(server)
}

#[tokio::test]
async fn a_firewall_is_weather_and_the_next_tick_recovers() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in_unseen("linear").await?;
    linear.fail(Endpoint::Token, FIREWALL);

    stage.next_attempt("linear").await?;
    let retrying = stage.workload("linear")?;
    assert_eq!(retrying.status, Phase::Running, "one failure is no outage");
    let retrying = stage.attempts_until("linear", Phase::AuthRetrying).await?;
    assert_eq!(linear.counts().refreshes, 5, "the short retry has five tries");
    assert_eq!(retrying.reason_code.as_deref(), Some("firewall"));
    assert_eq!(retrying.conditions.iter().map(|condition| condition.code.as_str()).collect::<Vec<_>>(), ["firewall"]);
    let ends = retrying.ends_at.context("an episode has an end")?;
    assert_eq!(ends.duration_since(retrying.since).as_hours(), 24);
    let served = stage.call("linear", &ping()).await?;
    assert_eq!(served.status, StatusCode::OK, "the access token is still good");

    stage.expire("linear")?;
    let refused = stage.call("linear", &ping()).await?;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("content-type"), "application/json");
    assert_eq!(refused.header("www-authenticate"), "");
    let retry_after: i64 = refused.header("retry-after").parse()?;
    let due = retrying.next_attempt_at.context("a tick is due")?;
    let wait = due.duration_since(stage.clock.now().wall).as_secs();
    assert!((wait..=wait + 1).contains(&retry_after), "{retry_after} s, where {wait} s are left");
    let minutes = (retry_after + 30) / 60;
    assert_eq!(
        refused.json()?,
        json!({ "jsonrpc": "2.0", "id": "a-7", "error": {
            "code": -32001,
            "message": format!("linear is waiting for the network: next try in {minutes} min"),
            "data": {
                "status": "auth_retrying",
                "retry_after_seconds": retry_after,
                "reason": "the sign-in server answered 403 with a web page",
                "remedy": retrying.conditions[0].remedy,
            },
        } })
    );

    linear.recover(Endpoint::Token);
    let running = stage.next_attempt("linear").await?;
    assert_eq!(running.status, Phase::Running);
    assert_eq!((running.reason_code, running.ends_at, running.conditions), (None, None, Vec::new()));
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    assert_eq!(linear.counts().refreshes, 6);
    assert_eq!(linear.counts().authorization_requests, 1, "nobody was asked to sign in again");

    let rows = stage.journal("linear").await?;
    let changes: Vec<_> = rows.iter().filter(|row| row.kind == EntryKind::Status).filter_map(|row| row.to).collect();
    assert_eq!(changes[changes.len() - 3..], [Phase::Running, Phase::AuthRetrying, Phase::Running]);
    let notices: Vec<_> =
        rows.iter().filter(|row| row.kind == EntryKind::Notice).filter_map(|row| row.reason_code.as_deref()).collect();
    assert_eq!(notices, ["auth_retrying", "recovered"]);
    Ok(())
}

#[tokio::test]
async fn callers_ask_for_no_token_beyond_the_schedule() -> Outcome {
    let stage = Stage::set().await?;
    let linear = locked_out(&stage, "linear").await?;
    let endpoint = stage.endpoint("linear").await?;
    let before = linear.counts();
    for _ in 0..3 {
        for _ in 0..10 {
            assert_eq!(endpoint.post(&ping()).await?.status, StatusCode::SERVICE_UNAVAILABLE);
        }
        stage.next_attempt("linear").await?;
    }
    let after = linear.counts();
    assert_eq!(after.token_requests, before.token_requests + 3, "one each tick");
    assert_eq!(after.mcp_requests, before.mcp_requests, "and nothing went up without a token");

    let times: Vec<_> = linear.token_log().iter().rev().take(3).map(|event| event.at).collect();
    for pair in times.windows(2) {
        let apart = pair[0].saturating_sub(pair[1]);
        assert!((Duration::from_mins(9)..=Duration::from_secs(11 * 60 + 2)).contains(&apart), "{apart:?} apart");
    }
    Ok(())
}

#[tokio::test]
async fn waking_brings_quick_tries_long_before_the_next_tick() -> Outcome {
    let stage = Stage::set().await?;
    let linear = locked_out(&stage, "linear").await?;
    let tick = stage.workload("linear")?.next_attempt_at;
    stage.clock.sleep_machine(Duration::from_mins(1));
    let woken = stage.until("linear", |workload| workload.next_attempt_at != tick).await?;
    let woke = stage.clock.now();
    let settle = woken.next_attempt_at.context("a quick try is due")?.duration_since(woke.wall);
    assert!((1..=2).contains(&settle.as_secs()), "two seconds to settle, and not {settle}");

    let still = stage.next_attempt("linear").await?;
    assert_eq!(still.status, Phase::AuthRetrying, "the first quick try meets the firewall");
    linear.recover(Endpoint::Token);
    let running = stage.next_attempt("linear").await?;
    assert_eq!(running.status, Phase::Running);
    let passed = stage.clock.now().moment.since(woke.moment);
    assert!(passed < Duration::from_secs(10), "served again {passed:?} after waking");
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn the_person_can_ask_for_a_try_now() -> Outcome {
    let stage = Stage::set().await?;
    let linear = locked_out(&stage, "linear").await?;
    linear.recover(Endpoint::Token);
    let before = stage.clock.now();
    let asked = stage.api(Method::POST, "/workloads/linear/retry", &json!({})).await?;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(stage.clock.now().moment, before.moment, "at once");
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn only_the_sign_in_server_ends_a_login_and_then_at_once() -> Outcome {
    let stage = Stage::set().await?;
    let linear = locked_out(&stage, "linear").await?;
    linear.revoke_grants();
    for endpoint in [Endpoint::Token, Endpoint::ServerMetadata] {
        linear.recover(endpoint);
    }
    let ended = stage.next_attempt("linear").await?;
    assert_eq!((ended.status, ended.reason_code.as_deref()), (Phase::Unauthenticated, Some("invalid_grant")));
    assert_eq!((ended.next_attempt_at, ended.ends_at), (None, None), "there is nothing to wait for");

    let refused = stage.call("linear", &ping()).await?;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "60");
    let error = &refused.json()?["error"];
    assert_eq!(error["data"]["status"], "unauthenticated");
    let remedy = error["data"]["remedy"].as_str().unwrap_or_default();
    assert!(remedy.contains("Sign in") && remedy.contains("lamplighter login linear"), "{remedy}");

    let before = linear.counts().token_requests;
    stage.api(Method::POST, "/workloads/linear/retry", &json!({})).await?;
    stage.clock.sleep_machine(Duration::from_hours(8));
    stage.clock.advance(Duration::from_mins(10));
    stage.sign_in("linear").await?;
    let log = linear.token_log();
    assert_eq!(log.len() as u64, before + 1, "the refresh token that was refused is never sent again: {log:?}");
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn the_ceiling_ends_an_episode_and_waking_tries_once_more() -> Outcome {
    let stage = Stage::with("[token]\nauth_retrying_max_elapsed = \"1h\"\n").await?;
    let linear = locked_out(&stage, "linear").await?;
    let began = stage.workload("linear")?.since;
    stage.clock.sleep_machine(Duration::from_mins(5));
    let ended = stage.attempts_until("linear", Phase::Unauthenticated).await?;
    assert_eq!(ended.reason_code.as_deref(), Some("ceiling"));
    let awake = stage.clock.now().wall.duration_since(began) - SignedDuration::from_mins(5);
    let (ceiling, tick) = (SignedDuration::from_hours(1), SignedDuration::from_mins(11));
    assert!(awake > ceiling && awake <= ceiling + tick + SignedDuration::from_secs(2), "ended after {awake:#}");
    assert_eq!(ended.next_attempt_at, None, "there is no more cadence");

    linear.recover(Endpoint::Token);
    stage.clock.sleep_machine(Duration::from_mins(10));
    let due = stage.until("linear", |workload| workload.next_attempt_at.is_some()).await?;
    assert_eq!(due.status, Phase::Unauthenticated);
    assert_eq!(stage.next_attempt("linear").await?.status, Phase::Running);
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_restart_neither_resets_nor_skips_the_ceiling() -> Outcome {
    let mut stage = Stage::with("[token]\nauth_retrying_max_elapsed = \"1h\"\n").await?;
    locked_out(&stage, "linear").await?;
    for _ in 0..3 {
        stage.next_attempt("linear").await?;
    }
    let before = stage.workload("linear")?;
    let spent = stage.clock.now().wall.duration_since(before.since);

    stage.stop().await?;
    stage.clock.advance(Duration::from_hours(5));
    stage.start().await?;
    let after = stage.until("linear", |workload| workload.status == Phase::AuthRetrying).await?;
    assert_eq!(after.since, before.since, "it is the same episode");
    let left = after.ends_at.context("an episode has an end")?.duration_since(stage.clock.now().wall);
    let expected = SignedDuration::from_hours(1) - spent;
    assert!((left - expected).abs() <= SignedDuration::from_secs(5), "{left:#} left, and not {expected:#}");

    let restarted = stage.clock.now().wall;
    let ended = stage.attempts_until("linear", Phase::Unauthenticated).await?;
    assert_eq!(ended.reason_code.as_deref(), Some("ceiling"));
    let whole = spent + stage.clock.now().wall.duration_since(restarted);
    assert!(whole > SignedDuration::from_hours(1) && whole < SignedDuration::from_mins(72), "ended after {whole:#}");
    let episodes: BTreeSet<u64> = stage.journal("linear").await?.iter().filter_map(|row| row.episode).collect();
    assert_eq!(episodes, BTreeSet::from([1]));
    Ok(())
}

#[tokio::test]
async fn a_server_out_of_reach_is_unhealthy_and_comes_back_by_itself() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let before = linear.counts().token_requests;
    linear.go_down(Host::McpServer).await?;
    let refused = stage.call("linear", &ping()).await?;
    assert_eq!(refused.status, StatusCode::BAD_GATEWAY);
    assert_eq!(refused.header("retry-after"), "5");
    let body = refused.json()?;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!("a-7"), &json!(-32002)));
    assert_eq!(body["error"]["data"]["status"], "unhealthy");
    stage.until("linear", |workload| workload.status == Phase::Unhealthy).await?;

    linear.come_up(Host::McpServer).await?;
    stage.clock.advance(Duration::from_secs(61));
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    assert_eq!(linear.counts().token_requests, before, "the token was fine all the while");
    Ok(())
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_unhealthy_until_it_answers_again() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    linear.fail(Endpoint::Mcp, Fault::Text(StatusCode::INTERNAL_SERVER_ERROR, "mine".to_owned()));
    for _ in 0..3 {
        assert_eq!(stage.workload("linear")?.status, Phase::Running);
        let answer = stage.call("linear", &ping()).await?;
        assert_eq!((answer.status, answer.body.as_ref()), (StatusCode::INTERNAL_SERVER_ERROR, b"mine".as_slice()));
    }
    stage.until("linear", |workload| workload.status == Phase::Unhealthy).await?;
    linear.recover(Endpoint::Mcp);
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    Ok(())
}

#[tokio::test]
async fn a_start_without_a_network_loses_no_login() -> Outcome {
    let mut stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    stage.expire("linear")?;
    stage.stop().await?;
    let before = linear.counts();
    linear.go_down(Host::AuthorizationServer).await?;
    stage.start().await?;
    let retrying = stage.until("linear", |workload| workload.status == Phase::AuthRetrying).await?;
    assert_eq!(retrying.reason_code.as_deref(), Some("refused"));
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::SERVICE_UNAVAILABLE);

    linear.come_up(Host::AuthorizationServer).await?;
    assert_eq!(stage.next_attempt("linear").await?.status, Phase::Running);
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    assert_eq!(linear.counts().authorization_requests, before.authorization_requests, "nobody was asked");
    Ok(())
}

#[tokio::test]
async fn stopping_in_the_middle_of_a_refresh_keeps_the_rotated_token() -> Outcome {
    let mut stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let due = stage.workload("linear")?.next_attempt_at.context("a refresh is due")?;
    // The token is rotated at once, and the answer is long on its way.
    linear.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    stage.pass_to(due);
    soon("the refresh is under way", async {
        while linear.counts().tokens_issued < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await?;
    stage.stop().await?;
    stage.clock.advance(Duration::from_hours(2));
    stage.start().await?;
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    let counts = linear.counts();
    assert_eq!((counts.refreshes, counts.reuse_detected), (2, 0), "the old refresh token is never sent again");
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_breaks_down_inside_is_given_up_and_made_again() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let broken = stage.broken_attempt("linear").await?;
    assert_eq!(broken.status, Phase::Running, "the access token is still good");
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);

    stage.clock.advance(Duration::from_mins(10));
    stage.until("linear", |workload| workload.next_attempt_at.is_some()).await?;
    stage.attempts_until("linear", Phase::Running).await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    assert_eq!(linear.counts().refreshes, 2, "the rotated token was held, and used");
    Ok(())
}
