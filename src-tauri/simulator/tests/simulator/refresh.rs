//! Rotation, reuse, expiry, revocation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lamplighter_simulator::{
    AccessTokenForm, Endpoint, ExpiresIn, GrantType, Outcome as Became, RefreshTokens, Server, World,
};
use serde_json::{Value, json};

use crate::client::{Client, Tokens, post_form, refusal, tokens};
use crate::mcp::call;
use crate::raw::Outcome;

/// A world on a clock that only the test moves.
fn world() -> (World, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(1000));
    let reading = seconds.clone();
    let clock = Arc::new(move || Duration::from_secs(reading.load(Ordering::SeqCst)));
    (World::with_clock(clock, jiff::Timestamp::UNIX_EPOCH), seconds)
}

async fn signed_in(world: &World) -> Outcome<(Server, Client, Tokens, String)> {
    let server = world.server("linear")?;
    let client = Client::register(&server).await?;
    let first = client.sign_in().await?;
    let refresh = first.refresh.clone().ok_or("no refresh token")?;
    Ok((server, client, first, refresh))
}

fn ended() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[tokio::test]
async fn a_refresh_rotates_and_the_new_token_works() -> Outcome {
    let world = World::new();
    let (server, client, first, refresh) = signed_in(&world).await?;
    let second = tokens(&client.refresh(&refresh).await?)?;
    let third = tokens(&client.refresh(second.refresh.as_deref().ok_or("not rotated")?).await?)?;
    assert_ne!(first.access, second.access);
    assert_ne!(second.refresh, third.refresh);
    assert_eq!(call(&server, Some(&third.access), "echo").await?.status, 200);
    assert_eq!(server.counts().refreshes, 2);
    assert_eq!(server.counts().token_requests, 3);
    assert_eq!(server.counts().tokens_issued, 3);
    assert_eq!(server.counts().refreshes_in_flight_max, 1);
    Ok(())
}

#[tokio::test]
async fn a_rotated_token_used_again_ends_the_whole_grant() -> Outcome {
    let world = World::new();
    let (server, client, first, refresh) = signed_in(&world).await?;
    let second = tokens(&client.refresh(&refresh).await?)?;
    assert_eq!(refusal(&client.refresh(&refresh).await?)?, ended());
    assert_eq!(server.counts().reuse_detected, 1);
    assert_eq!(refusal(&client.refresh(&second.refresh.ok_or("not rotated")?).await?)?, ended());
    for access in [first.access, second.access] {
        assert_eq!(call(&server, Some(&access), "echo").await?.status, 401);
    }
    Ok(())
}

#[tokio::test]
async fn within_the_grace_a_rotated_token_is_good_once_more() -> Outcome {
    let (world, seconds) = world();
    let (server, client, _, refresh) = signed_in(&world).await?;
    server.authorization(|rules| rules.refresh_tokens = RefreshTokens::Rotated { grace: Duration::from_secs(30) });
    tokens(&client.refresh(&refresh).await?)?;
    seconds.fetch_add(29, Ordering::SeqCst);
    tokens(&client.refresh(&refresh).await?)?;
    seconds.fetch_add(1, Ordering::SeqCst);
    assert_eq!(refusal(&client.refresh(&refresh).await?)?, ended());
    assert_eq!(server.counts().reuse_detected, 1);
    Ok(())
}

#[tokio::test]
async fn a_kept_refresh_token_is_left_out_of_the_answer() -> Outcome {
    let world = World::new();
    let (server, client, _, refresh) = signed_in(&world).await?;
    server.authorization(|rules| rules.refresh_tokens = RefreshTokens::Kept);
    for _ in 0..3 {
        assert_eq!(tokens(&client.refresh(&refresh).await?)?.refresh, None);
    }
    server.authorization(|rules| rules.refresh_tokens = RefreshTokens::Absent);
    assert_eq!(client.sign_in().await?.refresh, None);
    Ok(())
}

