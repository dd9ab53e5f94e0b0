//! The resident's log: to the profile's folder, and to standard error for whoever started it from a terminal.

use std::io::IsTerminal;
use std::sync::Arc;

use lamplighter_core::config::Config;
use lamplighter_engine::launch::{self, LogGuard, SettingsError};
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub(super) fn open(
    profile: &Profile,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<Option<LogGuard>, SettingsError> {
    let filter = launch::log_filter(config)?;
    let (lines, guard, missing) = match launch::log_on_disk(profile, Arc::clone(clock)) {
        Ok((lines, guard)) => (Some(lines), Some(guard), None),
        Err(error) => (None, None, Some(error)),
    };
    let told = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // Whoever tests this inside another program has a log of its own.
    let _ = tracing_subscriber::registry().with(filter).with(lines).with(told).try_init();
    if let Some(error) = missing {
        tracing::warn!(folder = %profile.log_folder().display(), %error, "the log cannot be written to the disk");
    }
    Ok(guard)
}
