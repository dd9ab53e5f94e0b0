//! The resident: starts the engine, and wires engine, tray, notices and window together.

mod desktop;
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
use tokio::runtime;
use tokio_util::sync::CancellationToken;

use self::engine_thread::EngineThread;
use crate::errands::Errands;
use crate::host::{self, NoDisplay, Troubles};
use crate::notices::{self, Notices};
use crate::order::Order;
use crate::window::Window;
use crate::{give_up, second};

/// Runs the resident until it is quit. `hidden`: without showing the window.
pub(crate) fn run(hidden: bool) -> ExitCode {
    let environment = launch::environment();
    let profile = Profile::locate(&environment);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (config, _log) = match prepare(&profile, &environment, &clock) {
        Ok(prepared) => prepared,
        Err(error) => return give_up(2, &error, &error.hint()),
    };
    if !host::is_there() {
        // Whoever runs already may well have a display.
        let runs = matches!(profile.running(), Ok(Some(_)));
        let met = runs.then(|| second::start(&profile, &clock, hidden)).flatten();
        return met.unwrap_or_else(|| give_up(1, &NoDisplay, NoDisplay::hint()));
    }
    loop {
        match start(&profile, &environment, config.clone(), &clock) {
            Ok((thread, troubles)) => return reside(thread, troubles, profile, clock, hidden),
            Err(StartError::Held(_)) => {
                if let Some(code) = second::start(&profile, &clock, hidden) {
                    return code;
                }
            }
            Err(error @ (StartError::Config(_) | StartError::Http(_))) => return give_up(2, &error, &error.hint()),
            Err(error @ (StartError::Listen { .. } | StartError::Files { .. })) => {
                return give_up(1, &error, &error.hint());
            }
        }
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

/// What runs beside the engine until it is quit.
#[derive(Clone)]
struct Resident {
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "pictures of the lamp are files on Linux alone"))]
    profile: Profile,
    engine: Handle,
    errands: Errands,
    troubles: Troubles,
    clock: Arc<dyn Clock>,
    runtime: runtime::Handle,
    quit: CancellationToken,
}

/// Runs notices, lamp and window beside the engine until it is quit, then drains. `known`: what was found amiss before
/// there was an engine to tell.
fn reside(
    thread: EngineThread,
    known: Vec<HostTrouble>,
    profile: Profile,
    clock: Arc<dyn Clock>,
    hidden: bool,
) -> ExitCode {
    let (engine, runtime) = (thread.engine().clone(), thread.runtime().clone());
    let quit = CancellationToken::new();
    let troubles = Troubles::new(engine.clone(), known);
    let window = Window::new(troubles.clone(), Arc::clone(&clock));
    let (notices, announce) = Notices::new(notices::system(), troubles.clone(), Arc::clone(&clock));
    let errands = Errands::new(engine.clone(), window.clone(), announce, troubles.clone(), quit.clone());

    runtime.spawn(notices.run(engine.clone(), errands.clone()));
    runtime.spawn(host::answer(engine.clone(), window.clone()));
    runtime.spawn(end_of_session(quit.clone()));
    if !hidden {
        let errands = errands.clone();
        runtime.spawn(async move { errands.run(Order::Open(None)).await });
    }
    let resident = Resident { profile, engine, errands, troubles, clock, runtime, quit };
    let code = desktop::reside(&resident);

    tracing::info!("finishing what is under way");
    window.close();
    thread.stop();
    code
}

/// Quits when the program is told to end, or the session that it was started in is over.
async fn end_of_session(quit: CancellationToken) {
    tokio::select! {
        () = launch::interrupted() => {}
        () = host::is_over() => tracing::info!("the desktop session is over"),
    }
    quit.cancel();
}
