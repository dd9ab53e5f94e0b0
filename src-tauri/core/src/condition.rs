//! What can be wrong, and every word that people read about it.
//!
//! Decides nothing: the monitor says what is so, this room says it in words.

mod causes;
mod remedies;
pub(crate) mod shared;
pub mod toasts;
mod troubles;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use self::shared::HostTrouble;

use crate::config::GrantKind;
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
        /// The status code; 0 when it is no longer known.
        status: u16,
    },
    /// A 4xx without any OAuth error.
    Firewall {
        /// The status code; 0 when it is no longer known.
        status: u16,
        /// Whether it came with a web page.
        page: bool,
    },
    /// The token endpoint asked for patience: 5xx, 429, 408, 425.
    ServerBusy {
        /// The status code; 0 when it is no longer known.
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
    /// The sign-in was cancelled, refused or ran out of time: a sentence for people.
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
    /// This machine has no way to any network: nothing was sent.
    Offline,
    /// What came is no HTTP, or a head longer than is read.
    Malformed,
    /// This machine could open nothing more, files and connections being counted together.
    Exhausted,
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
    /// A word for programs (`reason_code`). An error word of the authorization server is given as it came where it is
    /// one that RFC 6749 section 5.2 allows and short, else as `oauth_error`: nothing else may leak through here.
    #[must_use]
    pub fn code(&self) -> String {
        causes::code(self)
    }

    /// The cause that `code` tells of, as read back from the journal (a number or text it may have held is lost).
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        causes::from_code(code)
    }

    /// A sentence for people (`reason`), without a full stop.
    #[must_use]
    pub fn sentence(&self) -> String {
        causes::sentence(self)
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

/// Something that is wrong, before it is put into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A rotated token could not be saved yet.
    NotStored(StoreFault),
    /// The secret store cannot be read.
    StoreLocked(StoreFault),
    /// The access token cannot be renewed without a person.
    NoRefreshToken {
        /// Whether it has expired already.
        expired: bool,
    },
    /// The authorization server no longer knows the client that was registered.
    RegistrationLost,
    /// The server wants more scopes than were granted; these.
    NeedsMoreAccess(Vec<String>),
    /// Something is between this machine and the sign-in server or the server itself.
    InTheWay(Obstacle),
    /// The server's clock and this machine's differ: how far the server's is ahead.
    ClockSkewed(SignedDuration),
    /// Whoever manages this machine has stopped the workload.
    Policy,
}

/// What is between this machine and a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// TLS failed: the certificate, or the handshake.
    CertificateUntrusted,
    /// A web page or a redirect came instead of the sign-in server's answer.
    CaptivePortal,
    /// A refusal came that is not the sign-in server's.
    Firewall,
    /// There is no way to the network.
    Offline,
}

impl Obstacle {
    pub(crate) const ALL: [Self; 4] = [Self::CertificateUntrusted, Self::CaptivePortal, Self::Firewall, Self::Offline];

    /// The word for it in [`Condition::code`].
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CertificateUntrusted => "certificate_untrusted",
            Self::CaptivePortal => "captive_portal",
            Self::Firewall => "firewall",
            Self::Offline => "offline",
        }
    }

    /// The obstacle that a cause points at, where it points at one.
    #[must_use]
    pub const fn behind(cause: &Cause) -> Option<Self> {
        match cause {
            Cause::Tls | Cause::Upstream(UpstreamFault::Tls) => Some(Self::CertificateUntrusted),
            Cause::CaptivePortal { .. } => Some(Self::CaptivePortal),
            Cause::Firewall { .. } => Some(Self::Firewall),
            Cause::Transport(transport) | Cause::Upstream(UpstreamFault::Unreachable(transport)) => match transport {
                Transport::Dns | Transport::Unreachable | Transport::Offline => Some(Self::Offline),
                Transport::Refused
                | Transport::Reset
                | Transport::Timeout
                | Transport::Closed
                | Transport::Malformed
                | Transport::Exhausted => None,
            },
            Cause::Upstream(UpstreamFault::ServerError(_))
            | Cause::ServerBusy { .. }
            | Cause::Unreadable
            | Cause::OAuth(_)
            | Cause::Ceiling
            | Cause::NoRefreshToken
            | Cause::SignInNeeded
            | Cause::SignedOut
            | Cause::RefusedByServer
            | Cause::Store(_)
            | Cause::SignIn(_) => None,
        }
    }
}

impl Trouble {
    /// The trouble of the workload `name`, whose grant is obtained by `grant`, in words.
    #[must_use]
    pub fn describe(&self, name: &str, grant: GrantKind) -> Condition {
        troubles::condition(self, name, grant)
    }
}

/// What a workload that is `unauthenticated` lacks, as the rest of a sentence that begins with its name.
#[must_use]
pub const fn lacking(grant: GrantKind) -> &'static str {
    match grant {
        GrantKind::AuthorizationCode => "needs you to sign in",
        GrantKind::ClientCredentials => "is not signed in",
        GrantKind::Bearer => "needs a new token",
    }
}

/// What the person should do about a workload, in words that name the click and the command; `None` where all is well.
#[must_use]
pub fn remedy(
    name: &str,
    grant: GrantKind,
    phase: Phase,
    cause: Option<&Cause>,
    conditions: &[Condition],
) -> Option<String> {
    let of_condition = |least: Severity| {
        let worst = conditions.iter().rev().max_by_key(|condition| condition.severity)?;
        (worst.severity >= least).then(|| worst.remedy.clone())
    };
    match phase {
        Phase::Starting | Phase::Stopping | Phase::Running => of_condition(Severity::Warning),
        Phase::AuthRetrying => Some(of_condition(Severity::Warning).unwrap_or_else(|| remedies::wait_or_retry(name))),
        Phase::Unauthenticated => Some(remedies::sign_in(name, grant, cause)),
        Phase::Unhealthy => Some(of_condition(Severity::Warning).unwrap_or_else(|| remedies::wait_for_server(name))),
        Phase::Stopped => Some(remedies::start(name)),
        Phase::Error | Phase::PolicyStopped => of_condition(Severity::Info),
        Phase::Removing | Phase::Unknown => None,
    }
}

/// A `sentence` with a capital at its beginning, to stand by itself.
#[must_use]
pub fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
