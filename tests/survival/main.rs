//! Conditions that a machine gets into, and what is left of the product then: a disk that is full, folders that can
//! only be read, files that are corrupt or held by others, no file descriptors, a clock that is years off, servers that
//! mean harm. In each it says what is wrong, goes on with what it can, loses no login, and recovers by itself.
//!
//! What is a condition of the process happens to the program itself, against simulated servers. It takes no special
//! rights, but for a disk of its own to fill, which only root may mount. (A keyring that is locked, or gone for a while,
//! is in `tests/real`.)
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod clocks;
#[cfg(target_os = "linux")]
mod descriptors;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod files;
mod hostile;
#[cfg(target_os = "linux")]
mod stage;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "made for other themes too")]
mod support;
