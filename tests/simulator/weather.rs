//! What an answer of the token endpoint means: its server's own word ends a login, everything else is weather.

use std::time::Duration;

use anyhow::Context;
use http::{Method, StatusCode};
use lamplighter_core::Phase;
use lamplighter_engine::ports::Clock;
use lamplighter_simulator::{Endpoint, Fault, Loss, RefreshTokens, RetryAfter};
use serde_json::json;

use crate::support::{Outcome, Stage, ping, soon};

#[tokio::test]
async fn nothing_but_the_servers_own_word_ends_a_login() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in_unseen("linear").await?;
    let word = |status, word: &str| Fault::OAuthError(status, word.to_owned());
    let weather = [
        (Fault::Close, "closed"),
        (Fault::Reset, "reset"),
        (Fault::Midway, "unreadable_answer"),
        (Fault::Page(StatusCode::OK), "captive_portal"),
        (Fault::Redirect(StatusCode::FOUND, "http://127.0.0.1:9/portal".to_owned()), "captive_portal"),
        (Fault::Page(StatusCode::FORBIDDEN), "firewall"),
        (Fault::Text(StatusCode::BAD_REQUEST, "invalid_grant".to_owned()), "firewall"),
        (Fault::Empty(StatusCode::UNAUTHORIZED), "firewall"),
        (Fault::Page(StatusCode::BAD_GATEWAY), "server_busy"),
        (Fault::Busy(StatusCode::TOO_MANY_REQUESTS, RetryAfter::Seconds(1)), "server_busy"),
        (word(StatusCode::SERVICE_UNAVAILABLE, "invalid_grant"), "server_busy"),
        (Fault::Json(StatusCode::OK, json!({})), "unreadable_answer"),
        (Fault::Json(StatusCode::OK, json!({ "access_token": 7 })), "unreadable_answer"),
        (Fault::Truncated, "unreadable_answer"),
        (Fault::Oversized, "unreadable_answer"),
        (word(StatusCode::BAD_REQUEST, "temporarily_unavailable"), "temporarily_unavailable"),
        (word(StatusCode::BAD_REQUEST, "bad_refresh_token"), "bad_refresh_token"),
    ];
    for (fault, code) in weather {
        linear.fail_times(Endpoint::Token, 1, &fault);
        let after = stage.next_attempt("linear").await?;
        assert_eq!(after.reason_code.as_deref(), Some(code), "after {fault:?}");
        assert_ne!(after.status, Phase::Unauthenticated, "after {fault:?}");
    }
    assert_eq!(stage.next_attempt("linear").await?.status, Phase::Running);
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    let counts = linear.counts();
    assert_eq!((counts.refreshes_in_flight_max, counts.reuse_detected, counts.authorization_requests), (1, 0, 1));
    Ok(())
}