#[tokio::test]
async fn access_tokens_expire_by_the_clock_of_the_world() -> Outcome {
    let (world, seconds) = world();
    let (server, client, first, refresh) = signed_in(&world).await?;
    seconds.fetch_add(3599, Ordering::SeqCst);
    assert_eq!(call(&server, Some(&first.access), "echo").await?.status, 200);
    seconds.fetch_add(1, Ordering::SeqCst);
    let refused = call(&server, Some(&first.access), "echo").await?;
    assert_eq!(refused.status, 401);
    assert!(refused.field("www-authenticate").is_some_and(|value| value.contains(r#"error="invalid_token""#)));
    let second = tokens(&client.refresh(&refresh).await?)?;
    assert_eq!(call(&server, Some(&second.access), "echo").await?.status, 200);
    assert_eq!(server.counts().mcp_unauthorized, 1);
    let last = server.token_log().pop().ok_or("no log")?;
    assert_eq!(last.at, Duration::from_secs(4600));
    assert_eq!((last.grant_type, last.outcome, last.fault), (GrantType::RefreshToken, Became::Issued, None));
    Ok(())
}

#[tokio::test]
async fn revoking_grants_is_heard_at_the_next_refresh() -> Outcome {
    let world = World::new();
    let (server, client, first, refresh) = signed_in(&world).await?;
    server.revoke_grants();
    assert_eq!(call(&server, Some(&first.access), "echo").await?.status, 200);
    assert_eq!(refusal(&client.refresh(&refresh).await?)?, ended());
    assert_eq!(server.token_log().pop().map(|event| event.outcome), Some(Became::Refused("invalid_grant")));
    assert_eq!(call(&server, Some(&client.sign_in().await?.access), "echo").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn rejected_access_tokens_are_replaced_by_a_refresh() -> Outcome {
    let world = World::new();
    let (server, client, first, refresh) = signed_in(&world).await?;
    server.reject_access_tokens();
    assert_eq!(call(&server, Some(&first.access), "echo").await?.status, 401);
    let second = tokens(&client.refresh(&refresh).await?)?;
    assert_eq!(call(&server, Some(&second.access), "echo").await?.status, 200);
    server.resource(|rules| rules.refuses_every_token = true);
    assert_eq!(call(&server, Some(&second.access), "echo").await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn a_forgotten_client_is_invalid() -> Outcome {
    let world = World::new();
    let (server, client, _, refresh) = signed_in(&world).await?;
    server.forget_clients();
    assert_eq!(refusal(&client.refresh(&refresh).await?)?, (401, "invalid_client".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_refresh_cannot_widen_the_scope_nor_change_the_client() -> Outcome {
    let world = World::new();
    let (server, client, _, refresh) = signed_in(&world).await?;
    let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", "admin")];
    assert_eq!(refusal(&client.ask(&form).await?)?, (400, "invalid_scope".to_owned()));
    let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", "read")];
    let narrowed = client.ask(&form).await?;
    assert_eq!(narrowed.json()?["scope"], "read");
    let refresh = tokens(&narrowed)?.refresh.ok_or("not rotated")?;
    let other = Client::register(&server).await?;
    assert_eq!(refusal(&other.refresh(&refresh).await?)?, ended());
    assert_eq!(server.counts().reuse_detected, 0);
    // The grant itself is as wide as ever (RFC 6749 section 6).
    assert_eq!(client.refresh(&refresh).await?.json()?["scope"], "read write offline_access");
    Ok(())
}

#[tokio::test]
async fn revocation_of_a_refresh_token_ends_the_grant() -> Outcome {
    let world = World::new();
    let (server, client, first, refresh) = signed_in(&world).await?;
    let endpoint = server.url(Endpoint::Revocation);
    let revoke = async |token: &str| post_form(&endpoint, &[], &[("token", token), ("client_id", &client.id)]).await;
    assert_eq!(revoke("unknown").await?.status, 200);
    assert_eq!(server.counts().revocations, 0);
    assert_eq!(revoke(&refresh).await?.status, 200);
    assert_eq!(server.counts().revocations, 1);
    assert_eq!(refusal(&client.refresh(&refresh).await?)?, ended());
    assert_eq!(call(&server, Some(&first.access), "echo").await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn revocation_of_an_access_token_ends_it_alone_and_only_for_its_client() -> Outcome {
    let world = World::new();
    let (server, client, first, refresh) = signed_in(&world).await?;
    let endpoint = server.url(Endpoint::Revocation);
    let other = Client::register(&server).await?;
    for (id, status, revocations) in [(&other.id, 200, 0), (&client.id, 401, 1)] {
        let form = [("token", first.access.as_str()), ("client_id", id.as_str())];
        assert_eq!(post_form(&endpoint, &[], &form).await?.status, 200);
        assert_eq!(call(&server, Some(&first.access), "echo").await?.status, status);
        assert_eq!(server.counts().revocations, revocations);
    }
    let form = [("token", refresh.as_str()), ("client_id", other.id.as_str())];
    assert_eq!(post_form(&endpoint, &[], &form).await?.status, 200);
    tokens(&client.refresh(&refresh).await?)?;
    Ok(())
}

#[tokio::test]
async fn expires_in_is_what_the_rules_say() -> Outcome {
    let world = World::new();
    let (server, client, _, mut refresh) = signed_in(&world).await?;
    for (said, seen) in [
        (ExpiresIn::Number, json!(3600)),
        (ExpiresIn::Text, json!("3600")),
        (ExpiresIn::Omitted, Value::Null),
        (ExpiresIn::Json(json!(-1)), json!(-1)),
    ] {
        server.authorization(|rules| rules.expires_in = said);
        let answer = client.refresh(&refresh).await?;
        assert_eq!(answer.json()?["expires_in"], seen);
        refresh = tokens(&answer)?.refresh.ok_or("not rotated")?;
    }
    Ok(())
}

#[tokio::test]
async fn a_jwt_says_when_it_expires_and_carries_the_canary() -> Outcome {
    use base64::Engine as _;
    let world = World::new();
    let server = world.server("linear")?;
    server.authorization(|rules| rules.access_tokens = AccessTokenForm::Jwt);
    let client = Client::register(&server).await?;
    let access = client.sign_in().await?.access;
    let parts: Vec<&str> = access.split('.').collect();
    let [_, claims, mark] = parts[..] else { return Err("no JWT".into()) };
    assert!(mark.starts_with("lamp-canary-at-"));
    let claims: Value = serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims)?)?;
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(3600));
    assert_eq!(call(&server, Some(&access), "echo").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_date_is_the_worlds_and_can_run_ahead() -> Outcome {
    let (world, _) = world();
    let (server, client, _, refresh) = signed_in(&world).await?;
    let right = client.refresh("unknown").await?;
    assert_eq!(right.field("date"), Some("Thu, 01 Jan 1970 00:16:40 GMT"));
    server.authorization(|rules| rules.date_ahead = jiff::SignedDuration::from_hours(2));
    let wrong = client.refresh(&refresh).await?;
    assert_eq!(wrong.field("date"), Some("Thu, 01 Jan 1970 02:16:40 GMT"));
    Ok(())
}
