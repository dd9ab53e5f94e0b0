//! Servers that mean harm: endless bodies, heads of megabytes, compressed bombs, detours, and silence.

use std::time::Duration;

use futures_util::StreamExt as _;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use lamplighter_core::Phase;
use lamplighter_simulator::{Endpoint, Fault, RefreshTokens, Server};
use serde_json::json;

use crate::support::{Outcome, Stage, ping, soon};

/// What comes to its end without anybody's patience, and what it is called.
fn attacks(elsewhere: &Server, endpoint: Endpoint) -> [(Fault, &'static str); 5] {
    // Another host, by its name: a detour on the same one is followed to a document.
    let mut detour = elsewhere.url(endpoint);
    detour.set_host(Some("localhost")).unwrap();
    [
        (Fault::Endless, "unreadable_answer"),
        (Fault::Oversized, "unreadable_answer"),
        (Fault::Headers, "malformed_answer"),
        (Fault::Compressed, "unreadable_answer"),
        (Fault::Redirect(StatusCode::TEMPORARY_REDIRECT, detour.into()), "captive_portal"),
    ]
}

/// Asks for a sign-in that has to fail; the problem document.
async fn refused_sign_in(stage: &Stage) -> Outcome<serde_json::Value> {
    let answer = stage.api(Method::POST, "/workloads/linear/login", &json!({})).await?;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_hostile_token_endpoint_ends_no_login() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let elsewhere = stage.server("elsewhere")?;
    for (attack, code) in attacks(&elsewhere, Endpoint::Token) {
        linear.fail_times(Endpoint::Token, 1, &attack);
        let after = stage.next_attempt("linear").await?;
        assert_eq!(after.status, Phase::Running, "after {attack:?}");
        assert_eq!(after.reason_code.as_deref(), Some(code), "after {attack:?}");
        assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK, "after {attack:?}");
        assert_eq!(stage.next_attempt("linear").await?.reason_code, None, "after {attack:?}");
    }
    assert_eq!(elsewhere.counts().token_requests, 0, "the refresh token did not travel");
    assert_eq!(linear.counts().reuse_detected, 0);
    Ok(())
}

#[tokio::test]
async fn an_answer_after_the_deadline_is_asked_for_again() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.server("linear")?;
    linear.authorization(|rules| rules.refresh_tokens = RefreshTokens::Rotated { grace: Duration::from_mins(5) });
    stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
    stage.sign_in("linear").await?;
    let issued = linear.counts().tokens_issued;
    linear.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_secs(1)));
    stage.pass_to(stage.workload("linear")?.next_attempt_at.unwrap_or_default());
    soon("the token to be rotated", async {
        while linear.counts().tokens_issued == issued {
            tokio::task::yield_now().await;
        }
    })
    .await?;
    stage.clock.advance(Duration::from_secs(30));
    let given_up = stage.until("linear", |workload| workload.reason_code.as_deref() == Some("timeout")).await?;
    assert_eq!(given_up.status, Phase::Running, "the token at hand still serves");
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    let after = stage.next_attempt("linear").await?;
    assert_eq!((after.status, after.reason_code), (Phase::Running, None));
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);
    assert_eq!((linear.counts().refreshes, linear.counts().reuse_detected), (2, 0));
    Ok(())
}

