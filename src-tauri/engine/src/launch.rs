//! How a program comes to host an engine: the settings are read, the log is opened, the process is made fit, and the
//! engine is started on the doors of this machine. What the program says about it is the program's.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use lamplighter_core::config::{Config, ConfigError, Environment};
use tracing::Subscriber;
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use crate::engine::{Engine, Ports, StartError};
use crate::log::DailyLog;
use crate::ports::Clock;
use crate::profile::Profile;
use crate::{descriptors, journal, memory, secrets, triggers};

/// What is logged reaches the disk as long as this is held.
pub use tracing_appender::non_blocking::WorkerGuard as LogGuard;

/// Lines of the log that wait for the disk; further ones are dropped. Room for them is taken at once: 256 KiB.
const LINES: usize = 8 * 1024;

/// Why there are no settings to start with.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `config.toml` is there, and cannot be read.
    #[error("{} cannot be read: {source}", file.display())]
    Unreadable {
        /// Where it is.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A setting is wrong.
    #[error(transparent)]
    Wrong(#[from] ConfigError),
    /// `LAMPLIGHTER_LOG` is no filter.
    #[error("environment variable LAMPLIGHTER_LOG: {words:?} is no filter: {source}")]
    LogFilter {
        /// What it says.
        words: String,
        /// Why that is none.
        source: tracing_subscriber::filter::ParseError,
    },
}

impl SettingsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable { .. } => {
                "see that it is a text file (UTF-8) that you may read, and that LAMPLIGHTER_HOME, \
                where it is set, names a folder"
                    .to_owned()
            }
            Self::Wrong(error) => error.hint.clone(),
            Self::LogFilter { .. } => "write a level (error, warn, info, debug, trace), or one for each part: \
                `info,lamplighter_engine=debug`"
                .to_owned(),
        }
    }
}

impl StartError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Config(error) => error.hint.clone(),
            Self::Held(_) => "stop that one first, or use another profile: LAMPLIGHTER_HOME=/path/to/folder".to_owned(),
            Self::Listen { .. } => {
                "another program listens there: stop it, or choose another address with `listen` in \
                config.toml or LAMPLIGHTER_LISTEN"
                    .to_owned()
            }
            Self::Files { .. } => {
                "see that it can be read and written, or choose another folder with LAMPLIGHTER_HOME".to_owned()
            }
            Self::Http(error) => error.hint.clone(),
        }
    }
}

/// The environment variables of this process.
#[must_use]
pub fn environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Ready when the person or the system asks this process to end: SIGINT or SIGTERM. Nothing is caught before this is
/// first awaited.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            },
            Err(error) => {
                tracing::warn!(%error, "SIGTERM is not caught");
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// The settings of `profile`; a file that is not there is an empty one.
///
/// # Errors
/// When the file cannot be read, or a setting is wrong.
pub fn settings(profile: &Profile, environment: &Environment) -> Result<Config, SettingsError> {
    let file = profile.config_file();
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(SettingsError::Unreadable { file, source }),
    };
    Ok(Config::parse(&file.display().to_string(), &text, environment)?)
}

/// What is logged, as the settings have it: `info` and worse where they say nothing.
///
/// # Errors
/// When what they say is no filter.
pub fn log_filter(config: &Config) -> Result<EnvFilter, SettingsError> {
    let words = config.log.as_deref().unwrap_or("info");
    EnvFilter::try_new(words).map_err(|source| SettingsError::LogFilter { words: words.to_owned(), source })
}

/// Writes the log to `log/` in `profile`, a file a day for a week, until the guard is dropped.
///
/// # Errors
/// When it cannot be written there. A program serves without it all the same: a disk may be full.
pub fn log_on_disk<S>(profile: &Profile, clock: Arc<dyn Clock>) -> io::Result<(impl Layer<S>, LogGuard)>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let file = DailyLog::open(&profile.log_folder(), clock)?;
    let (file, guard) = NonBlockingBuilder::default().buffered_lines_limit(LINES).finish(file);
    Ok((tracing_subscriber::fmt::layer().with_ansi(false).with_writer(file), guard))
}

/// Makes this process fit to carry an engine, and starts it on the doors of this machine.
///
/// # Errors
/// As [`Engine::start`].
pub async fn start(
    profile: Profile,
    environment: &Environment,
    config: Config,
    clock: Arc<dyn Clock>,
) -> Result<Engine, StartError> {
    descriptors::raise();
    memory::hide();
    let doors = Ports {
        clock: Arc::clone(&clock),
        secrets: secrets::open(config.secret_store, &profile, Arc::clone(&clock)),
        journal: journal::open(&profile.journal_file(), clock),
        machine: triggers::listen(),
    };
    Engine::start(profile, environment, config, doors).await
}
