//! The whole engine, in process and over real sockets, against simulated servers and on simulated time.

mod callers;
mod credentials;
mod outage;
mod signing;
#[path = "../support/mod.rs"]
mod support;
mod weather;
