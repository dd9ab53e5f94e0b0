//! Months of weather: the engine in virtual time, with everything around it simulated.

use std::process::Command;

use anyhow::Result;

use crate::process::{cargo, run};

/// Lives as many months as `seeds`, or tells the story of one `seed`.
///
/// # Errors
/// When a promise is broken.
pub(crate) fn life(seeds: u64, seed: Option<u64>) -> Result<()> {
    let (what, number) = seed.map_or(("--seeds", seeds), |seed| ("--seed", seed));
    let mut live = cargo(["run", "--profile", "life", "--package", "lamplighter-engine", "--example", "life", "--"]);
    run(drawn_from_seeds(live.arg(what).arg(number.to_string())))
}

/// Lives a few months, one of them twice.
///
/// # Errors
/// When a promise is broken.
pub(crate) fn test() -> Result<()> {
    run(drawn_from_seeds(&mut cargo(["test", "--package", "lamplighter-engine", "--test", "month"])))
}

/// Has Tokio take a seed for its own chances too, which it calls unstable: nothing that people install is built so.
fn drawn_from_seeds(build: &mut Command) -> &mut Command {
    let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    flags.push_str(" --cfg tokio_unstable");
    build.env("RUSTFLAGS", flags.trim_start())
}
