//! What this desktop can do, and what the engine asks of it. Everything is looked for before it is needed: what is
//! missing is told in the window, and nothing breaks.

mod tray_host;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use lamplighter_core::condition::HostTrouble;
use lamplighter_engine::api::WindowRequest;
use lamplighter_engine::engine::Handle;
use lamplighter_engine::host::HostRequest;
use lamplighter_simulator::World;

use crate::window::Window;

pub(crate) use self::tray_host::{tray_library, watch_for_tray};

/// There is no screen to show anything on.
#[derive(Debug)]
pub(crate) struct NoDisplay;

impl fmt::Display for NoDisplay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("no display can be reached, so neither lamp nor window can be shown")
    }
}

impl NoDisplay {
    /// What to do about it.
    pub(crate) fn hint() -> &'static str {
        "start it within a desktop session (DISPLAY or WAYLAND_DISPLAY names one); without one, run `lamplighter serve`"
    }
}

/// Whether there is a display: the toolkit is brought up, which ends the program where that is left to Tauri.
#[cfg(target_os = "linux")]
pub(crate) fn display() -> Result<(), NoDisplay> {
    gtk::init().map_err(|error| {
        tracing::debug!(%error, "no display");
        NoDisplay
    })
}

/// Whether there is a display: whoever is logged in has one.
#[cfg(not(target_os = "linux"))]
pub(crate) fn display() -> Result<(), NoDisplay> {
    Ok(())
}

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
                match window.show(WindowRequest { workload, screen }) {
                    Ok(()) => drop(reply.send(())),
                    Err(error) => tracing::error!(%error, "the window cannot be shown"),
                }
            }
            HostRequest::SimulatedServer { reply } => match simulated.demonstration() {
                // Whoever asked may have gone.
                Ok(server) => drop(reply.send(server.mcp_url())),
                Err(error) => tracing::warn!(%error, "no simulated server could be started"),
            },
        }
    }
}
