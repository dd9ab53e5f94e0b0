//! The package that people install: what is in it, and what becomes of it on a machine, from the first session that
//! starts it to the day when it is taken away. It is made of the programs as they are built, and installed into a folder.
//!
//! Needs what `cargo xtask test` installs.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod contents;
mod machine;
mod story;
