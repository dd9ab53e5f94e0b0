//! Lamplighter as a whole, as processes: the program in a profile of its own, the servers and clients of
//! `tests/foreign`, a real keyring, a real [desktop session](desktop) without a screen that anybody sees. The tests of the
//! whole are made of these, and the two ordeals are here: an engine that is [killed](kills) at random moments, and one that
//! is [worn](soak) by faults that come and go.
//!
//! It knows the program from outside only: its commands, its files, its port. It fails as tests do, by panicking.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "a test fails by panicking")]
#![expect(clippy::must_use_candidate, reason = "as in tests, which have no outside")]

#[cfg(target_os = "linux")]
pub mod bus;
pub mod child;
#[cfg(target_os = "linux")]
pub mod desktop;
#[cfg(target_os = "linux")]
mod exchanges;
#[cfg(target_os = "linux")]
pub mod figure;
pub mod foreign;
#[cfg(target_os = "linux")]
pub mod keyring;
#[cfg(target_os = "linux")]
pub mod kills;
pub mod mcp;
pub mod patience;
pub mod product;
#[cfg(target_os = "linux")]
pub mod soak;
#[cfg(target_os = "linux")]
pub mod weather;
pub mod wire;
