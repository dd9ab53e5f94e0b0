//! Logins through everything that can come at the same time: none may be lost.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod stage;

mod abandoned;
mod added;
mod asleep;
mod device;
mod drain;
mod history;
mod load;
mod lookout;
mod machine;
mod overtaken;
mod reauthenticate;
mod removed;
mod signin;
mod start;
mod stopped;
mod streams;
