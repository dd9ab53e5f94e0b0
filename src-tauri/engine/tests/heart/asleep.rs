//! The machine falls asleep and wakes, and its network changes.

use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_simulator::{Endpoint, Fault};

use crate::stage::{Stage, soon};

#[tokio::test]
async fn sleep_is_held_back_until_a_renewed_login_is_stored() {
    let stage = Stage::signed_in().await;
    let before = stage.shelf.refresh_token("linear");
    assert_eq!(*stage.teller.busy.borrow(), 0, "what is done holds nothing back");
    stage.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
    stage.handle.retry("linear").await.unwrap();
    soon(|| *stage.teller.busy.borrow() == 1).await;
    stage.teller.falling_asleep.send_replace(true);
    soon(|| *stage.teller.busy.borrow() == 0).await;
    assert_ne!(stage.shelf.refresh_token("linear"), before, "it was finished, and stored before sleep may come");
    assert_eq!(stage.phase(), Phase::Running);
}

#[tokio::test]
async fn nothing_is_begun_once_sleep_is_announced() {
    let stage = Stage::signed_in().await;
    let asked = || stage.server.counts().token_requests;
    let before = asked();
    stage.teller.falling_asleep.send_replace(true);
    // The renewal falls due, and the person asks too.
    stage.clock.advance(Duration::from_mins(57));
    stage.handle.retry("linear").await.unwrap();
    let unsent = || stage.handle.workload("linear").unwrap().conditions.iter().any(|it| it.code == "offline");
    soon(unsent).await;
    assert_eq!((asked(), *stage.teller.busy.borrow()), (before, 0));
    assert_eq!(stage.phase(), Phase::Running, "an attempt that was not made is no trouble");

    stage.clock.sleep_machine(Duration::from_hours(8));
    stage.teller.surroundings.send_modify(|told| told.woken += 1);
    stage.teller.falling_asleep.send_replace(false);
    soon(|| asked() == before + 1).await;
    stage.comes_to(Phase::Running).await;
}
