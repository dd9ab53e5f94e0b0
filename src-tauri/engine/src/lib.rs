//! The monitors at work: one task a workload, around the pure rules of `lamplighter-core`.
//!
//! Facts flow in as events, decisions come out as commands, `driver` performs them; nothing else
//! changes a workload's state. Token text lives in `session`, [`oauth`], [`grant`], `revocation` and the one line
//! of [`proxy`] that injects it.

pub mod api;
pub mod clock;
pub mod configfile;
pub mod control;
pub mod descriptors;
mod driver;
pub mod engine;
mod files;
pub mod grant;
pub mod handle;
pub mod host;
pub mod http;
pub mod journal;
pub mod keys;
pub mod launch;
pub mod log;
mod look;
pub mod machine;
pub mod memory;
pub mod metrics;
mod notices;
pub mod oauth;
pub mod ports;
mod probe;
pub mod profile;
pub mod proxy;
mod registry;
mod revocation;
pub mod route;
pub mod secrets;
pub mod server;
mod session;
pub mod settings;
mod settling;
mod signin;
mod step_ups;
pub mod triggers;
mod workloads;

pub use engine::{Engine, Handle};
