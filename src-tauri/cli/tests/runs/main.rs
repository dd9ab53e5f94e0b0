//! Whole runs of the command: arguments in; standard output, standard error, exit code and requests out.
//! The engine at the other end is a script.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod stage;

mod add;
mod doctor;
mod events;
mod list;
mod login;
mod open;
mod orders;
mod serve;
mod usage;
