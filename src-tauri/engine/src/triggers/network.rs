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
        // What comes and goes within the burst changed it too.
        let mut changed = seen.look_again();
        for _ in 0..AT_LATEST {
            pause().await;
            // What is told from now on is not taken for seen.
            let more = news.try_recv().is_ok();
            changed |= seen.look_again();
            if !more {
                break;
            }
        }
        if changed {
            tracing::debug!("the network changed");
            surroundings.send_modify(|told| told.network += 1);
        }
    }
}

async fn pause() {
    #[expect(
        clippy::disallowed_methods,
        reason = "gathers what the system says in real time; no decision hangs on it"
    )]
    tokio::time::sleep(TOGETHER).await;
}
