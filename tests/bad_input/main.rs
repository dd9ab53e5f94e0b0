//! Bad input to every command and setting, and what people read then: the real command before the real engine. Every
//! sentence is a snapshot: a cause, where it is, what is allowed, what to do.

mod callbacks;
mod commands;
mod discovery;
mod exits;
mod foreign;
mod serving;
mod settings;
mod stage;
#[expect(dead_code, reason = "the other stories need more of the stage")]
#[path = "../support/mod.rs"]
mod support;
