//! The engine in the foreground.

mod host;

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::maybe_done;
use futures_util::poll;
use lamplighter_core::config::Config;
use lamplighter_engine::engine::StartError;
use lamplighter_engine::launch::{self, LogGuard, SettingsError};
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use lamplighter_simulator::World;
use secrecy::ExposeSecret;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::Ended;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::ports::{Out, Ports};
use crate::view;

pub(super) async fn serve(profile: Profile, ports: Ports, out: &mut Out) -> Ended {
    let config = launch::settings(&profile, &ports.environment)?;
    for warning in &config.warnings {
        out.note(&format!("warning: {warning}"));
    }
    let _log = log(&profile, &config, Arc::clone(&ports.clock), out)?;
    // It is caught from the first poll on: whoever ends it while it starts has it finish what it began.
    let mut interrupted = pin!(maybe_done(ports.interrupted));
    let _ = poll!(&mut interrupted);
    let engine = launch::start(profile, &ports.environment, config, Arc::clone(&ports.clock)).await?;
    let (requests, simulated) = (engine.handle().host_requests(), World::new());
    let count = engine.handle().snapshot().workloads.len();
    let workloads = view::count(count, "workload");
    out.line(&format!("lamplighter is ready at http://{} with {workloads}; Ctrl-C stops it", engine.address()))?;
    match engine.handle().begin_session() {
        // Whoever reads no further than that it is ready is served all the same.
        Ok(address) => {
            drop(out.line(&format!("in a browser, once and within 15 minutes: {}", address.expose_secret())));
        }
        Err(error) => tracing::debug!(%error, "there is nothing to see in a browser"),
    }
    tokio::select! {
        () = interrupted => {}
        () = host::attend(requests, &simulated) => {}
    }
    out.note("finishing what is under way");
    engine.stop().await;
    Ok(ExitCode::Done)
}

/// Writes the log to standard error, coloured where that is a terminal, and to the profile's folder.
fn log(profile: &Profile, config: &Config, clock: Arc<dyn Clock>, out: &mut Out) -> Result<Option<LogGuard>, Failure> {
    let filter = launch::log_filter(config)?;
    let (lines, guard) = match launch::log_on_disk(profile, clock) {
        Ok((lines, guard)) => (Some(lines), Some(guard)),
        Err(error) => {
            out.note(&format!("warning: the log cannot be written in {}: {error}", profile.log_folder().display()));
            (None, None)
        }
    };
    let mut told = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if !out.terminal().live {
        told = told.with_ansi(false);
    }
    let subscriber = tracing_subscriber::registry().with(filter).with(lines).with(told);
    // Whoever runs the engine inside another program has a log of its own.
    let _ = subscriber.try_init();
    Ok(guard)
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::new(ExitCode::Usage, error.to_string()).hint(error.hint())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let exit = match error {
            StartError::Config(_) | StartError::Http(_) => ExitCode::Usage,
            StartError::Held(_) => ExitCode::Held,
            StartError::Listen { .. } | StartError::Files { .. } => ExitCode::Failed,
        };
        Self::new(exit, error.to_string()).hint(error.hint())
    }
}
