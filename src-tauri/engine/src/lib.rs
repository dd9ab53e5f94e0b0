//! The monitors at work: one task a workload, around the pure rules of `lamplighter-core`.
//!
//! Facts flow in as events, decisions come out as commands, [`driver`] performs them; nothing else
//! changes a workload's state. Token text lives in [`session`], [`oauth`], [`grant`] and the one line
//! of [`proxy`] that injects it.

pub mod api;
pub mod clock;
pub mod driver;
pub mod engine;
pub mod grant;
pub mod http;
pub mod journal;
pub mod keys;
pub mod metrics;
pub mod oauth;
pub mod ports;
pub mod profile;
pub mod proxy;
pub mod route;
pub mod secrets;
pub mod server;
pub mod session;
pub mod signin;
pub mod triggers;

pub use engine::{Engine, Handle};
