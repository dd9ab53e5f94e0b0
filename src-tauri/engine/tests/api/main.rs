//! The control API over its router, in front of a real engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stage;

mod document;
mod events;
mod history;
mod hosting;
mod session;
mod settings;
mod signin;
mod workloads;
