//! What an answer of the token endpoint means. Only the authorization server can end a grant.

use std::time::Duration;

use crate::condition::{Cause, Transport};

/// An answer of the token endpoint, or of the way to it, classified where it arose. Holds no body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No HTTP answer.
    Transport(Transport),
    /// TLS failed.
    Tls,
    /// An HTTP answer.
    Http {
        /// The status code.
        status: u16,
        /// What the body is, judged by content whatever its Content-Type.
        content: Content,
        /// `Retry-After`, as time from the answer on.
        retry_after: Option<Duration>,
    },
}

/// What a body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A web page.
    Page,
    /// A JSON object with an `error` member that is a string.
    OAuthError(String),
    /// A JSON object with a usable `access_token`. Only a failure when the status is not 2xx.
    Token,
    /// JSON without `error` and without a usable `access_token`.
    OtherJson,
    /// Over 1 MiB, not JSON, truncated or empty.
    Unreadable,
}

/// What an answer means for the grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Weather: try again, not sooner than `floor` where there is one.
    Transient {
        /// Why.
        cause: Cause,
        /// The server's `Retry-After`.
        floor: Option<Duration>,
    },
    /// The authorization server's own word that this grant is over.
    Permanent {
        /// Why.
        cause: Cause,
    },
}

/// Judges `answer`. `previous_word` is the error word of the answer just before, where that was one
/// that is only believed the second time.
#[must_use]
pub fn judge(answer: &Answer, previous_word: Option<&str>) -> Verdict {
    let _ = (answer, previous_word);
    unimplemented!()
}
