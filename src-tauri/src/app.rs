//! The resident: starts the engine, and wires engine, tray, notices and window together.

mod engine_thread;
mod log;

use std::process::ExitCode;
use std::sync::Arc;

use lamplighter_core::condition::HostTrouble;
use lamplighter_core::config::{Config, Environment};
use lamplighter_engine::clock::SystemClock;
use lamplighter_engine::engine::{Handle, StartError};
use lamplighter_engine::launch::{self, SettingsError};
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use tauri::{AppHandle, RunEvent};
use tokio::runtime;

use self::engine_thread::EngineThread;
use crate::errands::Errands;
use crate::host::{self, Troubles};
use crate::notices::{self, Notices};
use crate::order::Order;
use crate::window::Window;
use crate::{context, give_up, second, tray};

/// Runs the resident until it is quit. `hidden`: without showing the window.
pub(crate) fn run(hidden: bool) -> ExitCode {
    let environment = launch::environment();
    let profile = Profile::locate(&environment);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (config, _log) = match prepare(&profile, &environment, &clock) {
        Ok(prepared) => prepared,
        Err(error) => return give_up(2, &error, &error.hint()),
    };
    if let Err(error) = host::display() {
        // Whoever runs already may well have a display.
        if matches!(profile.running(), Ok(Some(_))) {
            return second::start(&profile, &clock, hidden);
        }
        return give_up(1, &error, host::NoDisplay::hint());
    }
    match start(&profile, &environment, config, &clock) {
        Ok((thread, troubles)) => reside(thread, troubles, profile, clock, hidden),
        Err(StartError::Held(_)) => second::start(&profile, &clock, hidden),
        Err(error @ (StartError::Config(_) | StartError::Http(_))) => give_up(2, &error, &error.hint()),
        Err(error @ (StartError::Listen { .. } | StartError::Files { .. })) => give_up(1, &error, &error.hint()),
    }
}

/// Settings and log.
fn prepare(
    profile: &Profile,
    environment: &Environment,
    clock: &Arc<dyn Clock>,
) -> Result<(Config, Option<launch::LogGuard>), SettingsError> {
    let config = launch::settings(profile, environment)?;
    let log = log::open(profile, &config, clock)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    Ok((config, log))
}

/// Starts the engine; where another program has its address, on another one.
fn start(
    profile: &Profile,
    environment: &Environment,
    mut config: Config,
    clock: &Arc<dyn Clock>,
) -> Result<(EngineThread, Vec<HostTrouble>), StartError> {
    let begin = |config| EngineThread::start(profile.clone(), environment.clone(), config, Arc::clone(clock));
    let wanted = config.listen;
    match begin(config.clone()) {
        Ok(engine) => Ok((engine, Vec::new())),
        Err(StartError::Listen { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse => {
            tracing::warn!(%wanted, "another program listens there; going on at another address");
            config.listen.set_port(0);
            Ok((begin(config)?, vec![HostTrouble::AddressTaken { wanted }]))
        }
        Err(error) => Err(error),
    }
}

/// What stands around the engine.
struct Surroundings {
    engine: Handle,
    runtime: runtime::Handle,
    window: Window,
    /// What was found amiss before there was an engine to tell.
    troubles: Vec<HostTrouble>,
    profile: Profile,
    clock: Arc<dyn Clock>,
    hidden: bool,
}

/// Runs the desktop's event loop beside the engine until it is quit, then drains.
fn reside(
    thread: EngineThread,
    troubles: Vec<HostTrouble>,
    profile: Profile,
    clock: Arc<dyn Clock>,
    hidden: bool,
) -> ExitCode {
    let (engine, runtime) = (thread.engine().clone(), thread.runtime().clone());
    tauri::async_runtime::set(runtime.clone());
    let app = match tauri::Builder::default().build(context()) {
        Ok(app) => app,
        Err(error) => {
            thread.stop();
            return give_up(1, &error, "where there is no desktop, run `lamplighter serve`");
        }
    };
    let window = Window::default();
    let surroundings = Surroundings { engine, runtime, window: window.clone(), troubles, profile, clock, hidden };
    app.run_return(move |desktop, event| {
        if let RunEvent::Ready = event {
            surroundings.set_up(desktop);
        }
        // It goes on without any window; only Quit and signals end it.
        if let RunEvent::ExitRequested { api, code: None, .. } = event {
            api.prevent_exit();
        }
    });
    tracing::info!("finishing what is under way");
    window.close();
    thread.stop();
    ExitCode::SUCCESS
}

impl Surroundings {
    fn set_up(&self, desktop: &AppHandle) {
        let Self { engine, runtime, window, clock, .. } = self;
        let troubles = Troubles::new(engine.clone(), self.troubles.clone());
        let (notices, announce) = Notices::new(notices::system(), troubles.clone(), Arc::clone(clock));
        let quit = desktop.clone();
        let errands = Errands::new(engine.clone(), window.clone(), announce, troubles.clone(), move || quit.exit(0));
        let tray = tray::build(desktop, &self.profile, &errands);

        runtime.spawn(notices.run(engine.clone(), errands.clone()));
        runtime.spawn(host::answer(engine.clone(), window.clone()));
        runtime.spawn(host::watch_for_tray(troubles, tray.is_some()));
        if let Some(tray) = tray {
            runtime.spawn(tray.tend(engine.subscribe(), Arc::clone(clock)));
        }
        if !self.hidden {
            runtime.spawn(async move { errands.run(Order::Open(None)).await });
        }
        let quit = desktop.clone();
        runtime.spawn(async move {
            launch::interrupted().await;
            quit.exit(0);
        });
    }
}
