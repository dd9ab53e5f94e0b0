//! What can go wrong on the way to an endpoint, and when. How it looks on the wire is in `play`.

mod bomb;
mod play;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Protected resource metadata (RFC 9728).
    ResourceMetadata,
    /// Authorization server metadata (RFC 8414) and OIDC discovery.
    ServerMetadata,
    /// Dynamic client registration (RFC 7591).
    Registration,
    /// The authorization endpoint, where the person goes.
    Authorization,
    /// Where a sign-in on another device begins (RFC 8628).
    DeviceAuthorization,
    /// Where the person enters the code of such a sign-in.
    Verification,
    /// The token endpoint.
    Token,
    /// Token revocation (RFC 7009).
    Revocation,
    /// OIDC `userinfo`.
    UserInfo,
    /// The MCP endpoint.
    Mcp,
}

/// One way in which an endpoint fails. Unless said otherwise the request has **no effect**: nothing is
/// issued or rotated, as when something between client and server answers or breaks.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The connection is closed without a byte of an answer.
    Close,
    /// The connection is reset (RST) without a byte of an answer.
    Reset,
    /// No answer; the connection is closed when the fault is lifted.
    Hang,
    /// The head and half of a body of declared length, then the connection is closed.
    Midway,
    /// The head and half of a body of declared length, and no more; closed when the fault is lifted.
    Stall,
    /// A web page: of a captive portal (200), a firewall (403), a gateway (502).
    Page(StatusCode),
    /// A redirect, as captive portals send.
    Redirect(StatusCode, String),
    /// Plain text, so no OAuth error.
    Text(StatusCode, String),
    /// Any JSON document, as `application/json`.
    Json(StatusCode, Value),
    /// No body.
    Empty(StatusCode),
    /// A token answer, broken off within a string though the HTTP message is whole.
    Truncated,
    /// A valid token answer of a little over 1 MiB.
    Oversized,
    /// A body that never ends.
    Endless,
    /// A head of more than 1 MiB.
    Headers,
    /// A body under 1 MiB that is compressed (gzip), and unpacks to 64 MiB of blanks.
    Compressed,
    /// An OAuth error word (RFC 6749 section 5.2) under any status, 200 included.
    OAuthError(StatusCode, String),
    /// A web page with `Retry-After`: 429 and 503, as a rule.
    Busy(StatusCode, RetryAfter),
    /// Waits, **then works** and answers as it should.
    Delay(Duration),
    /// **Works**, waits, then answers as it should.
    Late(Duration),
    /// **Works**, and sends the answer byte by byte, this long apart. (Not for answers without end.)
    Drip(Duration),
    /// **Works**, and labels the answer with this `Content-Type`.
    Mislabelled(&'static str),
    /// **Works**, and the answer is lost: the client does not learn what was rotated.
    Lost(Loss),
}

/// How an answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The connection is closed before the answer's first byte.
    Unanswered,
    /// The connection is reset before the answer's first byte.
    Reset,
    /// The connection is closed midway through the answer's body.
    Midway,
}

/// A `Retry-After` (RFC 9110 section 10.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// In seconds.
    Seconds(u64),
    /// As a date, this long from now.
    Date(Duration),
    /// As it stands here.
    Raw(String),
}

impl Fault {
    /// A word for logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Reset => "reset",
            Self::Hang => "hang",
            Self::Midway => "midway",
            Self::Stall => "stall",
            Self::Page(_) => "page",
            Self::Redirect(..) => "redirect",
            Self::Text(..) => "text",
            Self::Json(..) => "json",
            Self::Empty(_) => "empty",
            Self::Truncated => "truncated",
            Self::Oversized => "oversized",
            Self::Endless => "endless",
            Self::Headers => "headers",
            Self::Compressed => "compressed",
            Self::OAuthError(..) => "oauth_error",
            Self::Busy(..) => "busy",
            Self::Delay(_) => "delay",
            Self::Late(_) => "late",
            Self::Drip(_) => "drip",
            Self::Mislabelled(_) => "mislabelled",
            Self::Lost(_) => "lost",
        }
    }
}

/// The faults that are to come, by endpoint.
#[derive(Default)]
pub(crate) struct Script {
    lines: HashMap<Endpoint, Line>,
}

#[derive(Default)]
struct Line {
    /// Each for one request, in order.
    queued: VecDeque<Fault>,
    /// For every request after those.
    standing: Option<Fault>,
    lifted: Arc<Notify>,
}

/// A fault that a request meets.
pub(crate) struct Met {
    pub(crate) fault: Fault,
    lifted: OwnedNotified,
}

impl Script {
    pub(crate) fn stand(&mut self, endpoint: Endpoint, fault: Fault) {
        self.lines.entry(endpoint).or_default().standing = Some(fault);
    }

    pub(crate) fn queue(&mut self, endpoint: Endpoint, times: usize, fault: &Fault) {
        self.lines.entry(endpoint).or_default().queued.extend(std::iter::repeat_n(fault.clone(), times));
    }

    pub(crate) fn lift(&mut self, endpoint: Endpoint) {
        if let Some(line) = self.lines.remove(&endpoint) {
            line.lifted.notify_waiters();
        }
    }

    pub(crate) fn next(&mut self, endpoint: Endpoint) -> Option<Met> {
        let line = self.lines.get_mut(&endpoint)?;
        let fault = line.queued.pop_front().or_else(|| line.standing.clone())?;
        Some(Met { fault, lifted: line.lifted.clone().notified_owned() })
    }
}
