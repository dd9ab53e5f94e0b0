//! Signing in on another device (RFC 8628): when it is polled, and everything that can end it.

use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_core::entry::EntryKind;
use lamplighter_engine::engine::{ControlError, DeviceSignIn, SignInOutcome};
use lamplighter_engine::ports::Clock as _;
use lamplighter_simulator::{DeviceRules, Endpoint, Fault, Outcome, Registration, StatusCode, TokenEvent, person};

use crate::stage::{Stage, soon, workload};

/// A sign-in on another device, which nobody has answered yet.
async fn begun(stage: &Stage) -> DeviceSignIn {
    stage.handle.login_on_device("linear", true).await.unwrap()
}

async fn approve(begun: &DeviceSignIn) {
    person::approve_device(&begun.verification_uri, &begun.user_code).await.unwrap();
}

/// Waits until the next poll is `wait` away, and lets it come; what the server made of it.
async fn poll(stage: &Stage, wait: u64) -> TokenEvent {
    let due = stage.clock.now().moment + Duration::from_secs(wait);
    let polls = stage.server.counts().token_requests;
    soon(|| stage.clock.next_wake() == Some(due)).await;
    stage.clock.advance(Duration::from_millis(wait * 1000 - 1));
    assert_eq!((stage.clock.next_wake(), stage.server.counts().token_requests), (Some(due), polls), "not sooner");
    stage.clock.advance(Duration::from_millis(1));
    soon(|| stage.server.counts().token_requests > polls).await;
    soon(|| stage.server.token_log().last().unwrap().outcome != Outcome::Untouched || faulty(stage)).await;
    stage.server.token_log().pop().unwrap()
}

fn faulty(stage: &Stage) -> bool {
    stage.server.token_log().last().unwrap().fault.is_some()
}

/// How it ended.
async fn ended(mut begun: DeviceSignIn) -> SignInOutcome {
    soon(|| begun.outcome.borrow().is_some()).await;
    begun.outcome.borrow_and_update().clone().unwrap()
}

async fn failed(begun: DeviceSignIn) -> String {
    match ended(begun).await {
        SignInOutcome::Failed(problem) => problem,
        SignInOutcome::SignedIn => panic!("signed in"),
    }
}

/// The words of the journal on sign-ins, oldest first.
async fn journal(stage: &Stage) -> Vec<String> {
    let rows = stage.journal.rows(Some("linear"), None, 100).await.unwrap();
    rows.into_iter().filter(|row| row.kind == EntryKind::Login).filter_map(|row| row.reason_code).collect()
}

#[tokio::test]
async fn a_person_who_approves_is_signed_in_at_the_next_poll() {
    let stage = Stage::new().await;
    let begun = begun(&stage).await;
    assert_eq!(begun.verification_uri, stage.server.url(Endpoint::Verification));
    assert!(begun.verification_uri_complete.as_ref().unwrap().as_str().contains(&begun.user_code));
    assert_eq!(begun.expires_in, Duration::from_mins(10));
    for _ in 0..3 {
        assert_eq!(poll(&stage, 5).await.outcome, Outcome::Refused("authorization_pending"));
    }
    approve(&begun).await;
    assert_eq!(poll(&stage, 5).await.outcome, Outcome::Issued);
    assert_eq!(ended(begun).await, SignInOutcome::SignedIn);
    assert_eq!(stage.phase(), Phase::Running);
    assert_eq!(journal(&stage).await, ["sign_in_started", "signed_in"]);
    let kept = stage.shelf.workload("linear").unwrap();
    assert_eq!(kept.grant.unwrap().account.as_deref(), Some("ada@example.com"));
    assert!(kept.headers.contains_key("x-team"));
    stage.refreshes().await;
}

