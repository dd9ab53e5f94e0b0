//! Who else is on this machine: web pages in a real Chromium, other users, programs that flood the port. Everything is
//! real here; the tests of the engine cover the same ground request by request.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod flood;
mod others;
mod web_page;
