//! The whole product against real foreign parts, each a process of its own: `lamplighter` itself, a foreign
//! authorization server, the official SDK's MCP server and client, a browser without a screen, a real keyring.
//!
//! Needs what `cargo xtask test` installs. `lamplighter` is built when it is not there; what is there is taken as it is.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod child;
mod device;
mod foreign;
mod killed;
mod life;
mod many_callers;
#[cfg(target_os = "linux")]
mod memory;
mod patience;
mod private;
mod product;
#[cfg(target_os = "linux")]
mod secret_service;
mod wire;