#[tokio::test]
async fn hostile_metadata_and_registration_are_refused_and_forgotten() -> Outcome {
    for endpoint in [Endpoint::ResourceMetadata, Endpoint::ServerMetadata, Endpoint::Registration] {
        let stage = Stage::set().await?;
        let linear = stage.server("linear")?;
        let elsewhere = stage.server("elsewhere")?;
        stage.add(&json!({ "name": "linear", "url": linear.mcp_url() })).await?;
        for (attack, _) in attacks(&elsewhere, endpoint) {
            linear.fail(endpoint, attack.clone());
            let problem = refused_sign_in(&stage).await?;
            let detail = problem["detail"].as_str().unwrap_or_default();
            assert!((20..1_000).contains(&detail.len()), "a sentence after {attack:?} at {endpoint:?}: {problem}");
            linear.recover(endpoint);
        }
        let counts = elsewhere.counts();
        assert_eq!((counts.metadata_requests, counts.registrations), (0, 0), "no detour is followed");

        // Silence ends with the time for it.
        linear.fail(endpoint, Fault::Hang);
        let mut asked = std::pin::pin!(refused_sign_in(&stage));
        let problem = soon("the end of the sign-in", async {
            loop {
                tokio::select! {
                    biased;
                    problem = &mut asked => break problem,
                    () = tokio::task::yield_now() => stage.clock.advance(Duration::from_millis(100)),
                }
            }
        });
        let problem = problem.await??;
        assert!(problem["detail"].is_string(), "{problem}");
        linear.recover(endpoint);
        assert_eq!(stage.sign_in("linear").await?.status, Phase::Running, "after {endpoint:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_hostile_mcp_server_harms_nobody_but_its_own_callers() -> Outcome {
    let stage = Stage::set().await?;
    let linear = stage.signed_in("linear").await?;
    let notion = stage.signed_in("notion").await?;
    let elsewhere = stage.server("elsewhere")?;

    // A head that is too long is no answer.
    linear.fail_times(Endpoint::Mcp, 1, &Fault::Headers);
    let refused = stage.call("linear", &ping()).await?;
    assert_eq!(refused.status, StatusCode::BAD_GATEWAY, "{refused:?}");
    assert_eq!(refused.json()?["error"]["code"], -32002);
    stage.until("linear", |workload| workload.status == Phase::Unhealthy).await?;
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::OK);

    // What is compressed passes as it came: unpacking is the client's choice.
    linear.fail_times(Endpoint::Mcp, 1, &Fault::Compressed);
    let packed = stage.call("linear", &ping()).await?;
    assert_eq!((packed.status, packed.header("content-encoding")), (StatusCode::OK, "gzip"));
    assert!(packed.body.len() < 1 << 20, "{} bytes", packed.body.len());

    // A detour is the client's to take, without the token.
    let detour = Fault::Redirect(StatusCode::TEMPORARY_REDIRECT, elsewhere.mcp_url().into());
    linear.fail_times(Endpoint::Mcp, 1, &detour);
    assert_eq!(stage.call("linear", &ping()).await?.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(elsewhere.counts().mcp_requests, 0);

    // Silence lasts as long as its caller's patience, and is nobody else's.
    linear.fail_times(Endpoint::Mcp, 1, &Fault::Hang);
    let (endpoint, unheard) = (stage.endpoint("linear").await?, ping());
    let others = async { anyhow::Ok([stage.call("notion", &ping()).await?, stage.call("linear", &ping()).await?]) };
    tokio::select! {
        biased;
        answer = endpoint.post(&unheard) => anyhow::bail!("nobody answered, and yet: {answer:?}"),
        others = others => assert!(others?.iter().all(|answer| answer.status == StatusCode::OK)),
    }

    // A body without end reaches whoever reads it, and ends with them.
    linear.fail_times(Endpoint::Mcp, 1, &Fault::Endless);
    let request = endpoint.request(Method::POST).body(ping().to_string().into())?;
    let mut body = endpoint.open(request).await?.into_body().into_data_stream();
    let mut read = 0;
    while read < 4 << 20 {
        read += soon("more of it", body.next()).await?.map_or(Ok(0), |piece| piece.map(|piece| piece.len()))?;
    }
    drop(body);
    soon("the server to be rid of it", async {
        while linear.counts().mcp_answers_open > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await?;

    for name in ["linear", "notion"] {
        assert_eq!(stage.call(name, &ping()).await?.status, StatusCode::OK);
        assert_eq!(stage.workload(name)?.status, Phase::Running);
    }
    assert_eq!((linear.counts().authorization_requests, notion.counts().authorization_requests), (1, 1));
    Ok(())
}