#[tokio::test]
async fn a_server_that_wants_more_time_gets_it_for_good() {
    let stage = Stage::new().await;
    stage.server.authorization(|rules| rules.devices.as_mut().unwrap().interval = Some(Duration::from_secs(7)));
    let begun = begun(&stage).await;
    poll(&stage, 7).await;
    let busy = Fault::OAuthError(StatusCode::BAD_REQUEST, "slow_down".to_owned());
    stage.server.fail_times(Endpoint::Token, 1, &busy);
    poll(&stage, 7).await;
    poll(&stage, 12).await;
    approve(&begun).await;
    assert_eq!(poll(&stage, 12).await.outcome, Outcome::Issued);
}

#[tokio::test]
async fn bad_weather_doubles_the_wait_until_the_server_answers() {
    let stage = Stage::new().await;
    let begun = begun(&stage).await;
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Reset);
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Page(StatusCode::FORBIDDEN));
    poll(&stage, 5).await;
    poll(&stage, 10).await;
    assert_eq!(poll(&stage, 20).await.outcome, Outcome::Refused("authorization_pending"));
    approve(&begun).await;
    assert_eq!(poll(&stage, 5).await.outcome, Outcome::Issued);
    assert_eq!(ended(begun).await, SignInOutcome::SignedIn);
}

#[tokio::test]
async fn a_poll_without_an_answer_is_given_up_and_the_next_one_comes_later() {
    let stage = Stage::new().await;
    let begun = begun(&stage).await;
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Hang);
    poll(&stage, 5).await;
    stage.clock.advance(Duration::from_secs(30));
    approve(&begun).await;
    assert_eq!(poll(&stage, 10).await.outcome, Outcome::Issued);
}

#[tokio::test]
async fn a_person_who_denies_is_believed() {
    let stage = Stage::new().await;
    let begun = begun(&stage).await;
    person::deny_device(&begun.verification_uri, &begun.user_code).await.unwrap();
    poll(&stage, 5).await;
    assert_eq!(failed(begun).await, "the sign-in was refused there (access_denied)");
    assert_eq!(stage.phase(), Phase::Unauthenticated);
    assert_eq!(journal(&stage).await, ["sign_in_started", "sign_in_failed"]);
}

#[tokio::test]
async fn a_code_that_nobody_enters_expires_here() {
    let stage = Stage::new().await;
    let lifetime = Duration::from_secs(12);
    stage.server.authorization(|rules| rules.devices.as_mut().unwrap().lifetime = lifetime);
    let begun = begun(&stage).await;
    poll(&stage, 5).await;
    poll(&stage, 5).await;
    let end = stage.clock.now().moment + Duration::from_secs(2);
    soon(|| stage.clock.next_wake() == Some(end)).await;
    stage.clock.advance(Duration::from_secs(2));
    assert_eq!(failed(begun).await, "the code has expired before anybody entered it and agreed");
    assert_eq!(stage.server.counts().token_requests, 2, "nobody asks for what is over");
}

#[tokio::test]
async fn a_code_that_the_server_lets_expire_is_over() {
    for word in ["expired_token", "invalid_grant", "invalid_request"] {
        let stage = Stage::new().await;
        let begun = begun(&stage).await;
        let over = Fault::OAuthError(StatusCode::BAD_REQUEST, word.to_owned());
        stage.server.fail_times(Endpoint::Token, 1, &over);
        poll(&stage, 5).await;
        assert!(!failed(begun).await.is_empty(), "{word}");
        assert_eq!(stage.clock.next_wake(), None, "{word} is no reason to ask again");
    }
}

#[tokio::test]
async fn a_sign_in_that_is_cancelled_asks_no_more() {
    let stage = Stage::new().await;
    let begun = begun(&stage).await;
    poll(&stage, 5).await;
    stage.handle.cancel_login("linear").await.unwrap();
    assert_eq!(failed(begun).await, "the sign-in was cancelled");
    soon(|| stage.clock.next_wake().is_none()).await;
    assert!(!stage.handle.route("linear").unwrap().access().status.signing_in);
}

#[tokio::test]
async fn a_newer_sign_in_takes_its_place() {
    let stage = Stage::new().await;
    let first = begun(&stage).await;
    let second = begun(&stage).await;
    assert_eq!(failed(first).await, "another sign-in was begun");
    let callback = stage.approved().await;
    assert_eq!(failed(second).await, "another sign-in was begun");
    stage.handle.callback(&callback).await;
    stage.comes_to(Phase::Running).await;
}

