//! The window's program: everything is in the library.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Nothing that is freed can be read again, whoever held it: a token is copied by every layer it goes through.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    lamplighter_desktop::run_window()
}
