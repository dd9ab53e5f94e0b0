//! Sleep and waking as macOS and Windows tell of them, and the wait for a token exchange that both grant.

use lamplighter_sleep::Listener;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::machine::{Surroundings, Teller};

/// Passes on what the system says.
pub(super) struct Sleep {
    surroundings: watch::Sender<Surroundings>,
    falling_asleep: watch::Sender<bool>,
    busy: watch::Receiver<usize>,
    runtime: Handle,
}

impl Sleep {
    /// Within a runtime.
    pub(super) fn told_by(teller: Teller) -> Self {
        let Teller { surroundings, falling_asleep, busy } = teller;
        Self { surroundings, falling_asleep, busy, runtime: Handle::current() }
    }
}

impl Listener for Sleep {
    fn falls_asleep(&self) {
        tracing::info!(sleep = true, "the machine told of a sleep");
        self.falling_asleep.send_replace(true);
        // Where the engine is gone, nothing is under way either.
        let _ = self.runtime.block_on(self.busy.clone().wait_for(|busy| *busy == 0));
    }

    fn woke(&self) {
        tracing::info!(sleep = false, "the machine told of a sleep");
        self.falling_asleep.send_replace(false);
        self.surroundings.send_modify(|told| told.woken += 1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::machine::Machine;

    /// Has the system tell that the machine is about to sleep; ready when it may.
    fn announce(sleep: &Arc<Sleep>) -> tokio::task::JoinHandle<()> {
        let sleep = Arc::clone(sleep);
        tokio::task::spawn_blocking(move || sleep.falls_asleep())
    }

    #[tokio::test]
    async fn the_machine_sleeps_when_what_was_under_way_is_over() {
        let (machine, teller) = Machine::new(|| true);
        let sleep = Arc::new(Sleep::told_by(teller));
        let (first, second) = (machine.stay_awake(), machine.stay_awake());
        let mut falling_asleep = machine.falling_asleep();
        let asleep = announce(&sleep);
        falling_asleep.wait_for(|told| *told).await.unwrap();
        drop(first);
        assert!(!asleep.is_finished());
        drop(second);
        asleep.await.unwrap();

        sleep.woke();
        assert!(!*falling_asleep.borrow());
        assert_eq!(machine.surroundings().borrow().woken, 1);
    }

    #[tokio::test]
    async fn nothing_keeps_the_machine_awake_once_the_engine_is_gone() {
        let (machine, teller) = Machine::new(|| true);
        let sleep = Arc::new(Sleep::told_by(teller));
        drop(machine);
        announce(&sleep).await.unwrap();
    }
}
