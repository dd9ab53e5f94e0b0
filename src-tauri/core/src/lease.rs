//! What core knows of a grant: everything but the secrets.

use crate::time::Moment;

/// Tells one access token from the next; never reused within one engine run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub u64);

/// A grant without its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which access token this is.
    pub id: LeaseId,
    /// When the authorization server issued it, as far as is known.
    pub issued_at: Moment,
    /// When the access token stops being valid; `None` when nobody said.
    pub expires_at: Option<Moment>,
    /// Whether it can be renewed without a person: a refresh token is held
    /// (and not ended), or the grant can be obtained again (client credentials).
    pub renewable: bool,
}

impl Lease {
    /// Whether it stands for a grant that client credentials are yet to bring: such a lease expires as it is issued.
    #[must_use]
    pub fn is_yet_to_come(&self) -> bool {
        self.expires_at == Some(self.issued_at)
    }

    /// Whether the access token is still valid at `now`.
    #[must_use]
    pub fn valid_at(&self, now: Moment) -> bool {
        self.expires_at.is_none_or(|expiry| now < expiry)
    }
}

/// One refresh, numbered, so that a late answer to an old one is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u64);
