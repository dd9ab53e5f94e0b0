//! The real program in real weather: a machine that sleeps, and a network that is cut, bent and mended.

#![cfg(target_os = "linux")]

mod network;
mod sleep;
