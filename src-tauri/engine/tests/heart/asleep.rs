//! The machine falls asleep and wakes, and its network changes.

use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_engine::engine::{CallbackPage, SignInOutcome};
use lamplighter_engine::ports::Clock as _;
use lamplighter_simulator::{Endpoint, Fault, person};

use crate::stage::{Stage, soon};

#[tokio::test]
async fn sleep_is_held_back_until_a_renewed_login_is_stored() {
    let stage = Stage::signed_in().await;
    let before = stage.shelf.refresh_token("linear");
    assert_eq!(*stage.teller.busy.borrow(), 0, "what is done holds nothing back");
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    stage.handle.retry("linear").await.unwrap();
    soon(|| *stage.teller.busy.borrow() == 1).await;
    stage.teller.falls_asleep().await;
    assert_ne!(stage.shelf.refresh_token("linear"), before, "it was finished, and stored before sleep may come");
    assert_eq!(stage.phase(), Phase::Running);
}

#[tokio::test]
async fn nothing_is_begun_once_sleep_is_announced() {
    let stage = Stage::signed_in().await;
    let asked = || stage.server.counts().token_requests;
    let before = asked();
    stage.teller.falls_asleep().await;
    // The renewal falls due, and the person asks too.
    stage.clock.advance(Duration::from_mins(57));
    stage.handle.retry("linear").await.unwrap();
    let unsent = || stage.handle.workload("linear").unwrap().conditions.iter().any(|it| it.code == "offline");
    soon(unsent).await;
    assert_eq!((asked(), *stage.teller.busy.borrow()), (before, 0));
    assert_eq!(stage.phase(), Phase::Running, "an attempt that was not made is no trouble");

    stage.clock.sleep_machine(Duration::from_hours(8));
    stage.teller.wakes();
    soon(|| asked() == before + 1).await;
    stage.comes_to(Phase::Running).await;
}

#[tokio::test]
async fn a_browser_that_comes_back_as_the_machine_falls_asleep_waits() {
    let stage = Stage::new().await;
    let callback = stage.approved().await;
    stage.teller.falls_asleep().await;
    let handle = stage.handle.clone();
    let page = tokio::spawn(async move { handle.callback(&callback).await });
    settles().await;
    assert_eq!((stage.server.counts().token_requests, *stage.teller.busy.borrow()), (0, 0));
    stage.teller.wakes();
    assert_eq!(page.await.unwrap(), CallbackPage::SignedIn("linear".to_owned()));
}

#[tokio::test]
async fn a_sign_in_on_another_device_is_not_asked_about_while_the_machine_sleeps() {
    let stage = Stage::new().await;
    let mut begun = stage.handle.login_on_device("linear", true).await.unwrap();
    person::approve_device(&begun.verification_uri, &begun.user_code).await.unwrap();
    soon(|| stage.clock.next_wake().is_some()).await;
    stage.teller.falls_asleep().await;
    stage.clock.advance(Duration::from_secs(5));
    settles().await;
    assert_eq!((stage.server.counts().token_requests, *stage.teller.busy.borrow()), (0, 0));
    stage.teller.wakes();
    soon(|| begun.outcome.borrow().is_some()).await;
    assert_eq!(begun.outcome.borrow_and_update().clone(), Some(SignInOutcome::SignedIn));
}

#[tokio::test]
async fn sleep_waits_for_the_answer_that_signs_in_another_device() {
    let stage = Stage::new().await;
    let begun = stage.handle.login_on_device("linear", true).await.unwrap();
    person::approve_device(&begun.verification_uri, &begun.user_code).await.unwrap();
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    let due = stage.clock.now().moment + Duration::from_secs(5);
    soon(|| stage.clock.next_wake() == Some(due)).await;
    stage.clock.advance(Duration::from_secs(5));
    soon(|| stage.server.counts().token_requests == 1).await;
    stage.teller.falls_asleep().await;
    assert!(stage.shelf.refresh_token("linear").is_some(), "it is kept before sleep may come");
    drop(begun);
}

/// Lets everything run that can.
async fn settles() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}
