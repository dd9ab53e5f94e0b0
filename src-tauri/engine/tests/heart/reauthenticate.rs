//! A login that is renewed at the person's word: quietly where that can help, else in the browser.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_engine::engine::{ControlError, Reauthentication, SignIn, SignInOutcome};
use lamplighter_simulator::{Endpoint, Fault, GrantType, Server, StatusCode, World, person};

use crate::stage::{Stage, machine, soon};

async fn browser(stage: &Stage) -> SignIn {
    match stage.handle.reauthenticate("linear").await.unwrap() {
        Reauthentication::SignIn(begun) => begun,
        Reauthentication::SignedIn => panic!("a refresh did it"),
    }
}

async fn quiet(stage: &Stage, name: &str) {
    let renewed = stage.handle.reauthenticate(name).await.unwrap();
    assert!(matches!(renewed, Reauthentication::SignedIn), "{renewed:?}");
}

fn asked(server: &Server) -> Vec<GrantType> {
    server.token_log().iter().map(|event| event.grant_type).collect()
}

#[tokio::test]
async fn a_login_that_can_be_refreshed_is_refreshed_once() {
    let stage = Stage::signed_in().await;
    let before = stage.shelf.refresh_token("linear");
    quiet(&stage, "linear").await;
    assert_ne!(stage.shelf.refresh_token("linear"), before);
    assert_eq!(asked(&stage.server), [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    assert_eq!(stage.server.counts().authorization_requests, 1, "nobody was asked");
}

#[tokio::test]
async fn an_outage_that_is_over_is_mended_without_the_person() {
    let stage = Stage::signed_in().await;
    stage.server.fail(Endpoint::Token, Fault::Page(StatusCode::FORBIDDEN));
    while stage.phase() != Phase::AuthRetrying {
        stage.clock.advance(Duration::from_mins(5));
        tokio::task::yield_now().await;
    }
    stage.server.recover(Endpoint::Token);
    quiet(&stage, "linear").await;
    assert_eq!(stage.phase(), Phase::Running);
}

#[tokio::test]
async fn a_refresh_that_fails_leads_to_the_browser_and_is_not_repeated() {
    let stage = Stage::signed_in().await;
    stage.server.fail(Endpoint::Token, Fault::Page(StatusCode::FORBIDDEN));
    let begun = browser(&stage).await;
    assert_eq!(asked(&stage.server), [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    stage.server.recover(Endpoint::Token);
    person::sign_in(&begun.authorization_url).await.unwrap();
    let mut outcome = begun.outcome;
    assert_eq!(*outcome.wait_for(Option::is_some).await.unwrap(), Some(SignInOutcome::SignedIn));
}

#[tokio::test]
async fn a_login_that_the_server_has_ended_goes_straight_to_the_browser() {
    let stage = Stage::signed_in().await;
    stage.server.revoke_grants();
    stage.handle.retry("linear").await.unwrap();
    stage.comes_to(Phase::Unauthenticated).await;
    let before = asked(&stage.server);
    browser(&stage).await;
    assert_eq!(asked(&stage.server), before, "an ended refresh token is never sent again");
}

#[tokio::test]
async fn a_login_that_the_server_ends_at_this_very_refresh_goes_on_in_the_browser() {
    let stage = Stage::signed_in().await;
    stage.server.revoke_grants();
    browser(&stage).await;
    assert_eq!(asked(&stage.server), [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    assert_eq!(stage.phase(), Phase::Unauthenticated);
}

#[tokio::test]
async fn where_nobody_has_signed_in_there_is_nothing_to_refresh() {
    let stage = Stage::new().await;
    browser(&stage).await;
    assert_eq!(asked(&stage.server), []);
}

#[tokio::test]
async fn a_refresh_in_flight_is_waited_for() {
    let stage = Stage::signed_in().await;
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    stage.handle.retry("linear").await.unwrap();
    soon(|| stage.server.counts().refreshes == 1).await;
    quiet(&stage, "linear").await;
    assert_eq!(stage.server.counts().refreshes, 1);
}

#[tokio::test]
async fn two_who_ask_together_share_one_refresh() {
    let stage = Stage::signed_in().await;
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    tokio::join!(quiet(&stage, "linear"), quiet(&stage, "linear"));
    assert_eq!(stage.server.counts().refreshes, 1);
}

#[tokio::test]
async fn two_who_ask_together_share_one_sign_in() {
    let stage = Stage::new().await;
    let (one, other) = tokio::join!(browser(&stage), browser(&stage));
    assert_eq!(one.authorization_url, other.authorization_url);
    person::sign_in(&one.authorization_url).await.unwrap();
    let (mut one, mut other) = (one.outcome, other.outcome);
    assert_eq!(*one.wait_for(Option::is_some).await.unwrap(), Some(SignInOutcome::SignedIn));
    assert_eq!(*other.wait_for(Option::is_some).await.unwrap(), Some(SignInOutcome::SignedIn));
}

#[tokio::test]
async fn a_sign_in_can_be_cancelled_and_begun_anew() {
    let stage = Stage::new().await;
    let first = browser(&stage).await;
    stage.handle.cancel_login("linear").await.unwrap();
    let second = browser(&stage).await;
    assert_ne!(first.authorization_url, second.authorization_url);
    assert!(matches!(&*first.outcome.borrow(), Some(SignInOutcome::Failed(_))));
    assert!(second.outcome.borrow().is_none());
}

#[tokio::test]
async fn a_refresh_that_hangs_is_waited_for_no_longer_than_an_attempt() {
    let stage = Stage::signed_in().await;
    stage.server.fail(Endpoint::Token, Fault::Hang);
    let handle = stage.handle.clone();
    let asked = tokio::spawn(async move { handle.reauthenticate("linear").await });
    soon(|| stage.server.counts().token_requests == 2).await;
    stage.clock.advance(Duration::from_secs(31));
    let renewed = asked.await.unwrap().unwrap();
    assert!(matches!(renewed, Reauthentication::SignIn(_)), "{renewed:?}");
    assert_eq!(stage.server.counts().token_requests, 2);
}

#[tokio::test]
async fn more_access_is_asked_of_the_person() {
    let stage = Stage::signed_in().await;
    stage
        .handle
        .route("linear")
        .unwrap()
        .report(lamplighter_core::Event::ScopeChallenged { scopes: vec!["admin".into()] });
    soon(|| !stage.handle.workload("linear").unwrap().conditions.is_empty()).await;
    browser(&stage).await;
    assert_eq!(stage.server.counts().refreshes, 0, "a refresh brings no more access");
}

#[tokio::test]
async fn a_store_that_was_locked_is_asked_again() {
    let stage = Stage::signed_in().await;
    stage.shelf.locked.store(true, Ordering::SeqCst);
    let stage = stage.again().await;
    let reason = |stage: &Stage| stage.handle.workload("linear").unwrap().reason_code;
    soon(|| reason(&stage).as_deref() == Some("store_locked")).await;
    assert_eq!(stage.handle.snapshot().conditions[0].code, "store_locked");
    stage.shelf.locked.store(false, Ordering::SeqCst);
    quiet(&stage, "linear").await;
    assert_eq!((stage.phase(), asked(&stage.server).len()), (Phase::Running, 1), "its token is still good");
    assert_eq!(stage.handle.snapshot().conditions, []);
}

#[tokio::test]
async fn what_is_stopped_is_left_alone() {
    let stage = Stage::signed_in().await;
    stage.handle.stop("linear").await.unwrap();
    let refused = stage.handle.reauthenticate("linear").await;
    assert!(matches!(refused, Err(ControlError::Stopped(_))), "{refused:?}");
}

#[tokio::test]
async fn client_credentials_are_used_again_and_never_lead_to_the_browser() {
    let stage = Stage::new().await;
    let server = World::new().server("machine").unwrap();
    stage.handle.add(machine(&server)).await.unwrap();
    let phase = || stage.handle.workload("machine").unwrap().status;
    soon(|| server.counts().tokens_issued == 1 && phase() == Phase::Running).await;
    quiet(&stage, "machine").await;
    assert_eq!(asked(&server), [GrantType::ClientCredentials, GrantType::ClientCredentials]);

    server.forget_clients();
    let refused = stage.handle.reauthenticate("machine").await;
    assert!(matches!(&refused, Err(ControlError::SignIn(error)) if error.hint.is_some()), "{refused:?}");
    assert_eq!(asked(&server).len(), 3);
}
