//! Callers: many at once, refused upstream, streaming. They are served, and never start a login of their own.

use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use lamplighter_core::Phase;
use lamplighter_engine::ports::Clock;
use lamplighter_simulator::{Challenge, Endpoint, Fault};
use serde_json::{Value, json};

use crate::support::{Outcome, Stage, ping, soon, tool};

#[tokio::test]
async fn two_hundred_callers_at_expiry_cause_one_refresh_and_all_are_served() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let endpoint = stage.endpoint("linear").await?;
    // Long enough on the wire for callers to pile up; whether they do decides nothing below.
    linear.fail(Endpoint::Token, Fault::Delay(Duration::from_millis(300)));
    stage.expire("linear")?;
    let message = ping();
    let answers = join_all((0..200).map(|_| endpoint.post(&message))).await;
    for answer in answers {
        assert_eq!(answer?.status, StatusCode::OK);
    }
    let counts = linear.counts();
    assert_eq!((counts.refreshes, counts.reuse_detected), (1, 0));
    assert_eq!(counts.mcp_unauthorized, 1, "only the look at the beginning went up without a good token");
    Ok(())
}

#[tokio::test]
async fn a_token_refused_in_mid_life_is_renewed_once_and_the_request_replayed() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let endpoint = stage.endpoint("linear").await?;
    linear.reject_access_tokens();
    let echo = tool("echo", &json!({ "text": "once" }));
    let answers = join_all((0..20).map(|_| endpoint.post(&echo))).await;
    for answer in answers {
        assert_eq!(answer?.tool_text()?, "once");
    }
    assert_eq!(linear.counts().refreshes, 1, "one renewal, however many report it");
    assert_eq!(stage.workload("linear")?.status, Phase::Running);
    Ok(())
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_too_ends_in_a_question_and_not_in_a_loop() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    linear.resource(|rules| rules.refuses_every_token = true);
    for _ in 0..5 {
        let refused = stage.call("linear", &ping()).await?;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "never a 401");
        assert_eq!(refused.header("www-authenticate"), "");
        assert_eq!(refused.json()?["error"]["data"]["status"], "unauthenticated");
    }
    let refused = stage.workload("linear")?;
    assert_eq!((refused.status, refused.reason_code.as_deref()), (Phase::Unauthenticated, Some("refused_by_server")));
    assert_eq!(linear.counts().refreshes, 1);
    stage.clock.advance(Duration::from_hours(2));
    assert_eq!(linear.counts().refreshes, 1, "and time alone brings no other");

    linear.resource(|rules| rules.refuses_every_token = false);
    stage.sign_in("linear").await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_server_that_asks_late_is_served_openly_until_it_asks() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    linear.resource(|rules| {
        rules.challenge = Challenge::Late;
        rules.sessions = false;
    });
    let added = stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    assert_eq!(added["status"], "running");
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);

    let echo = tool("echo", &json!({ "text": "late" }));
    let refused = stage.call("linear", &echo).await?;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("www-authenticate"), "");
    let asked = stage.until("linear", |workload| workload.status == Phase::Unauthenticated).await?;
    assert_eq!(asked.reason_code.as_deref(), Some("sign_in_needed"));

    stage.sign_in("linear").await?;
    assert_eq!(stage.call("linear", &echo).await?.tool_text()?, "late");
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_outlasts_a_callers_patience_is_answered_by_come_again() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let endpoint = stage.endpoint("linear").await?;
    linear.fail(Endpoint::Token, Fault::Hang);
    stage.expire("linear")?;
    soon("the refresh is under way", async {
        while linear.counts().refreshes == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await?;
    let began = stage.clock.now().moment;
    let message = ping();
    let asking = endpoint.post(&message);
    tokio::pin!(asking);
    // Second by second: nobody outside can tell when the caller begins to wait.
    let refused = loop {
        tokio::select! {
            biased;
            answer = &mut asking => break answer?,
            () = tokio::task::yield_now() => stage.clock.advance(Duration::from_secs(1)),
        }
    };
    let waited = stage.clock.now().moment.since(began);
    assert!(waited >= Duration::from_secs(10), "refused after {waited:?}");
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "1");
    linear.recover(Endpoint::Token);
    Ok(())
}

#[tokio::test]
async fn event_streams_pass_through_with_their_comments_and_ids() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    linear.resource(|rules| rules.stream_interval = Duration::from_millis(1));
    let endpoint = stage.endpoint("linear").await?;
    let request = endpoint.request(Method::GET).header("last-event-id", "41").body(<_>::default())?;
    let answer = endpoint.open(request).await?;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body();
    let text = read_until(&mut body, "id: 43\n").await?;
    assert!(text.starts_with("retry: 1000\n\n: still here\n\nid: 42\nevent: message\ndata: "), "{text}");
    drop(body);
    soon("the upstream's stream ends with the client's", async {
        while linear.counts().mcp_answers_open > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await?;

    let mut slow = tool("slow", &json!({ "ms": 4 }));
    slow["params"]["_meta"] = json!({ "progressToken": "p" });
    let text = String::from_utf8(endpoint.post(&slow).await?.body.to_vec())?;
    assert_eq!(text.matches("notifications/progress").count(), 4, "{text}");
    assert!(text.contains("\"done\""), "{text}");
    Ok(())
}

#[tokio::test]
async fn headers_travel_whole_and_the_local_key_stays_here() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let endpoint = stage.endpoint("linear").await?;
    let origin = endpoint.url.trim_end_matches("/linear/mcp").to_owned();
    let request = endpoint
        .request(Method::POST)
        .header("x-odd", "one")
        .header("x-odd", "two")
        .header("mcp-protocol-version", "2025-11-25")
        .header("origin", origin)
        .header("connection", "x-hop")
        .header("x-hop", "gone")
        .body(tool("headers", &json!({})).to_string().into())?;
    let answer = endpoint.send(request).await?;
    let seen: Value = serde_json::from_str(&answer.tool_text()?)?;
    assert_eq!(seen["x-odd"], json!(["one", "two"]));
    assert_eq!(seen["mcp-protocol-version"], json!(["2025-11-25"]));
    let upstream = linear.mcp_url();
    let host = format!("{}:{}", upstream.host_str().context("a host")?, upstream.port().context("a port")?);
    assert_eq!(seen["host"], json!([host]));
    for stays in ["origin", "x-hop"] {
        assert_eq!(seen[stays], Value::Null, "{stays} does not go up");
    }
    assert_eq!(seen["authorization"].as_array().map(Vec::len), Some(1));

    let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {} });
    let opened = endpoint.post(&initialize).await?;
    assert_ne!(opened.header("mcp-session-id"), "", "what the server adds comes down");
    Ok(())
}

#[tokio::test]
async fn what_the_server_itself_says_passes_as_it_is() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::NOT_FOUND, StatusCode::FORBIDDEN] {
        linear.fail_times(Endpoint::Mcp, 1, &Fault::Text(status, "mine".to_owned()));
        let answer = stage.call("linear", &ping()).await?;
        assert_eq!((answer.status, answer.body.as_ref()), (status, b"mine".as_slice()));
    }
    assert_eq!(stage.workload("linear")?.status, Phase::Running);
    Ok(())
}

/// What comes of `body` until `mark` is in it.
async fn read_until(body: &mut Incoming, mark: &str) -> Outcome<String> {
    let mut text = String::new();
    while !text.contains(mark) {
        let frame = soon("the next event", body.frame()).await?.context("the stream ended")??;
        if let Ok(data) = frame.into_data() {
            text.push_str(std::str::from_utf8(&data)?);
        }
    }
    Ok(text)
}
