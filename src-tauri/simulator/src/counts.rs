//! What the servers have seen, for tests to look at afterwards. Must not decide anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often what happened, since the server was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests for either kind of metadata.
    pub metadata_requests: u64,
    /// Registrations that succeeded.
    pub registrations: u64,
    /// Requests to the authorization endpoint.
    pub authorization_requests: u64,
    /// Codes given for other devices (RFC 8628).
    pub device_authorizations: u64,
    /// Requests to the token endpoint, faults included.
    pub token_requests: u64,
    /// Those among them with `grant_type=refresh_token`.
    pub refreshes: u64,
    /// The most of those that were ever under way together.
    pub refreshes_in_flight_max: u64,
    /// Token answers with an access token in them (sent; whether they arrived is another matter).
    pub tokens_issued: u64,
    /// Rotated refresh tokens that were used again.
    pub reuse_detected: u64,
    /// Revocations that ended something.
    pub revocations: u64,
    /// Requests to the MCP endpoint, faults included.
    pub mcp_requests: u64,
    /// Those among them answered by 401.
    pub mcp_unauthorized: u64,
    /// Those among them answered by 403 `insufficient_scope`.
    pub mcp_insufficient_scope: u64,
    /// MCP answers still being sent, event streams above all.
    pub mcp_answers_open: u64,
}

/// One request to the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEvent {
    /// When it came, on the world's clock.
    pub at: Duration,
    /// What was asked.
    pub grant_type: GrantType,
    /// What the authorization server itself made of it.
    pub outcome: Outcome,
    /// The [name](crate::Fault::name) of the fault it met.
    pub fault: Option<&'static str>,
}

/// `grant_type` (RFC 6749).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// `authorization_code`.
    AuthorizationCode,
    /// `refresh_token`.
    RefreshToken,
    /// `client_credentials`.
    ClientCredentials,
    /// `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628).
    DeviceCode,
    /// Another, or none.
    Unknown,
}

/// What became of a token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Tokens were issued.
    Issued,
    /// It was refused with this `error`.
    Refused(&'static str),
    /// The authorization server never worked on it: a fault came in between, or it is still under way.
    Untouched,
}

/// Counts what is under way; remembers the most.
#[derive(Clone, Default)]
pub(crate) struct Gauge(Arc<Levels>);

#[derive(Default)]
struct Levels {
    now: AtomicU64,
    most: AtomicU64,
}

/// One that is under way, until dropped.
pub(crate) struct UnderWay(Arc<Levels>);

impl Gauge {
    pub(crate) fn enter(&self) -> UnderWay {
        let now = self.0.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(now, Ordering::SeqCst);
        UnderWay(self.0.clone())
    }

    pub(crate) fn now(&self) -> u64 {
        self.0.now.load(Ordering::SeqCst)
    }

    pub(crate) fn most(&self) -> u64 {
        self.0.most.load(Ordering::SeqCst)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}
