//! The tray app's program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    lamplighter_desktop::run()
}
