//! What Lamplighter costs, each figure beside a rival or a bound measured in the same run. Knows the `lamplighter`
//! program from outside only: its commands, its files, its port. Profiles are written by the engine's own code.

mod authorization;
mod child;
mod clients;
mod hop;
mod lamplighter;
mod load;
mod machine;
mod nginx;
mod profile;
mod refusals;
mod renewal;
mod report;
mod roles;
mod scale;
mod stopwatch;
mod streams;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use crate::measure::report::{Report, Table, say};
use crate::measure::roles::Role;

/// Measure what Lamplighter costs.
#[derive(Parser)]
struct Arguments {
    /// What is measured; all of it when nothing is named.
    #[arg(value_enum)]
    sections: Vec<Section>,
    /// Short rounds, to see that everything works: such figures are worth little.
    #[arg(long)]
    quick: bool,
    /// Writes the report to this file too.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Plays another program's part; the benchmark starts itself so.
    #[arg(long, hide = true, exclusive = true, value_enum)]
    role: Option<Role>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// One request through Lamplighter, a bare TCP relay, nginx, and none of them.
    Hop,
    /// Event streams, clients that do not read, and long answers.
    Streams,
    /// What is refused while there is no token, and what that costs the authorization server.
    Refusals,
    /// Many callers at the moment a token expires.
    Renewal,
    /// Many workloads in one engine, idle and in an outage of all at once.
    Scale,
    /// The same work by `mcp-remote`, a program for each server.
    Clients,
}

impl Section {
    async fn measure(self, effort: Effort) -> Result<Vec<Table>> {
        match self {
            Self::Hop => hop::measure(effort).await,
            Self::Streams => streams::measure(effort).await,
            Self::Refusals => refusals::measure(effort).await,
            Self::Renewal => renewal::measure(effort).await,
            Self::Scale => scale::measure(effort).await,
            Self::Clients => clients::measure(effort).await,
        }
    }
}

/// How long and how often something is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    quick: bool,
}

impl Effort {
    /// Whether figures are worth little and must only come soon.
    pub(crate) fn is_quick(self) -> bool {
        self.quick
    }

    /// `thorough`, or much less of it.
    pub(crate) fn rounds(self, thorough: usize) -> usize {
        if self.quick { 2 } else { thorough }
    }

    /// `thorough` milliseconds, or a tenth of it.
    pub(crate) fn millis(self, thorough: u64) -> std::time::Duration {
        std::time::Duration::from_millis(if self.quick { thorough / 10 } else { thorough })
    }
}

pub(crate) fn run() -> Result<()> {
    let arguments = Arguments::parse();
    // For this program, and for the others that it starts: thousands of clients are thousands of descriptors.
    rlimit::increase_nofile_limit(u64::MAX)?;
    if let Some(role) = arguments.role {
        return role.play();
    }
    let effort = Effort { quick: arguments.quick };
    let sections = match arguments.sections.as_slice() {
        [] => Section::value_variants(),
        named => named,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::new(machine::describe()?);
    for section in sections {
        let tables = runtime.block_on(section.measure(effort))?;
        // At once: what is measured already is worth having even when the next section fails.
        for table in &tables {
            say(&table.to_string());
        }
        report.add(tables);
    }
    if let Some(file) = arguments.write {
        std::fs::write(file, report.to_string())?;
    }
    Ok(())
}
