//! The engine in the foreground.

mod host;

use std::sync::Arc;

use lamplighter_core::config::{Config, Environment};
use lamplighter_engine::engine::{self, Engine, StartError};
use lamplighter_engine::log::DailyLog;
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use lamplighter_engine::{descriptors, journal, memory, secrets};
use lamplighter_simulator::World;
use secrecy::ExposeSecret;
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::Ended;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::ports::{Out, Ports};
use crate::view;

/// Lines of the log that wait for the disk; further ones are dropped. Room for them is taken at once: 256 KiB.
const LINES: usize = 8 * 1024;

pub(super) async fn serve(profile: Profile, ports: Ports, out: &mut Out) -> Ended {
    let config = config(&profile, &ports.environment)?;
    for warning in &config.warnings {
        out.note(&format!("warning: {warning}"));
    }
    let _log = log(&profile, &config, Arc::clone(&ports.clock), out)?;
    descriptors::raise();
    memory::hide();
    let doors = engine::Ports {
        clock: Arc::clone(&ports.clock),
        secrets: secrets::open(config.secret_store, &profile, Arc::clone(&ports.clock)),
        journal: journal::open(&profile.journal_file(), Arc::clone(&ports.clock)),
    };
    let engine = Engine::start(profile, &ports.environment, config, doors).await.map_err(not_started)?;
    let count = engine.handle().snapshot().workloads.len();
    let workloads = view::count(count, "workload");
    out.line(&format!("lamplighter is ready at http://{} with {workloads}; Ctrl-C stops it", engine.address()))?;
    match engine.handle().begin_session() {
        Ok(address) => out.line(&format!("in a browser, once and within 15 minutes: {}", address.expose_secret()))?,
        Err(error) => tracing::debug!(%error, "there is nothing to see in a browser"),
    }
    let simulated = World::new();
    let requests = engine.handle().host_requests();
    tokio::select! {
        () = ports.interrupted => {}
        () = host::attend(requests, &simulated) => {}
    }
    out.note("finishing what is under way");
    engine.stop().await;
    Ok(ExitCode::Done)
}

/// The settings of `profile`; a file that is not there is an empty one.
pub(super) fn config(profile: &Profile, environment: &Environment) -> Result<Config, Failure> {
    let file = profile.config_file();
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(Failure::new(ExitCode::Usage, format!("{} cannot be read: {error}", file.display()))
                .hint("see that it is a text file (UTF-8) that you may read, and that LAMPLIGHTER_HOME, where it is set, names a folder"));
        }
    };
    Ok(Config::parse(&file.display().to_string(), &text, environment)?)
}

/// Writes the log to standard error, coloured where that is a terminal, and, a file a day for a week, to `log/`. Without
/// the files it serves all the same: a disk may be full.
fn log(
    profile: &Profile,
    config: &Config,
    clock: Arc<dyn Clock>,
    out: &mut Out,
) -> Result<Option<tracing_appender::non_blocking::WorkerGuard>, Failure> {
    let words = config.log.as_deref().unwrap_or("info");
    let filter = EnvFilter::try_new(words).map_err(|error| {
        Failure::new(ExitCode::Usage, format!("environment variable LAMPLIGHTER_LOG: {words:?} is no filter: {error}"))
            .hint("write a level (error, warn, info, debug, trace), or one for each part: `info,lamplighter_engine=debug`")
    })?;
    let folder = profile.log_folder();
    let (file, guard) = match DailyLog::open(&folder, clock) {
        Ok(file) => {
            let (file, guard) = NonBlockingBuilder::default().buffered_lines_limit(LINES).finish(file);
            (Some(file), Some(guard))
        }
        Err(error) => {
            out.note(&format!("warning: the log cannot be written in {}: {error}", folder.display()));
            (None, None)
        }
    };
    let lines = file.map(|file| tracing_subscriber::fmt::layer().with_ansi(false).with_writer(file));
    let mut told = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if !out.terminal().live {
        told = told.with_ansi(false);
    }
    let subscriber = tracing_subscriber::registry().with(filter).with(lines).with(told);
    // Whoever runs the engine inside another program has a log of its own.
    let _ = subscriber.try_init();
    Ok(guard)
}

fn not_started(error: StartError) -> Failure {
    let cause = error.to_string();
    match error {
        StartError::Config(error) => error.into(),
        StartError::Held(_) => Failure::new(ExitCode::Held, cause)
            .hint("stop that one first, or use another profile: LAMPLIGHTER_HOME=/path/to/folder"),
        StartError::Listen { .. } => Failure::failed(cause)
            .hint("another program listens there: stop it, or choose another address with `listen` in config.toml or LAMPLIGHTER_LISTEN"),
        StartError::Files { .. } => {
            Failure::failed(cause).hint("see that it can be read and written, or choose another folder with LAMPLIGHTER_HOME")
        }
        StartError::Http(error) => Failure::new(ExitCode::Usage, cause).hint(error.hint),
    }
}
