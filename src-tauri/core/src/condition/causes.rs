//! The words for causes: a code for programs, a calm sentence for people.

use super::{Cause, StoreFault, Transport, UpstreamFault};

/// Longer than any registered error word, shorter than any token.
const LONGEST_WORD: usize = 40;

pub(super) fn code(cause: &Cause) -> String {
    let word = match cause {
        Cause::Transport(transport) => transport_code(*transport),
        Cause::Tls => "certificate_untrusted",
        Cause::CaptivePortal { .. } => "captive_portal",
        Cause::Firewall { .. } => "firewall",
        Cause::ServerBusy { .. } => "server_busy",
        Cause::Unreadable => "unreadable_answer",
        Cause::OAuth(word) => presentable(word),
        Cause::Ceiling => "ceiling",
        Cause::NoRefreshToken => "no_refresh_token",
        Cause::SignInNeeded => "sign_in_needed",
        Cause::SignedOut => "signed_out",
        Cause::RefusedByServer => "refused_by_server",
        Cause::Store(StoreFault::Locked) => "store_locked",
        Cause::Store(StoreFault::Absent) => "store_absent",
        Cause::Store(StoreFault::Failed) => "store_failed",
        Cause::Upstream(UpstreamFault::Unreachable(transport)) => {
            return format!("server_{}", transport_code(*transport));
        }
        Cause::Upstream(UpstreamFault::Tls) => "server_certificate_untrusted",
        Cause::Upstream(UpstreamFault::ServerError(_)) => "server_failing",
        Cause::SignIn(_) => "sign_in_failed",
    };
    word.to_owned()
}

pub(super) fn from_code(code: &str) -> Cause {
    let upstream = code.strip_prefix("server_").and_then(transport_from_code);
    match (code, transport_from_code(code), upstream) {
        (_, Some(transport), _) => Cause::Transport(transport),
        (_, _, Some(transport)) => Cause::Upstream(UpstreamFault::Unreachable(transport)),
        ("certificate_untrusted", ..) => Cause::Tls,
        ("captive_portal", ..) => Cause::CaptivePortal { status: 0 },
        ("firewall", ..) => Cause::Firewall { status: 0, page: false },
        ("server_busy", ..) => Cause::ServerBusy { status: 0 },
        ("unreadable_answer", ..) => Cause::Unreadable,
        ("ceiling", ..) => Cause::Ceiling,
        ("no_refresh_token", ..) => Cause::NoRefreshToken,
        ("sign_in_needed", ..) => Cause::SignInNeeded,
        ("signed_out", ..) => Cause::SignedOut,
        ("refused_by_server", ..) => Cause::RefusedByServer,
        ("store_locked", ..) => Cause::Store(StoreFault::Locked),
        ("store_absent", ..) => Cause::Store(StoreFault::Absent),
        ("store_failed", ..) => Cause::Store(StoreFault::Failed),
        ("server_certificate_untrusted", ..) => Cause::Upstream(UpstreamFault::Tls),
        ("server_failing", ..) => Cause::Upstream(UpstreamFault::ServerError(0)),
        ("sign_in_failed", ..) => Cause::SignIn(String::new()),
        (word, ..) => Cause::OAuth(word.to_owned()),
    }
}

pub(super) fn sentence(cause: &Cause) -> String {
    let text = match cause {
        Cause::Transport(transport) => return transport_sentence("the sign-in server", *transport),
        Cause::Tls => "no connection to the sign-in server could be trusted",
        Cause::CaptivePortal { status: 0 } => "a web page came instead of the sign-in server's answer",
        Cause::CaptivePortal { status: status @ 300..=399 } => {
            return format!("the sign-in server answered {status}, a detour to somewhere else");
        }
        Cause::CaptivePortal { status } | Cause::Firewall { status: status @ 1.., page: true } => {
            return format!("the sign-in server answered {status} with a web page");
        }
        Cause::Firewall { status: 0, .. } => "something else refused in the sign-in server's place",
        Cause::Firewall { status, page: false } => {
            return format!("the sign-in server answered {status} without saying why");
        }
        Cause::ServerBusy { status: 0 } => "the sign-in server asks for patience",
        Cause::ServerBusy { status } => return format!("the sign-in server answered {status} and asks for patience"),
        Cause::Unreadable => "the sign-in server's answer could not be understood",
        Cause::OAuth(word) => return oauth_sentence(word),
        Cause::Ceiling => "the login could not be refreshed for too long",
        Cause::NoRefreshToken => "the login has expired, and the server gave no means to renew it",
        Cause::SignInNeeded => "the server asks for a sign-in",
        Cause::SignedOut => "you signed out",
        Cause::RefusedByServer => "the server refuses this login",
        Cause::Store(fault) => store_sentence(*fault),
        Cause::Upstream(UpstreamFault::Unreachable(transport)) => return transport_sentence("the server", *transport),
        Cause::Upstream(UpstreamFault::Tls) => "no connection to the server could be trusted",
        Cause::Upstream(UpstreamFault::ServerError(0)) => "the server keeps answering with errors",
        Cause::Upstream(UpstreamFault::ServerError(status)) => return format!("the server keeps answering {status}"),
        Cause::SignIn(why) if why.is_empty() => "the sign-in did not finish",
        Cause::SignIn(why) => why,
    };
    text.to_owned()
}

