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
//! - [`entry`] is one row of the journal, [`history`] what many of them make of a day,
//! - [`config`] parses settings into valid values,
//! - [`lookout`] decides where and when to look whether a server can be reached again,
//! - [`admission`] says which local request may carry a token.
//!
//! What the monitor holds, whatever happens in whatever order (proven over random walks in `tests/monitor/walks.rs`):
//!
//! 1. One writer: the state changes only in [`Monitor::handle`].
//! 2. Never two renewals in flight.
//! 3. A deadline always exists, unless the workload is stopped, waits for its person, or has nothing that can fall due
//!    (no grant, or one without an expiry: there the server speaks first).
//! 4. The answer to a stale attempt changes nothing.
//! 5. `unauthenticated` comes only of a permanent verdict, the ceiling, a refusal, a challenge without a grant, an expiry
//!    without a refresh token, or a sign-out.
//! 6. An episode gives exactly one entry notice and at most one at its end.
//! 7. Rows and notices come in the order of the changes in memory.
//! 8. Success from any path clears the episode: the next caller is served.
//! 9. No secret is in any `Debug`, `Display`, row, error or status: none ever enters.

pub mod admission;
pub mod condition;
pub mod config;
pub mod entry;
pub mod event;
pub mod history;
pub mod lease;
pub mod lookout;
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
