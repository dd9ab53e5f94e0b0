//! Months of weather: the engine in virtual time, with everything around it simulated.

use anyhow::Result;

use crate::process::{cargo, run};

/// Lives as many months as `seeds`, or tells the story of one `seed`.
///
/// # Errors
/// When a promise is broken.
pub(crate) fn life(seeds: u64, seed: Option<u64>) -> Result<()> {
    let (what, number) = seed.map_or(("--seeds", seeds), |seed| ("--seed", seed));
    let live = ["run", "--release", "--package", "lamplighter-engine", "--example", "life", "--"];
    run(cargo(live).arg(what).arg(number.to_string()))
}
