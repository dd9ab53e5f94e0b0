//! The `lamplighter` program: hands the process's doors to [`lamplighter_cli::run`], and knows no command.

use std::alloc::System;
use std::process::ExitCode;

use lamplighter_cli::{Out, Ports};
use zeroizing_alloc::ZeroAlloc;

/// Nothing that is freed can be read again, whoever held it: a token is copied by every layer it goes through.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> std::io::Result<ExitCode> {
    // One thread carries the traffic of one person with room to spare, and no request waits for another thread to wake.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code =
        runtime.block_on(lamplighter_cli::run(std::env::args_os().collect(), Ports::of_process(), Out::of_process()));
    // A read from standard input cannot be called back, and must not keep a command that is done.
    runtime.shutdown_background();
    Ok(code.into())
}
