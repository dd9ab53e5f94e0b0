//! The port over real sockets: who is let in, who answers which path, and how it stops.

mod admission;
mod limits;
mod paths;
mod site;
mod stopping;
