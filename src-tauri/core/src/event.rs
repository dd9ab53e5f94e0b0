//! What can happen to a workload, and what its monitor may decide.

use jiff::SignedDuration;

use crate::condition::{Cause, StoreFault, UpstreamFault};
use crate::entry::Entry;
use crate::lease::{Attempt, Lease, LeaseId};
use crate::notice::Notice;
use crate::verdict::Answer;

/// A fact. Past participles: it has happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The engine or the person starts the workload (also after a stop).
    StartRequested,
    /// The secret store answered [`Command::Load`].
    Loaded(Loaded),
    /// A refresh succeeded. Whatever was rotated has been stored, unless `stored` tells otherwise.
    Renewed {
        /// The attempt that this answers.
        attempt: Attempt,
        /// The new grant.
        lease: Lease,
        /// Whether the secret store holds it.
        stored: Result<(), StoreFault>,
        /// How far the server's `Date` was ahead of the local wall clock.
        skew: Option<SignedDuration>,
    },
    /// A refresh failed.
    RenewalFailed {
        /// The attempt that this answers.
        attempt: Attempt,
        /// What the token endpoint, or the way to it, answered.
        answer: Answer,
        /// Whether the client came from dynamic registration (RFC 7591), so that a lost one can be replaced unasked.
        registered: bool,
        /// How far the server's `Date` was ahead of the local wall clock.
        skew: Option<SignedDuration>,
    },
    /// The secret store answered [`Command::Store`].
    Stored(Result<(), StoreFault>),
    /// The upstream answered 401 to a request that carried this lease.
    Rejected {
        /// The lease that was sent.
        lease: LeaseId,
        /// Whether this was the replay of a request that an older lease had failed.
        replayed: bool,
    },
    /// The upstream took this lease for the first time (sent once a lease).
    Accepted {
        /// The lease that was sent.
        lease: LeaseId,
    },
    /// The upstream answered 401 to a request without a token.
    Challenged,
    /// The upstream answered 403 `insufficient_scope` (RFC 6750 section 3.1).
    ScopeChallenged {
        /// The scopes that it named.
        scopes: Vec<String>,
    },
    /// The upstream could not be reached, or answered 5xx.
    UpstreamFailed(UpstreamFault),
    /// The upstream answered with something other than 5xx after it had failed.
    UpstreamReached,
    /// A reason to try now.
    Triggered(Trigger),
    /// The person began a sign-in.
    SignInStarted,
    /// A sign-in brought a new grant.
    SignedIn {
        /// The new grant.
        lease: Lease,
        /// Whether the secret store holds it.
        stored: Result<(), StoreFault>,
    },
    /// A sign-in ended without a grant; whatever was held before is untouched.
    SignInFailed {
        /// Why, for the journal.
        cause: Cause,
    },
    /// The person signs out.
    SignOutRequested,
    /// The engine or the person stops the workload.
    StopRequested,
    /// The person removes the workload.
    RemoveRequested,
    /// The deadline of [`crate::Monitor::deadline`] has come.
    Woken,
}

/// What the secret store held at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// No grant: requests pass without a token until the server asks for one.
    Nothing,
    /// A grant, its access token perhaps expired.
    Grant(Lease),
    /// A grant whose refresh token the authorization server has ended: it is never sent again.
    Ended(Lease),
    /// The store could not be read; it is tried again.
    Unavailable(StoreFault),
}

/// A reason to try now instead of at the next tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The machine woke.
    Woke,
    /// Addresses, routes or name servers changed.
    NetworkChanged,
    /// The person came back to the session.
    Resumed,
    /// The server that it waits for was seen.
    Reached,
    /// The person asked (`retry`): the only trigger that shortens a `Retry-After`.
    Asked,
}

/// A decision, carried out by the driver in the order given. Imperatives.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Read the grant from the secret store; answered by [`Event::Loaded`].
    Load,
    /// Exchange the refresh token; answered by [`Event::Renewed`] or [`Event::RenewalFailed`].
    Renew(Attempt),
    /// Try again to store what could not be stored; answered by [`Event::Stored`].
    Store,
    /// Mark the refresh token as ended by the authorization server, in the store too.
    Retire,
    /// Forget the registration, so that the next sign-in registers afresh.
    ForgetRegistration,
    /// Revoke at the server where it can be, forget the grant here always.
    Forget,
    /// See whether the upstream is back; answered by [`Event::UpstreamReached`] or [`Event::UpstreamFailed`].
    Probe,
    /// Write this row.
    Record(Entry),
    /// Tell the person.
    Notify(Notice),
}