#[tokio::test]
async fn a_poll_that_brings_tokens_while_the_engine_stops_is_kept() {
    let stage = Stage::new().await;
    let begun = begun(&stage).await;
    approve(&begun).await;
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    poll(&stage, 5).await;
    let stage = stage.again().await;
    assert_eq!(ended(begun).await, SignInOutcome::SignedIn);
    stage.comes_to(Phase::Running).await;
    stage.refreshes().await;
}

#[tokio::test]
async fn an_engine_that_stops_waits_for_nobody() {
    let stage = Stage::new().await;
    let waiting = begun(&stage).await;
    let stage = stage.again().await;
    assert_eq!(failed(waiting).await, "the engine stopped");

    let asking = begun(&stage).await;
    let busy = Fault::Delay(Duration::from_millis(300));
    stage.server.fail_times(Endpoint::Token, 1, &busy);
    let due = stage.clock.now().moment + Duration::from_secs(5);
    soon(|| stage.clock.next_wake() == Some(due)).await;
    stage.clock.advance(Duration::from_secs(5));
    soon(|| stage.server.counts().token_requests == 1).await;
    let _stage = stage.again().await;
    assert_eq!(failed(asking).await, "the engine stopped");
}

#[tokio::test]
async fn a_server_without_it_says_so_and_what_to_do_instead() {
    let stage = Stage::new().await;
    stage.server.authorization(|rules| rules.devices = None);
    let refused = stage.handle.login_on_device("linear", true).await.unwrap_err();
    let ControlError::SignIn(error) = refused else { panic!("{refused:?}") };
    assert!(error.problem.contains("does not offer to sign in on another device"), "{}", error.problem);
    assert!(error.hint.unwrap().contains("--no-browser"));
    assert_eq!(stage.server.counts().registrations, 0, "nobody registers in vain");
}

#[tokio::test]
async fn a_registration_made_without_the_device_grant_is_made_afresh() {
    let stage = Stage::new().await;
    let devices = DeviceRules { lifetime: Duration::from_mins(10), interval: None, complete: false };
    stage.server.authorization(|rules| rules.devices = None);
    stage.handle.login("linear", true).await.unwrap();
    stage.server.authorization(|rules| rules.devices = Some(devices));
    let first = begun(&stage).await;
    assert_eq!(first.verification_uri_complete, None);
    assert_eq!(stage.server.counts().registrations, 2);
    begun(&stage).await;
    stage.handle.login("linear", true).await.unwrap();
    assert_eq!(stage.server.counts().registrations, 2, "it serves both");
}

#[tokio::test]
async fn a_registration_that_the_server_lost_is_made_afresh_by_the_next_sign_in() {
    let stage = Stage::new().await;
    begun(&stage).await;
    stage.server.forget_clients();
    let refused = stage.handle.login_on_device("linear", true).await.unwrap_err();
    assert!(refused.to_string().contains("invalid_client"), "{refused}");
    begun(&stage).await;
    assert_eq!(stage.server.counts().registrations, 2);
}

#[tokio::test]
async fn a_client_registered_by_hand_is_used_as_it_is() {
    let stage = Stage::new().await;
    stage.server.authorization(|rules| rules.registration = Registration::Absent);
    let client = stage.server.register_client(&[], true);
    stage.handle.remove("linear").await.unwrap();
    let by_hand = workload(&stage.server);
    let secret = client.secret.map(Into::into);
    stage
        .handle
        .add(lamplighter_engine::engine::NewWorkload { client_id: Some(client.id), client_secret: secret, ..by_hand })
        .await
        .unwrap();
    let begun = begun(&stage).await;
    approve(&begun).await;
    assert_eq!(poll(&stage, 5).await.outcome, Outcome::Issued);
    assert_eq!(ended(begun).await, SignInOutcome::SignedIn);
}
