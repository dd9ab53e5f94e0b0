//! Which local request may carry a token: Host, Origin and key, in that order, before anything else.

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
    /// The API key.
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
