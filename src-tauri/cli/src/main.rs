//! The `lamplighter` program: hands the process's doors to [`lamplighter_cli::run`], and knows no command.

use std::process::ExitCode;

use lamplighter_cli::{Out, Ports};

fn main() -> std::io::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let code =
        runtime.block_on(lamplighter_cli::run(std::env::args_os().collect(), Ports::of_process(), Out::of_process()));
    // A read from standard input cannot be called back, and must not keep a command that is done.
    runtime.shutdown_background();
    Ok(code.into())
}
