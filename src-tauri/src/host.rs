//! What this desktop can do, and what the engine asks of it. Everything is looked for before it is needed: what is
//! missing is told in the window, and nothing breaks.

mod session;

use std::sync::{Arc, Mutex, PoisonError};

use lamplighter_core::condition::HostTrouble;
use lamplighter_engine::api::WindowRequest;
use lamplighter_engine::engine::Handle;
use lamplighter_engine::host::HostRequest;
use lamplighter_simulator::World;

use crate::window::Window;

pub(crate) use self::session::{NoDisplay, display, is_over, is_there};

/// What this desktop lacks, told to the engine as it comes and goes.
#[derive(Clone)]
pub(crate) struct Troubles {
    engine: Handle,
    lacking: Arc<Mutex<Vec<HostTrouble>>>,
}

impl Troubles {
    /// Tells of `known` at once.
    pub(crate) fn new(engine: Handle, known: Vec<HostTrouble>) -> Self {
        engine.set_host_conditions(known.clone());
        Self { engine, lacking: Arc::new(Mutex::new(known)) }
    }

    /// From now on `trouble` is there. Whether it was not before.
    pub(crate) fn raise(&self, trouble: HostTrouble) -> bool {
        self.change(|lacking| {
            let news = !lacking.contains(&trouble);
            if news {
                lacking.push(trouble);
            }
            news
        })
    }

    /// From now on `trouble` is over. Whether it was there.
    pub(crate) fn clear(&self, trouble: &HostTrouble) -> bool {
        self.change(|lacking| {
            let before = lacking.len();
            lacking.retain(|held| held != trouble);
            lacking.len() < before
        })
    }

    fn change(&self, edit: impl FnOnce(&mut Vec<HostTrouble>) -> bool) -> bool {
        // Told while it is held, so that no older list is told after a newer one.
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = edit(&mut lacking);
        if changed {
            self.engine.set_host_conditions(lacking.clone());
        }
        changed
    }
}

/// Does what the engine asks of its host, as long as there is an engine.
pub(crate) async fn answer(engine: Handle, window: Window) {
    let mut requests = engine.host_requests();
    let simulated = World::new();
    while let Some(request) = requests.recv().await {
        match request {
            HostRequest::ShowWindow { workload, screen, reply } => {
                let window = window.clone();
                // Showing it takes a moment, in which more may be asked. Whoever asked may have gone.
                tokio::spawn(async move {
                    if window.show(WindowRequest { workload, screen }).await.is_ok() {
                        let _ = reply.send(());
                    }
                });
            }
            HostRequest::SimulatedServer { reply } => match simulated.demonstration() {
                // Whoever asked may have gone.
                Ok(server) => drop(reply.send(server.mcp_url())),
                Err(error) => tracing::warn!(%error, "no simulated server could be started"),
            },
        }
    }
}
