//! The person before the machine, and the clients that the person uses: signs in where that is needed, asks for a try,
//! makes calls.

use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::{Event, Phase};
use lamplighter_engine::engine::CallbackPage;

use super::computer::{Computer, settle};
use super::world::World;

/// Signs in to `workload` in the browser, if that is possible just now; whether it was.
pub(super) async fn sign_in(world: &Arc<World>, computer: &Computer, workload: usize) -> bool {
    let Some(handle) = computer.engine().map(|engine| engine.handle()) else { return false };
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

/// The person clicks on Retry.
pub(super) async fn retry(world: &Arc<World>, computer: &Computer, workload: usize) {
    let Some(handle) = computer.engine().map(|engine| engine.handle()) else { return };
    world.story.tell(format!("the person asks for w{workload}"));
    world.checks.asked(workload, world.clock.age());
    let _ = handle.retry(&format!("w{workload}")).await;
    settle().await;
}

/// A client calls `workload`: served, while its token is good.
pub(super) async fn call(world: &Arc<World>, computer: &Computer, workload: usize) {
    let Some(route) = computer.engine().and_then(|engine| engine.handle().route(&format!("w{workload}"))) else { return };
    let access = Arc::clone(&route.access());
    let now = lamplighter_engine::ports::Clock::now(&world.clock).moment;
    let held = access.credential.as_ref().filter(|held| access.status.usable == Some(held.lease.id) && held.lease.valid_at(now));
    let Some(held) = held else {
        world.checks.count(|figures| figures.calls.1 += 1);
        return;
    };
    world.checks.count(|figures| figures.calls.0 += 1);
    let token = held.authorization.to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let taken = {
        let mut server = world.servers.of(workload);
        let taken = server.tokens.takes(&token, world.clock.age());
        if taken {
            server.tokens.accepted(&token);
        }
        taken
    };
    if taken {
        if held.accept() {
            route.report(Event::Accepted { lease: held.lease.id });
        }
    } else {
        world.checks.renewed(workload, world.clock.age());
        route.report(Event::Rejected { lease: held.lease.id, replayed: false });
    }
    settle().await;
}

/// Whether only a sign-in helps `workload`.
pub(super) fn is_needed(computer: &Computer, workload: usize) -> bool {
    computer.phase(workload) == Some(Phase::Unauthenticated)
}
