//! The measurements: the rules by themselves, then the whole program beside its rivals.

use std::ffi::OsString;

use anyhow::Result;

use crate::process::{cargo, command, run, say, top};
use crate::tools;

/// Installs, builds for speed and measures. Given `arguments` for the benchmark it measures what they name, and writes
/// no report.
///
/// # Errors
/// With the first step that fails.
pub(crate) fn bench(arguments: &[OsString]) -> Result<()> {
    tools::prepare_benchmarks()?;
    let packages = ["--package", "lamplighter-cli", "--package", "lamplighter-bench"];
    run(cargo(["build", "--release"]).args(packages))?;
    let mut measure = command(top().join("target/release/lamplighter-bench"), arguments);
    if arguments.is_empty() {
        say("What a decision costs:");
        run(&mut cargo(["bench", "--package", "lamplighter-core", "--bench", "decisions"]))?;
        say("What the program costs, beside its rivals:");
        measure.arg("--write").arg(top().join("BENCHMARKS.md"));
    }
    run(&mut measure)
}
