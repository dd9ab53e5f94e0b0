//! The tray app: the engine on a desktop, with lamp, notices and window.
//!
//! Two programs. The *resident* (`app`) hosts the engine and shows what needs no window: the lamp and its menu
//! (`tray`), notices (`notices`). The *window* (`window`) is a program of its own without an engine, so that everything
//! it costs is given back when it is closed, and so that on Linux the resident never loads what a webview is made of; it
//! speaks the control API over loopback, and its page may call what [`bridge`] offers and nothing else. This is the only
//! crate that knows Tauri.

mod app;
mod args;
mod autostart;
pub mod bridge;
mod browser;
mod clipboard;
mod commands;
mod errands;
mod host;
mod notices;
mod order;
mod program;
#[cfg(test)]
mod samples;
mod second;
mod tray;
mod window;

use std::process::ExitCode;

use clap::Parser;

/// Runs the resident to its end.
#[must_use]
pub fn run_app() -> ExitCode {
    told(|args::App { hidden }| app::run(hidden))
}

/// Runs the window to its end.
#[must_use]
pub fn run_window() -> ExitCode {
    told(|args::Window { place, attached }| window::run(place.into(), attached))
}

/// Does what the program is told by its arguments, or says what it can be told.
fn told<Arguments: Parser>(run: impl FnOnce(Arguments) -> ExitCode) -> ExitCode {
    match Arguments::try_parse() {
        Ok(arguments) => run(arguments),
        Err(told) => {
            // Nobody is left to be told that nobody listens.
            let _ = told.print();
            if told.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
        }
    }
}

/// What Tauri is built with: the page, its policy, the icon.
fn context() -> tauri::Context {
    tauri::generate_context!()
}

/// Says on standard error why the program ends, and answers with how.
#[expect(clippy::print_stderr, reason = "a program that cannot go on says why to whoever started it")]
fn give_up(code: u8, cause: &dyn std::fmt::Display, hint: &str) -> ExitCode {
    eprintln!("error: {cause}\nhint: {hint}");
    ExitCode::from(code)
}
