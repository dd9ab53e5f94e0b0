//! The words for conditions.

use jiff::SignedDuration;

use super::causes::store_sentence;
use super::remedies::{more_access, sign_in, sign_in_sooner, store_remedy};
use super::{Condition, Obstacle, Severity, Trouble};
use crate::config::GrantKind;

/// The secret store cannot be read, for whichever reason.
pub(super) const STORE_LOCKED: &str = "store_locked";

/// What a condition says, before it belongs to a workload.
type Wording = (&'static str, Severity, &'static str, String, String);

pub(super) fn condition(trouble: &Trouble, name: &str, grant: GrantKind) -> Condition {
    let (code, severity, title, text, remedy) = match trouble {
        Trouble::NotStored(fault) => (
            "not_stored",
            Severity::Warning,
            "Login not saved yet",
            format!(
                "The renewed login works, but could not be saved: {}; it is tried again until it holds.",
                store_sentence(*fault)
            ),
            store_remedy(*fault, name),
        ),
        Trouble::StoreLocked(fault) => (
            STORE_LOCKED,
            Severity::Error,
            "Secret store out of reach",
            format!("The saved login cannot be read: {}.", store_sentence(*fault)),
            store_remedy(*fault, name),
        ),
        Trouble::NoRefreshToken { expired } => no_refresh_token(*expired, name, grant),
        Trouble::RegistrationLost => (
            "registration_lost",
            Severity::Error,
            "App registration gone",
            "The sign-in server does not know this app any more; the next sign-in registers it afresh.".to_owned(),
            sign_in(name, grant, None),
        ),
        Trouble::NeedsMoreAccess(scopes) => (
            "needs_more_access",
            Severity::Error,
            "More access needed",
            if scopes.is_empty() {
                "The server wants more access than this login was given.".to_owned()
            } else {
                format!("The server wants more access than this login was given: {}.", scopes.join(", "))
            },
            more_access(name, grant),
        ),
        Trouble::InTheWay(obstacle) => return in_the_way(*obstacle, name),
        Trouble::ClockSkewed(ahead) => (
            "clock_skewed",
            Severity::Warning,
            "Clock is wrong",
            format!("This machine's clock is {} the server's.", skew_words(*ahead)),
            "Switch on setting the time automatically in the system's settings.".to_owned(),
        ),
        Trouble::Policy => (
            "policy",
            Severity::Info,
            "Stopped by policy",
            "Whoever manages this machine has switched this server off.".to_owned(),
            "Ask whoever manages this machine.".to_owned(),
        ),
    };
    Condition { code: code.to_owned(), severity, title: title.to_owned(), text, remedy }
}

fn no_refresh_token(expired: bool, name: &str, grant: GrantKind) -> Wording {
    let code = "no_refresh_token";
    if expired {
        let text = "The login has expired, and the server gave no means to renew it.".to_owned();
        (code, Severity::Error, "Login expired", text, sign_in(name, grant, None))
    } else {
        (
            code,
            Severity::Info,
            "Login cannot be renewed",
            "The server gave no means to renew this login, so it asks for a sign-in when it expires.".to_owned(),
            sign_in_sooner(name, grant),
        )
    }
}

/// The obstacle in words; `which` is what `lamplighter retry` is told.
pub(super) fn in_the_way(obstacle: Obstacle, which: &str) -> Condition {
    let (title, text, first) = match obstacle {
        Obstacle::CertificateUntrusted => (
            "Connection not trusted",
            "The certificate that came is not trusted; a network's login page, a VPN or a proxy may be in between.",
            "Log in to the network, or have what inspects the traffic trusted by this machine",
        ),
        Obstacle::CaptivePortal => (
            "The network asks for a login",
            "A web page answered instead of the sign-in server.",
            "Open any web page and log in to the network",
        ),
        Obstacle::Firewall => (
            "A firewall is in the way",
            "A firewall answered instead of the sign-in server.",
            "Connect to a network or VPN that lets you through",
        ),
        Obstacle::Offline => (
            "Offline",
            "The server cannot be reached: this machine is offline, or in the wrong network for it.",
            "Nothing to do: it goes on when the network is back",
        ),
    };
    Condition {
        code: obstacle.code().to_owned(),
        severity: Severity::Warning,
        title: title.to_owned(),
        text: text.to_owned(),
        remedy: format!("{first}. To try now, choose Try now, or run `lamplighter retry {which}`."),
    }
}

/// How this machine's clock stands against the server's, which is `ahead` of it.
fn skew_words(ahead: SignedDuration) -> String {
    let seconds = ahead.as_secs().unsigned_abs();
    let span = match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    };
    format!("{span} {}", if ahead.is_negative() { "ahead of" } else { "behind" })
}
