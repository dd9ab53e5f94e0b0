//! The person before the machine: signs in where that is needed, and asks for a try.

use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_engine::engine::{CallbackPage, Engine};

use super::computer::{Computer, settle};
use super::world::World;

/// Signs in to `workload` in the browser, if that is possible just now; whether it was.
pub(super) async fn sign_in(world: &Arc<World>, computer: &Computer, workload: usize) -> bool {
    let Some(handle) = computer.engine().map(Engine::handle) else { return false };
    world.story.tell(format!("the person signs in to w{workload}"));
    let begun = match handle.login(&format!("w{workload}"), true).await {
        Ok(begun) => begun,
        Err(error) => {
            world.story.tell(format!("that cannot be begun: {error}"));
            return false;
        }
    };
    let state = begun.authorization_url.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let page = handle.callback(&format!("code=lamp&state={state}")).await;
    world.story.tell(format!("the browser shows {page:?}"));
    matches!(page, CallbackPage::SignedIn(_))
}

/// The same, as often as it takes: servers are slow at times.
pub(super) async fn sign_in_at_last(world: &Arc<World>, computer: &Computer, workload: usize) {
    for _ in 0..9 {
        if sign_in(world, computer, workload).await {
            return;
        }
    }
    world.story.broke(format!("w{workload}: nobody gets in"));
}

/// The person clicks on Retry.
pub(super) async fn retry(world: &Arc<World>, computer: &Computer, workload: usize) {
    let Some(handle) = computer.engine().map(Engine::handle) else { return };
    world.story.tell(format!("the person asks for w{workload}"));
    world.checks.asked(workload, world.clock.age());
    let _ = handle.retry(&format!("w{workload}")).await;
    settle().await;
}

/// Whether only a sign-in helps `workload`.
pub(super) fn is_needed(computer: &Computer, workload: usize) -> bool {
    computer.phase(workload) == Some(Phase::Unauthenticated)
}
