//! Where the figures come from.

use anyhow::Result;
use procfs::prelude::*;
use procfs::{CpuInfo, KernelVersion, Meminfo};

use crate::measure::stopwatch;

/// The machine, the system and the day, in a sentence or two.
pub(crate) fn describe() -> Result<String> {
    let processors = CpuInfo::current()?;
    let model = processors.model_name(0).unwrap_or("a processor that does not say its name");
    let KernelVersion { major, minor, patch } = KernelVersion::current()?;
    let memory = Meminfo::current()?.mem_total / (1 << 30);
    Ok(format!(
        "Measured on {} with Lamplighter {}: {} cores of {model}, {memory} GiB, Linux {major}.{minor}.{patch}. \
         Everything runs on this one machine and shares its cores: client, servers, and what is between them. Each \
         figure is a median over rounds in which the rivals take turns.",
        stopwatch::today(),
        env!("CARGO_PKG_VERSION"),
        processors.num_cores(),
    ))
}
