//! The engine in a thread of its own, beside the event loop of the desktop, which wants the first one.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use lamplighter_core::config::{Config, Environment};
use lamplighter_engine::engine::{Handle, StartError};
use lamplighter_engine::launch;
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use tokio::runtime;
use tokio::sync::oneshot;

/// The thread, and what others need of it.
pub(super) struct EngineThread {
    engine: Handle,
    runtime: runtime::Handle,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl EngineThread {
    /// Starts the thread, and the engine in it.
    ///
    /// # Errors
    /// When the engine does not start.
    pub(super) fn start(
        profile: Profile,
        environment: Environment,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let folder = profile.state_dir.clone();
        let unavailable = |source| StartError::Files { path: folder.clone(), source };
        // One thread carries the traffic of one person with room to spare, as it does in `lamplighter serve`.
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(unavailable)?;
        let (stop, stopping) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let its_runtime = runtime.handle().clone();
        let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(move || {
            runtime.block_on(async {
                match launch::start(profile, &environment, config, clock).await {
                    Ok(engine) => {
                        let _ = ready.send(Ok(engine.handle()));
                        // Whoever is gone without a word wants it to stop too.
                        let _ = stopping.await;
                        engine.stop().await;
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            });
            runtime.shutdown_background();
        });
        let thread = thread.map_err(unavailable)?;
        let engine = started.recv().map_err(|_| unavailable(std::io::Error::other("the engine's thread ended")))??;
        Ok(Self { engine, runtime: its_runtime, stop, thread })
    }

    /// The engine.
    pub(super) fn engine(&self) -> &Handle {
        &self.engine
    }

    /// Where everything runs that waits.
    pub(super) fn runtime(&self) -> &runtime::Handle {
        &self.runtime
    }

    /// Drains the engine, and waits for the end of it.
    pub(super) fn stop(self) {
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("the engine's thread broke down");
        }
    }
}
