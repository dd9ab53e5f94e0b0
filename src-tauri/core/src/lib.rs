//! The rules of staying signed in, as pure decisions.
//!
//! Facts come in as [`Event`]s, decisions go out as [`Command`]s; time is an
//! argument, secrets never enter. The map:
//!
//! - [`monitor`] is the state machine of one workload,
//! - [`policy`] holds its times, [`verdict`] what an answer of the token endpoint means,
//! - [`condition`] holds every word that people read,
//! - [`status`] is what faces may show,
//! - [`notice`] decides which desktop notices are due,
//! - [`entry`] is one row of the journal,
//! - [`config`] parses settings into valid values,
//! - [`admission`] says which local request may carry a token.

pub mod admission;
pub mod condition;
pub mod config;
pub mod entry;
pub mod event;
pub mod lease;
pub mod monitor;
pub mod notice;
pub mod policy;
pub mod status;
pub mod time;
pub mod verdict;

pub use entry::Entry;
pub use event::{Command, Event};
pub use lease::{Lease, LeaseId};
pub use monitor::Monitor;
pub use policy::Policy;
pub use status::{Phase, Snapshot, Status};
pub use time::{Moment, Reading};
