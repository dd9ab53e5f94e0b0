//! The weather around an engine: a machine that sleeps and wakes, and a network of its own that is cut, bent and mended.

pub mod figures;
pub mod logind;
pub mod network;
