//! The real program in real weather: a machine that sleeps, a person who comes and goes, and a network that is cut, bent and
//! mended.

#![cfg(target_os = "linux")]

mod network;
mod portal;
mod session;
mod sleep;
mod waiting;
