//! Sleep and waking as macOS and Windows tell of them, and the wait for a token exchange that both grant.

use lamplighter_sleep::Listener;
use tokio::runtime::Handle;

use crate::machine::Teller;

/// Passes on what the system says.
pub(super) struct Sleep {
    teller: Teller,
    runtime: Handle,
}

impl Sleep {
    /// Within a runtime.
    pub(super) fn told_by(teller: Teller) -> Self {
        Self { teller, runtime: Handle::current() }
    }
}

impl Listener for Sleep {
    fn falls_asleep(&self) {
        tracing::info!(sleep = true, "the machine told of a sleep");
        self.runtime.block_on(self.teller.falls_asleep());
    }

    fn woke(&self) {
        tracing::info!(sleep = false, "the machine told of a sleep");
        self.teller.wakes();
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
        let (first, second) = (machine.stay_awake().unwrap(), machine.stay_awake().unwrap());
        let mut falling_asleep = machine.falling_asleep();
        let asleep = announce(&sleep);
        falling_asleep.wait_for(|told| *told).await.unwrap();
        assert!(machine.stay_awake().is_none(), "nothing new is begun");
        drop(first);
        assert!(!asleep.is_finished());
        drop(second);
        asleep.await.unwrap();

        sleep.woke();
        assert!(machine.stay_awake().is_some());
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