/// The error word, if it is one that may be shown (RFC 6749 section 5.2 gives the characters).
fn presentable(word: &str) -> &str {
    let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if (1..=LONGEST_WORD).contains(&word.len()) && word.bytes().all(allowed) { word } else { "oauth_error" }
}

const TRANSPORTS: [(Transport, &str); 9] = [
    (Transport::Dns, "dns"),
    (Transport::Refused, "refused"),
    (Transport::Unreachable, "unreachable"),
    (Transport::Reset, "reset"),
    (Transport::Timeout, "timeout"),
    (Transport::Closed, "closed"),
    (Transport::Offline, "offline"),
    (Transport::Malformed, "malformed_answer"),
    (Transport::Exhausted, "out_of_descriptors"),
];

const fn transport_code(transport: Transport) -> &'static str {
    match transport {
        Transport::Dns => "dns",
        Transport::Refused => "refused",
        Transport::Unreachable => "unreachable",
        Transport::Reset => "reset",
        Transport::Timeout => "timeout",
        Transport::Closed => "closed",
        Transport::Offline => "offline",
        Transport::Malformed => "malformed_answer",
        Transport::Exhausted => "out_of_descriptors",
    }
}

fn transport_from_code(code: &str) -> Option<Transport> {
    TRANSPORTS.iter().find(|(_, word)| *word == code).map(|(transport, _)| *transport)
}

fn transport_sentence(server: &str, transport: Transport) -> String {
    match transport {
        Transport::Dns => format!("the name of {server} could not be looked up"),
        Transport::Refused => format!("{server} refused the connection"),
        Transport::Unreachable => format!("{server} is out of reach"),
        Transport::Reset => format!("the connection to {server} was cut off"),
        Transport::Timeout => format!("{server} did not answer in time"),
        Transport::Closed => format!("{server} hung up before it had answered"),
        Transport::Offline => format!("this machine has no network to reach {server} by"),
        Transport::Malformed => {
            format!("{server} answered with what is no HTTP, or too long to be read")
        }
        Transport::Exhausted => {
            format!("this machine has no file descriptor left for a connection to {server}")
        }
    }
}

fn oauth_sentence(word: &str) -> String {
    let text = match word {
        "invalid_grant" => "the sign-in server ended this login",
        "invalid_client" | "unauthorized_client" => "the sign-in server does not know this app any more",
        "invalid_scope" => "the sign-in server no longer grants the access that was asked for",
        "invalid_target" => "the sign-in server does not accept the `resource` it was given",
        "access_denied" => "the sign-in server denied access",
        "unsupported_grant_type" => "the sign-in server does not renew logins",
        "interaction_required" | "consent_required" | "login_required" => "the sign-in server wants to see you again",
        "temporarily_unavailable" => "the sign-in server is closed for a moment",
        "server_error" => "the sign-in server has a problem of its own",
        "slow_down" => "the sign-in server asks to be left alone for a moment",
        word => return format!("the sign-in server answered with the error {:?}", presentable(word)),
    };
    text.to_owned()
}

pub(super) const fn store_sentence(fault: StoreFault) -> &'static str {
    match fault {
        StoreFault::Locked => "the secret store is locked",
        StoreFault::Absent => "no secret store answers",
        StoreFault::Failed => "the secret store answered with an error",
    }
}
