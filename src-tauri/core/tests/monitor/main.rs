//! The monitor, over its public face and on simulated clocks.
#![cfg(test)]
#![expect(clippy::unchecked_time_subtraction, reason = "a test that subtracts too much fails, as it should")]

mod answers;
mod credentials;
mod no_network;
mod outage;
mod quiet;
mod restart;
mod rig;
mod schedule;
mod signing;
mod stopping;
mod storing;
mod transitions;
mod triggers;
mod upstream;
mod walks;
