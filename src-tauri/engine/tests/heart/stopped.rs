//! A workload that was not started since the engine was: its secrets are unread, and none the less there.

use lamplighter_core::Phase;
use lamplighter_engine::engine::{CallbackPage, Revocation};

use crate::stage::Stage;

async fn stopped() -> Stage {
    let stage = Stage::signed_in().await;
    stage.handle.stop("linear").await.unwrap();
    let stage = stage.again().await;
    assert_eq!(stage.phase(), Phase::Stopped);
    stage
}

#[tokio::test]
async fn its_sign_out_revokes_the_login_and_keeps_the_headers() {
    let stage = stopped().await;
    assert_eq!(stage.handle.logout("linear").await.unwrap(), Revocation::Revoked);
    let kept = stage.shelf.workload("linear").unwrap();
    assert!(kept.grant.is_none());
    assert!(kept.headers.contains_key("x-team"));
}

#[tokio::test]
async fn its_sign_in_keeps_the_headers() {
    let stage = stopped().await;
    let callback = stage.approved().await;
    assert_eq!(stage.handle.callback(&callback).await, CallbackPage::SignedIn("linear".to_owned()));
    let kept = stage.shelf.workload("linear").unwrap();
    assert!(kept.grant.is_some());
    assert!(kept.headers.contains_key("x-team"));
}

#[tokio::test]
async fn its_removal_revokes_the_login_and_leaves_nothing() {
    let stage = stopped().await;
    assert_eq!(stage.handle.remove("linear").await.unwrap(), Revocation::Revoked);
    assert!(stage.shelf.workload("linear").is_none());
}
