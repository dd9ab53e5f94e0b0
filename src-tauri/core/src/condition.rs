//! What can be wrong, and every word that people read about it.

use serde::{Deserialize, Serialize};

use crate::status::Phase;

/// Why a workload is as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The way to the token endpoint failed.
    Transport(Transport),
    /// TLS to the token endpoint failed.
    Tls,
    /// A redirect, or a web page with a 2xx.
    CaptivePortal {
        /// The status code.
        status: u16,
    },
    /// A 4xx without any OAuth error.
    Firewall {
        /// The status code.
        status: u16,
    },
    /// The token endpoint asked for patience: 5xx, 429, 408, 425.
    ServerBusy {
        /// The status code.
        status: u16,
    },
    /// An answer that is no OAuth answer.
    Unreadable,
    /// The authorization server's own word (RFC 6749 section 5.2).
    OAuth(String),
    /// The ceiling of an episode has passed.
    Ceiling,
    /// The lease expired and there is no refresh token.
    NoRefreshToken,
    /// The server asks for a sign-in, and there never was one.
    SignInNeeded,
    /// The person signed out.
    SignedOut,
    /// The upstream refused a fresh token.
    RefusedByServer,
    /// The secret store cannot be read.
    Store(StoreFault),
    /// The upstream is out of reach or failing.
    Upstream(UpstreamFault),
    /// The sign-in was cancelled, refused or ran out of time.
    SignIn(String),
}

/// How the way to a server failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Transport {
    Dns,
    Refused,
    Unreachable,
    Reset,
    Timeout,
    Closed,
}

/// How the secret store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreFault {
    /// Locked, and nobody unlocked it.
    Locked,
    /// No store answers.
    Absent,
    /// It answered with an error.
    Failed,
}

/// How the upstream failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamFault {
    /// It could not be reached.
    Unreachable(Transport),
    /// Its certificate was not trusted, or the TLS handshake failed.
    Tls,
    /// It answered 5xx.
    ServerError(u16),
}

impl Cause {
    /// A word for programs (`reason_code`).
    #[must_use]
    pub fn code(&self) -> String {
        unimplemented!()
    }

    /// The cause that `code` tells of, as read back from the journal (a number it may have held is lost).
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        Self::OAuth(code.to_owned())
    }

    /// A sentence for people (`reason`), without a full stop.
    #[must_use]
    pub fn sentence(&self) -> String {
        unimplemented!()
    }
}

/// How much it asks of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something fails and mends itself.
    Warning,
    /// Something is asked of the person.
    Error,
}

/// What is wrong, beside the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Condition {
    /// `not_stored`, `store_locked`, `no_refresh_token`, …
    pub code: String,
    /// How much it asks of the person.
    pub severity: Severity,
    /// A few words.
    pub title: String,
    /// One sentence.
    pub text: String,
    /// What to click or type.
    pub remedy: String,
}

/// What the person should do about a workload, in words that name the click and the command.
#[must_use]
pub fn remedy(name: &str, phase: Phase, cause: Option<&Cause>, conditions: &[Condition]) -> Option<String> {
    let _ = (name, phase, cause, conditions);
    unimplemented!()
}
