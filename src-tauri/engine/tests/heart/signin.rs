//! Sign-ins that meet something else halfway.

use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_engine::engine::CallbackPage;
use lamplighter_simulator::{Endpoint, Fault, person};

use crate::stage::Stage;

#[tokio::test]
async fn a_tab_closed_during_the_exchange_does_not_lose_the_login() {
    let stage = Stage::new().await;
    let page = stage.exchanging().await;
    page.abort();
    stage.comes_to(Phase::Running).await;
    stage.refreshes().await;
}

#[tokio::test]
async fn of_two_sign_ins_begun_together_one_remains() {
    let stage = Stage::new().await;
    let (one, other) = tokio::join!(stage.handle.login("linear", true), stage.handle.login("linear", true));
    let mut pages = Vec::new();
    for begun in [one.unwrap(), other.unwrap()] {
        let callback = person::approve(&begun.authorization_url).await.unwrap();
        pages.push(stage.handle.callback(callback.query().unwrap()).await);
    }
    assert!(pages.contains(&CallbackPage::Unknown), "{pages:?}");
    assert!(pages.contains(&CallbackPage::SignedIn("linear".to_owned())), "{pages:?}");
}

#[tokio::test]
async fn a_sign_in_that_replaces_another_is_shown_as_under_way() {
    let stage = Stage::new().await;
    stage.handle.login("linear", true).await.unwrap();
    let second = stage.handle.login("linear", true).await.unwrap();
    stage.handle.retry("linear").await.unwrap();
    tokio::task::yield_now().await;
    assert!(stage.handle.route("linear").unwrap().access().status.signing_in);
    assert!(second.outcome.borrow().is_none());
}

#[tokio::test]
async fn a_sign_in_cancelled_during_the_exchange_brings_no_login() {
    let stage = Stage::new().await;
    let page = stage.exchanging().await;
    stage.handle.cancel_login("linear").await.unwrap();
    let page = page.await.unwrap();
    assert!(matches!(page, CallbackPage::Failed(..)), "{page:?}");
    assert_eq!((stage.phase(), stage.shelf.refresh_token("linear")), (Phase::Unauthenticated, None));
}

#[tokio::test]
async fn a_sign_in_that_ends_while_the_workload_is_removed_leaves_nothing() {
    let stage = Stage::signed_in().await;
    let page = stage.exchanging().await;
    stage.server.fail_times(Endpoint::Revocation, 1, &Fault::Late(Duration::from_millis(600)));
    stage.handle.remove("linear").await.unwrap();
    assert!(matches!(page.await.unwrap(), CallbackPage::Failed(..)));
    assert!(stage.shelf.workload("linear").is_none());
}