#[tokio::test]
async fn the_servers_own_word_ends_a_login_at_once() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    for (status, word) in [
        (StatusCode::BAD_REQUEST, "invalid_grant"),
        (StatusCode::OK, "invalid_grant"),
        (StatusCode::UNAUTHORIZED, "invalid_client"),
        (StatusCode::BAD_REQUEST, "invalid_target"),
        (StatusCode::FORBIDDEN, "access_denied"),
        (StatusCode::BAD_REQUEST, "interaction_required"),
    ] {
        linear.fail_times(Endpoint::Token, 1, &Fault::OAuthError(status, word.to_owned()));
        let ended = stage.next_attempt("linear").await?;
        assert_eq!((ended.status, ended.reason_code.as_deref()), (Phase::Unauthenticated, Some(word)), "{status}");
        stage.sign_in("linear").await?;
    }
    let word = Fault::OAuthError(StatusCode::BAD_REQUEST, "bad_refresh_token".to_owned());
    linear.fail_times(Endpoint::Token, 2, &word);
    assert_eq!(stage.next_attempt("linear").await?.status, Phase::Running, "a word of its own may be a mistake");
    assert_eq!(stage.next_attempt("linear").await?.status, Phase::Unauthenticated, "and is believed when repeated");
    Ok(())
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_thirty_seconds() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in_unseen("linear").await?;
    for (tries, fault) in (0..).zip([Fault::Hang, Fault::Stall, Fault::Endless]) {
        linear.fail(Endpoint::Token, fault.clone());
        let due = stage.workload("linear")?.next_attempt_at.context("a refresh is due")?;
        stage.pass_to(due);
        soon("the refresh is under way", async {
            while linear.counts().refreshes <= tries {
                tokio::task::yield_now().await;
            }
        })
        .await?;
        stage.clock.advance(Duration::from_secs(30));
        let after = stage.until("linear", |workload| workload.next_attempt_at.is_some_and(|next| next != due)).await?;
        let code = after.reason_code.unwrap_or_default();
        // What never ends is cut off by its length where that is sooner.
        assert!(["timeout", "unreadable_answer"].contains(&code.as_str()), "{code} after {fault:?}");
        linear.recover(Endpoint::Token);
    }
    assert_eq!(stage.next_attempt("linear").await?.status, Phase::Running);
    assert_eq!(linear.counts().refreshes_in_flight_max, 1);
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_not_followed_since_the_refresh_token_would_travel() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in_unseen("linear").await?;
    let elsewhere = stage.server("elsewhere")?;
    for status in [StatusCode::FOUND, StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT] {
        linear.fail_times(Endpoint::Token, 1, &Fault::Redirect(status, elsewhere.url(Endpoint::Token).into()));
        let after = stage.next_attempt("linear").await?;
        assert_eq!(after.reason_code.as_deref(), Some("captive_portal"), "{status}");
    }
    assert_eq!(elsewhere.counts().token_requests, 0);
    assert_eq!(stage.next_attempt("linear").await?.status, Phase::Running);
    Ok(())
}

#[tokio::test]
async fn waking_does_not_shorten_what_the_server_asked_for_and_the_person_does() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    linear.fail(Endpoint::Token, Fault::Busy(StatusCode::SERVICE_UNAVAILABLE, RetryAfter::Seconds(400)));
    let busy = stage.attempts_until("linear", Phase::AuthRetrying).await?;
    let told = busy.next_attempt_at.context("a try is due")?;
    let wait = told.duration_since(stage.clock.now().wall).as_secs();
    assert!(wait >= 399, "{wait} s, where 400 were asked for");

    let before = linear.counts().refreshes;
    stage.clock.sleep_machine(Duration::from_mins(1));
    stage.until("linear", |workload| workload.next_attempt_at.is_some_and(|next| next != told)).await?;
    let due = stage.workload("linear")?.next_attempt_at.context("a try is due")?;
    let left = due.duration_since(stage.clock.now().wall).as_secs();
    assert!((338..=342).contains(&left), "{left} s are left");

    linear.recover(Endpoint::Token);
    stage.api(Method::POST, "/workloads/linear/retry", &json!({})).await?;
    stage.until("linear", |workload| workload.status == Phase::Running).await?;
    assert_eq!(linear.counts().refreshes, before + 1);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    linear.authorization(|rules| rules.refresh_tokens = RefreshTokens::Rotated { grace: Duration::from_mins(5) });
    stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    stage.sign_in("linear").await?;
    for loss in [Loss::Unanswered, Loss::Reset, Loss::Midway] {
        linear.fail_times(Endpoint::Token, 1, &Fault::Lost(loss));
        stage.next_attempt("linear").await?;
        let after = stage.next_attempt("linear").await?;
        assert_eq!((after.status, after.reason_code), (Phase::Running, None), "after {loss:?}");
    }
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_clock_that_differs_is_told_of() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    linear.authorization(|rules| rules.date_ahead = jiff::SignedDuration::from_mins(5));
    let skewed = stage.next_attempt("linear").await?;
    assert_eq!(skewed.status, Phase::Running);
    assert_eq!(skewed.conditions.iter().map(|condition| condition.code.as_str()).collect::<Vec<_>>(), ["clock_skewed"]);
    linear.authorization(|rules| rules.date_ahead = jiff::SignedDuration::ZERO);
    assert_eq!(stage.next_attempt("linear").await?.conditions, []);
    Ok(())
}
