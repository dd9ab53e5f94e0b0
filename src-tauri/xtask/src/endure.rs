//! The ordeals: the whole program, killed and worn, against servers made by others.

use std::ffi::OsString;

use anyhow::Result;

use crate::process::{cargo, command, run, top};
use crate::{tools, ui};

/// Installs what the tests need, builds for speed, and goes through what `arguments` name.
///
/// # Errors
/// With the first step that fails, and when a promise is broken.
pub(crate) fn endure(arguments: &[OsString]) -> Result<()> {
    tools::prepare_tests()?;
    tools::prepare_build()?;
    ui::built()?;
    let packages = ["lamplighter-cli", "lamplighter-desktop", "lamplighter-endurance"]
        .map(|package| format!("--package={package}"));
    run(cargo(["build", "--release"]).args(packages))?;
    run(&mut command(top().join("target/release/lamplighter-endurance"), arguments))
}
