//! Sign-in over real sockets, against a server that answers as each test says.

#![expect(clippy::unwrap_used, reason = "what a test takes for granted")]

mod authorization;
mod device;
mod discovery;
mod registration;
mod revocation;
mod script;
#[path = "../fixture/tls.rs"]
mod tls;
mod token;
