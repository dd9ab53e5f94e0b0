//! Changes of the network: the system says that something happened, and a look at addresses, carrier, ways out and name
//! servers tells whether it matters.

#[cfg_attr(target_os = "linux", path = "network/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "network/elsewhere.rs")]
mod news;
mod view;

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use self::view::View;
use crate::machine::Surroundings;

/// What happens within this time is looked at together.
const TOGETHER: Duration = Duration::from_millis(250);
/// A burst is looked at after this time at the latest.
const AT_LATEST: u32 = 4;

/// Counts changes of the network in `surroundings`, as long as the system tells of them.
pub(super) async fn watch(surroundings: watch::Sender<Surroundings>) {
    let (heard, mut news) = mpsc::channel(1);
    let _source = match news::listen(heard) {
        Ok(source) => source,
        Err(error) => {
            tracing::warn!(%error, "changes of the network are not heard of");
            return;
        }
    };
    let mut seen = View::now();
    while news.recv().await.is_some() {
        if changed_within_burst(&mut news, || seen.look_again()).await {
            tracing::debug!("the network changed");
            surroundings.send_modify(|told| told.network += 1);
        }
    }
}

/// Whether anything changes within the burst that has just begun, as `look_again` finds; what comes and goes changed it too.
async fn changed_within_burst(news: &mut mpsc::Receiver<()>, mut look_again: impl FnMut() -> bool) -> bool {
    let mut changed = look_again();
    for _ in 0..AT_LATEST {
        pause().await;
        // What is told from now on is not taken for seen.
        let more = news.try_recv().is_ok();
        changed |= look_again();
        if !more {
            break;
        }
    }
    changed
}

async fn pause() {
    #[expect(
        clippy::disallowed_methods,
        reason = "gathers what the system says in real time; no decision hangs on it"
    )]
    tokio::time::sleep(TOGETHER).await;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_changes_during_any_look_is_seen_by_another() {
        // As the system has it: a word too few is said where one is waiting.
        let looks_that_change_something = |from: u32, until: u32| async move {
            let (heard, mut news) = mpsc::channel(1);
            let (network, seen, looks) = (Cell::new(1), Cell::new(0), Cell::new(0));
            let look_again = || {
                let changed = seen.replace(network.get()) != network.get();
                looks.set(looks.get() + 1);
                if (from..=until).contains(&looks.get()) {
                    network.set(network.get() + 1);
                    let _ = heard.try_send(());
                }
                changed
            };
            heard.try_send(()).unwrap();
            let mut bursts = 0;
            while news.try_recv().is_ok() {
                assert!(changed_within_burst(&mut news, look_again).await);
                bursts += 1;
            }
            assert_eq!(seen.get(), network.get(), "what changed during looks {from} to {until}");
            bursts
        };
        for last in 1..=AT_LATEST + 2 {
            looks_that_change_something(last, last).await;
            looks_that_change_something(1, last).await;
        }
        assert_eq!(looks_that_change_something(1, AT_LATEST).await, 1, "a burst is one");
    }
}
