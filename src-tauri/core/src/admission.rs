//! Which local request may carry a token: Host, Origin and key, in that order, before anything else.
//!
//! Host and Origin keep web pages out: a page may send requests to this machine, also under a name of
//! its own that it lets resolve to loopback, but it can forge neither field. The key keeps out other
//! people's programs. A request that is admitted costs no allocation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What is asked for, as far as admission cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Liveness, the callback, well-known paths, static files of the UI: no key.
    Public,
    /// An MCP path: a client key or the API key.
    Mcp,
    /// The control API and metrics: the API key.
    Control,
}

/// What the key of a request opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// None was sent, or a wrong one.
    Unknown,
    /// A client's.
    Client,
    /// The API key, or that of a session in a browser.
    Api,
}

/// Why a request is turned away (403).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `Host` is not a loopback name with our port.
    Host,
    /// `Origin` is not ours.
    Origin,
    /// The key does not open this area.
    Key,
}

impl Area {
    /// The area of a request's path, taken to the letter: no dot segment is resolved and nothing is
    /// decoded, since the router does neither.
    #[must_use]
    pub fn of(path: &str) -> Self {
        match path {
            "/" | "/index.html" | "/favicon.ico" | "/signin" | "/healthz" | "/callback" => Self::Public,
            "/metrics" => Self::Control,
            _ if is_below(path, "/assets") || is_below(path, "/.well-known") => Self::Public,
            _ if is_below(path, "/api") => Self::Control,
            _ => Self::Mcp,
        }
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a request may pass. `host` and `origin` are the fields' values, `address` is where we listen.
///
/// # Errors
/// The first of Host, Origin and key that stands against it.
pub fn admit(
    host: Option<&str>,
    origin: Option<&str>,
    key: Key,
    area: Area,
    address: SocketAddr,
) -> Result<(), Refusal> {
    if !host.is_some_and(|host| names_us(host, address)) {
        return Err(Refusal::Host);
    }
    if !origin.is_none_or(|origin| is_ours(origin, address)) {
        return Err(Refusal::Origin);
    }
    match (area, key) {
        (Area::Public, Key::Unknown | Key::Client | Key::Api)
        | (Area::Mcp, Key::Client | Key::Api)
        | (Area::Control, Key::Api) => Ok(()),
        (Area::Mcp, Key::Unknown) | (Area::Control, Key::Unknown | Key::Client) => Err(Refusal::Key),
    }
}

/// Whether `authority` (RFC 3986 section 3.2) is a loopback name with our port.
fn names_us(authority: &str, address: SocketAddr) -> bool {
    // The last colon begins the port, unless it stands within the brackets of an IPv6 address.
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        Some(_) | None => (authority, None),
    };
    is_loopback_name(name, address.ip()) && is_our_port(port, address.port())
}

fn is_loopback_name(name: &str, ours: IpAddr) -> bool {
    let ip = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(ip) => ip.parse().ok().map(IpAddr::V6),
        None => name.parse().ok().map(IpAddr::V4),
    };
    match ip {
        Some(ip) => ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST || ip == ours,
        None => name.eq_ignore_ascii_case("localhost"),
    }
}

fn is_our_port(port: Option<&str>, ours: u16) -> bool {
    const HTTP: u16 = 80;
    match port {
        // `parse` alone would take a sign, too.
        Some(port) => port.starts_with(|digit: char| digit.is_ascii_digit()) && port.parse() == Ok(ours),
        None => ours == HTTP,
    }
}

/// Whether `origin` (RFC 6454 section 6.2) is that of our own pages.
fn is_ours(origin: &str, address: SocketAddr) -> bool {
    const SCHEME: &str = "http://";
    let scheme = origin.get(..SCHEME.len());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME)) && names_us(&origin[SCHEME.len()..], address)
}

impl Refusal {
    /// A word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Host => "host_refused",
            Self::Origin => "origin_refused",
            Self::Key => "key_refused",
        }
    }

    /// What happened, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Host => "This address is not served here",
            Self::Origin => "Web pages of other origins are not served here",
            Self::Key => "A key is needed",
        }
    }

    /// Why, in a sentence.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::Host => "The request's Host is not a loopback name with Lamplighter's port.",
            Self::Origin => "The request's Origin is not Lamplighter's own.",
            Self::Key => "The request carries no key, or one that does not open this path.",
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Host => {
                "Use the address that `lamplighter endpoint NAME` prints, and leave the Host field as the client sets it."
            }
            Self::Origin => {
                "Call from a program on this machine instead of a web page, or open Lamplighter's own page."
            }
            Self::Key => {
                "`lamplighter endpoint NAME` prints the header that a client needs (Authorization: Bearer …); the control \
                 API needs the api_key of engine.json."
            }
        }
    }
}

#[cfg(test)]
mod tests;
