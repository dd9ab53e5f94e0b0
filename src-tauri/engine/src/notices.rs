//! The desk between monitors and desktops: what is due goes out as toasts, and what wakes the machine
//! is passed to every workload.

use std::sync::Arc;

use lamplighter_core::Event;
use lamplighter_core::event::Trigger;
use lamplighter_core::notice::{Board, Notice, Toast};
use tokio::sync::{broadcast, mpsc, watch};

use crate::http::HttpClient;
use crate::ports::Clock;
use crate::registry::Registry;
use crate::triggers::Triggers;

/// As many notices are taken at once, which may change one toast many times and are shown as one change.
const AT_ONCE: usize = 1_000;

pub(crate) struct Desk {
    pub(crate) registry: Arc<Registry>,
    pub(crate) http: HttpClient,
    pub(crate) clock: Arc<dyn Clock>,
    /// Listened to from before the first workload starts.
    pub(crate) triggers: Triggers,
    pub(crate) falling_asleep: watch::Receiver<bool>,
    pub(crate) toasts: broadcast::Sender<Toast>,
}

impl Desk {
    /// Runs as long as the engine does.
    pub(crate) async fn run(mut self, mut noticed: mpsc::UnboundedReceiver<(String, Notice)>) {
        let mut board = Board::default();
        let mut batch = Vec::new();
        loop {
            let due = board.deadline().map(|moment| self.clock.sleep_until(moment));
            tokio::select! {
                count = noticed.recv_many(&mut batch, AT_ONCE) => {
                    if count == 0 {
                        return;
                    }
                    let each = batch.iter().map(|(workload, notice): &(String, Notice)| (workload.as_str(), notice));
                    self.show(board.noticed(each, self.clock.now()));
                    batch.clear();
                }
                trigger = self.triggers.next(&*self.clock) => {
                    if trigger == Trigger::Woke {
                        board.woke(self.clock.now());
                    }
                    // What was pooled belongs to a network that may be gone.
                    self.http.forget_connections();
                    for entry in self.registry.all() {
                        entry.route.report(Event::Triggered(trigger));
                    }
                }
                // Whoever is first after waking would take up what was pooled before.
                Ok(()) = self.falling_asleep.changed() => self.http.forget_connections(),
                () = crate::driver::maybe(due) => self.show(board.elapsed(self.clock.now())),
            }
        }
    }

    fn show(&self, toasts: Vec<Toast>) {
        for toast in toasts {
            tracing::info!(title = toast.title, body = toast.body, "notice");
            // Without a desktop nobody listens.
            let _ = self.toasts.send(toast);
        }
    }
}
