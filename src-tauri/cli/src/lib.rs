//! The `lamplighter` command: the engine without a screen, and the controls of whichever engine is running.
//!
//! Everything the outside world is asked for comes in through [`Ports`], everything that is said goes out
//! through [`Out`]; what is said is decided in `view`, as values. Commands speak to the running engine over
//! its control API and know nothing of tokens.

mod args;
mod command;
mod demo;
mod exit;
mod failure;
mod ports;
mod usage;
mod view;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

pub use exit::ExitCode;
pub use ports::{Browser, Out, Ports, Terminal};

/// Runs one command to its end. `args` begins with the program's name.
pub async fn run(args: Vec<OsString>, ports: Ports, mut out: Out) -> ExitCode {
    let command = args::Cli::command().term_width(out.terminal().columns());
    let parsed = command.try_get_matches_from(args).and_then(|matches| args::Cli::from_arg_matches(&matches));
    let done = match parsed {
        Ok(cli) => command::dispatch(cli.command, ports, &mut out).await,
        Err(error) => usage::told(&error, &mut out),
    };
    match done {
        Ok(code) => code,
        Err(failure) => failure.tell(&mut out),
    }
}
