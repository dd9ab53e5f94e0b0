//! What an answer of the token endpoint means. Only the authorization server can end a grant.
//!
//! Knows neither the state of a workload nor what is done about a verdict.

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

/// How far an error word of the authorization server is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Belief {
    /// It says itself that it will pass.
    Passing,
    /// It ends the grant.
    Final,
    /// It ends the grant when the very next answer says it again.
    OnceMore,
}

impl Answer {
    /// The answer's HTTP status code, where there was an HTTP answer.
    #[must_use]
    pub const fn http_status(&self) -> Option<u16> {
        match self {
            Self::Transport(_) | Self::Tls => None,
            Self::Http { status, .. } => Some(*status),
        }
    }
}

/// Judges `answer`. `previous_word` is the error word of the answer just before, where that was one
/// that is only believed the second time ([`word_to_repeat`]).
#[must_use]
pub fn judge(answer: &Answer, previous_word: Option<&str>) -> Verdict {
    let weather = |cause| Verdict::Transient { cause, floor: None };
    let (status, content, retry_after) = match answer {
        Answer::Transport(transport) => return weather(Cause::Transport(*transport)),
        Answer::Tls => return weather(Cause::Tls),
        Answer::Http { status, content, retry_after } => (*status, content, *retry_after),
    };
    if is_busy(status) {
        return Verdict::Transient { cause: Cause::ServerBusy { status }, floor: retry_after };
    }
    match (status, content) {
        (300..=399, _) | (200..=299, Content::Page) => weather(Cause::CaptivePortal { status }),
        (200..=299 | 400..=499, Content::OAuthError(word)) => match believe(word) {
            Belief::Final => Verdict::Permanent { cause: Cause::OAuth(word.clone()) },
            Belief::OnceMore if previous_word == Some(word) => Verdict::Permanent { cause: Cause::OAuth(word.clone()) },
            Belief::Passing | Belief::OnceMore => {
                Verdict::Transient { cause: Cause::OAuth(word.clone()), floor: retry_after }
            }
        },
        (400..=499, content) => weather(Cause::Firewall { status, page: *content == Content::Page }),
        _ => weather(Cause::Unreadable),
    }
}

/// The error word of `answer`, where it is one that only ends a grant when the next answer repeats it.
#[must_use]
pub fn word_to_repeat(answer: &Answer) -> Option<&str> {
    match answer {
        Answer::Http { status: 200..=299 | 400..=499, content: Content::OAuthError(word), .. }
            if answer.http_status().is_some_and(|status| !is_busy(status)) && believe(word) == Belief::OnceMore =>
        {
            Some(word)
        }
        Answer::Transport(_) | Answer::Tls | Answer::Http { .. } => None,
    }
}

/// Whether this status code asks for patience, whatever the body says.
const fn is_busy(status: u16) -> bool {
    matches!(status, 500..=599 | 429 | 408 | 425)
}

fn believe(word: &str) -> Belief {
    match word {
        "temporarily_unavailable" | "server_error" | "slow_down" => Belief::Passing,
        "invalid_grant"
        | "invalid_client"
        | "unauthorized_client"
        | "invalid_scope"
        | "invalid_target"
        | "access_denied"
        | "unsupported_grant_type"
        | "interaction_required"
        | "consent_required"
        | "login_required" => Belief::Final,
        _ => Belief::OnceMore,
    }
}
