//! Logins through everything that can come at the same time: none may be lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stage;

mod abandoned;
mod drain;
mod load;
mod machine;
mod overtaken;
mod removed;
mod signin;
mod start;
mod stopped;
mod streams;
