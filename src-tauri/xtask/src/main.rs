//! `cargo xtask`: everything that is done to this repository by command.
//!
//! What a task needs is looked for before it starts, and every external command is shown before it runs.

mod bench;
mod bindings;
mod bundle;
mod check;
mod endure;
mod fuzz;
mod life;
mod process;
mod test;
mod tools;
mod ui;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};

use crate::process::{cargo, say};

/// What can be done to this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build Lamplighter and watch it keep three workloads signed in through an outage.
    Run {
        /// Passed on to `lamplighter demo`, after a `--`: cargo xtask run -- --seconds 90
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Build the tray app, and start it.
    App {
        /// Passed on to `lamplighter-desktop`, after a `--`: cargo xtask app -- --hidden
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Prove that it works: install what the tests need, check, and run every test.
    Test,
    /// Measure what Lamplighter costs beside its rivals, and write it to BENCHMARKS.md.
    Bench {
        /// Passed on to the benchmark, after a `--`, which then only prints: cargo xtask bench -- hop --quick
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Wear Lamplighter out, within a bound, and count what it costs: cargo xtask endure kill --store keychain
    Endure {
        /// Passed on to the ordeals; `--help` names them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        arguments: Vec<OsString>,
    },
    /// Live months of weather in virtual time, each told from the others by its seed, and hold them against the promises.
    Life {
        /// How many months.
        #[arg(long, value_name = "N", default_value_t = 1000)]
        seeds: u64,
        /// Tell the whole story of this one instead.
        #[arg(long, value_name = "N", conflicts_with = "seeds")]
        seed: Option<u64>,
    },
    /// Search for foreign input that breaks what must hold: cargo xtask fuzz --minutes 5 callback
    Fuzz {
        /// Kinds of input, as tests/fuzz/corpus calls them; all of them where none is named.
        #[arg(value_name = "TARGET")]
        targets: Vec<String>,
        /// For how long each.
        #[arg(long, value_name = "N", default_value_t = 1)]
        minutes: u64,
    },
    /// Make the package that people install: on Linux a .deb, on macOS a .dmg, on Windows an installer.
    Bundle {
        /// Of the programs that are in target/debug or target/release, as they are, and build nothing.
        #[arg(long, value_name = "PROFILE", value_enum)]
        as_built: Option<bundle::Profile>,
    },
    /// Install what the web UI is made of; check, test and build it.
    Ui,
    /// Write what the web UI knows of the control API: types and operations, into ui/src/api.
    Bindings,
    /// Render the pictures in icons/ from their sources.
    Icons,
    /// Formatting, lints, documentation, bindings, dependencies and their licences.
    Check,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Run { arguments } => return demo(&arguments),
        Task::App { arguments } => return app(&arguments),
        Task::Test => test::test(),
        Task::Bench { arguments } => bench::bench(&arguments),
        Task::Endure { arguments } => endure::endure(&arguments),
        Task::Life { seeds, seed } => life::life(seeds, seed),
        Task::Fuzz { targets, minutes } => fuzz::fuzz(&targets, minutes),
        Task::Bundle { as_built } => bundle::bundle(as_built),
        Task::Ui => ui::ui(),
        Task::Bindings => bindings::bindings(),
        Task::Icons => process::run(&mut cargo(["run", "--quiet", "--package", "lamplighter-icons"])),
        Task::Check => check::check(),
    };
    done.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
}

/// Runs the demo. The development profile, because it builds sooner and the demo waits more than it works.
fn demo(arguments: &[OsString]) -> ExitCode {
    let mut demo = cargo(["run", "--package", "lamplighter-cli", "--bin", "lamplighter", "--", "demo"]);
    passed_on(demo.args(arguments))
}

/// Runs the tray app, once it has what it is made of. The development profile, as for the demo.
fn app(arguments: &[OsString]) -> ExitCode {
    // Both programs: the app starts the other one as its window.
    let build = || process::run(&mut cargo(["build", "--package", "lamplighter-desktop"]));
    if let Err(error) = tools::prepare_build().and_then(|()| ui::built()).and_then(|()| build()) {
        return failed(&error);
    }
    passed_on(cargo(["run", "--quiet", "--package", "lamplighter-desktop", "--"]).args(arguments))
}

/// Runs `command`; its exit code is ours.
fn passed_on(command: &mut Command) -> ExitCode {
    match process::status(command) {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    say(&told(error));
    ExitCode::FAILURE
}

/// The causes in one line, from what was wanted to what went wrong; then every hint.
fn told(error: &anyhow::Error) -> String {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let (hints, causes): (Vec<_>, Vec<_>) =
        chain.iter().flat_map(|message| message.lines()).partition(|line| line.starts_with("hint: "));
    std::iter::once(format!("error: {}", causes.join(": ")))
        .chain(hints.into_iter().map(str::to_owned))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_come_after_every_cause() {
        let error = anyhow::anyhow!("no such file").context("no Node.js\nhint: install it");
        assert_eq!(told(&error), "error: no Node.js: no such file\nhint: install it");
    }
}
