//! Where the programs are, which lie in one folder. Each goes by its name there, so that after an upgrade it is the new
//! one that is started.

use std::io;
use std::path::PathBuf;

/// The resident's program.
///
/// # Errors
/// When the system does not tell where this one is.
pub(crate) fn app() -> io::Result<PathBuf> {
    beside_this("lamplighter-desktop")
}

/// The window's program.
///
/// # Errors
/// As [`app`].
pub(crate) fn window() -> io::Result<PathBuf> {
    beside_this("lamplighter-window")
}

fn beside_this(name: &str) -> io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name).with_extension(std::env::consts::EXE_EXTENSION))
}
