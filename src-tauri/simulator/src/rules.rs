//! What the servers do when nothing is broken. Plain data: the rooms that obey it are elsewhere.

use std::time::Duration;

use serde_json::Value;

/// How an authorization server behaves. Changed through [`Server::authorization`](crate::Server::authorization).
#[derive(Clone, Debug, PartialEq)]
pub struct AuthorizationRules {
    /// Of the issuer and of every endpoint.
    pub scheme: Scheme,
    /// How it is found.
    pub discovery: Discovery,
    /// Dynamic registration (RFC 7591).
    pub registration: Registration,
    /// Which redirect URIs it registers.
    pub redirect_uris: RedirectUris,
    /// Signing in on another device (RFC 8628); not offered where there is none.
    pub devices: Option<DeviceRules>,
    /// What the person does at the authorization endpoint, unless [`person`](crate::person) is told otherwise.
    pub consent: Consent,
    /// `iss` in the callback (RFC 9207).
    pub iss: IssParameter,
    /// The `resource` parameter (RFC 8707).
    pub resource: ResourceParameter,
    /// Every scope there is; granted whole to whoever asks for none.
    pub scopes: Vec<String>,
    /// How long an access token is valid.
    pub access_token_lifetime: Duration,
    /// What it says of that lifetime.
    pub expires_in: ExpiresIn,
    /// What an access token looks like.
    pub access_tokens: AccessTokenForm,
    /// Whether there are refresh tokens, and how they change.
    pub refresh_tokens: RefreshTokens,
    /// Whose account it is: `email` of the `id_token` and of `userinfo`; without one there is neither.
    pub account: Option<String>,
    /// How far `Date` is ahead of the wall clock.
    pub date_ahead: jiff::SignedDuration,
}

/// The scheme of a server's addresses. Both work always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`, as is allowed on loopback.
    Http,
    /// `https`.
    Https,
}

/// Which metadata an authorization server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// RFC 8414, `/.well-known/oauth-authorization-server` before the issuer's path.
    OAuth,
    /// OIDC, `/.well-known/openid-configuration` before the issuer's path.
    OpenIdInserted,
    /// OIDC, `/.well-known/openid-configuration` after the issuer's path.
    OpenIdAppended,
    /// RFC 8414, without `code_challenge_methods_supported`.
    WithoutPkce,
    /// RFC 8414, with an `issuer` other than the one it was built from.
    WrongIssuer,
    /// None, nor of the resource: `/authorize`, `/token` and `/register` at the MCP server's root (MCP 2025-03-26).
    Nothing,
}

/// Whether clients can register themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anyone can.
    Open,
    /// Anyone can; the client secret is valid for this long (RFC 7591 section 3.2.1).
    Expiring(Duration),
    /// There is no registration endpoint.
    Absent,
}

/// Which redirect URIs are registered, and with what latitude they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectUris {
    /// Loopback addresses and `localhost`; any port at the authorization endpoint (RFC 8252 section 7.3).
    AnyPort,
    /// The same, compared to the letter.
    Exact,
    /// `localhost` is refused.
    AddressesOnly,
    /// Only `localhost` will do.
    LocalhostOnly,
}

/// How people sign in on another device (RFC 8628).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRules {
    /// How long the codes are good for.
    pub lifetime: Duration,
    /// The least time from one poll to the next, where it is told; five seconds where it is not.
    pub interval: Option<Duration>,
    /// Whether there is an address with the code in it.
    pub complete: bool,
}

/// What the person does at the authorization endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Approves at once.
    Approve,
    /// Denies at once (`access_denied`).
    Deny,
    /// Is shown a page with both.
    Ask,
}

/// `iss` in the authorization response (RFC 9207).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssParameter {
    /// Advertised and sent.
    Sent,
    /// Neither advertised nor sent.
    Unsupported,
    /// Advertised and not sent.
    Missing,
    /// Advertised, and another server's is sent.
    Wrong,
}

/// What becomes of `resource` (RFC 8707).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceParameter {
    /// Must be this server's, in every request (`invalid_target`).
    Required,
    /// Must be this server's where it is sent.
    Checked,
    /// Is not looked at; tokens are for this server.
    Ignored,
    /// Must not be sent (`invalid_target`), as some identity providers have it.
    Rejected,
}

/// `expires_in` of a token answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpiresIn {
    /// Whole seconds, as a number.
    Number,
    /// Whole seconds, as a string.
    Text,
    /// Left out.
    Omitted,
    /// This, whatever the lifetime.
    Json(Value),
}

/// What an access token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessTokenForm {
    /// A random string.
    Opaque,
    /// A JWT with `exp` (its signature is none, and carries the canary).
    Jwt,
}

/// Refresh tokens (RFC 6749 section 6, RFC 9700 section 4.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokens {
    /// A new one with every refresh. The old one ends the whole grant when it is used later than `grace` after.
    Rotated {
        /// How long a rotated token may be used again.
        grace: Duration,
    },
    /// One for ever, left out of the answers to refreshes.
    Kept,
    /// None is given.
    Absent,
}

/// How an MCP server behaves. Changed through [`Server::resource`](crate::Server::resource).
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceRules {
    /// Of the MCP endpoint and of its metadata.
    pub scheme: Scheme,
    /// Which requests need a token.
    pub challenge: Challenge,
    /// `scope` of the challenge.
    pub challenged_scopes: Vec<String>,
    /// Where the protected resource metadata is (RFC 9728 section 3.1).
    pub metadata: ResourceMetadata,
    /// Whether the challenge names it.
    pub names_metadata: bool,
    /// Scopes without which `tools/call` is answered by 403 `insufficient_scope`.
    pub scope_demand: ScopeDemand,
    /// Whether even good tokens are refused.
    pub refuses_every_token: bool,
    /// How requests are answered where the client takes both.
    pub replies: ReplyForm,
    /// Whether `initialize` opens a session (MCP 2025-11-25; never for clients of 2026-07-28).
    pub sessions: bool,
    /// Time between two events of the GET stream.
    pub stream_interval: Duration,
}

/// Where an MCP server's protected resource metadata is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceMetadata {
    /// `/.well-known/oauth-protected-resource` before the path of the MCP endpoint.
    Inserted,
    /// `/.well-known/oauth-protected-resource` at the root.
    Root,
    /// Where only the challenge leads.
    Unguessable,
}

/// Which requests need a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// All.
    Always,
    /// `tools/call` only: everything before goes through without.
    Late,
    /// None.
    Never,
}

/// Step-up: 403 `insufficient_scope` (RFC 6750 section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeDemand {
    /// Any token will do.
    None,
    /// The token must have these.
    Having(Vec<String>),
    /// These are demanded, and having them does not help.
    Insatiable(Vec<String>),
}

/// How a JSON-RPC request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyForm {
    /// By `application/json`.
    Json,
    /// By a short `text/event-stream`.
    EventStream,
}

impl Default for AuthorizationRules {
    fn default() -> Self {
        Self {
            scheme: Scheme::Http,
            discovery: Discovery::OAuth,
            registration: Registration::Open,
            redirect_uris: RedirectUris::AnyPort,
            devices: Some(DeviceRules { lifetime: Duration::from_mins(10), interval: None, complete: true }),
            consent: Consent::Approve,
            iss: IssParameter::Sent,
            resource: ResourceParameter::Checked,
            scopes: ["read", "write", "offline_access"].map(str::to_owned).to_vec(),
            access_token_lifetime: Duration::from_hours(1),
            expires_in: ExpiresIn::Number,
            access_tokens: AccessTokenForm::Opaque,
            refresh_tokens: RefreshTokens::Rotated { grace: Duration::ZERO },
            account: Some("ada@example.com".to_owned()),
            date_ahead: jiff::SignedDuration::ZERO,
        }
    }
}

impl Default for ResourceRules {
    fn default() -> Self {
        Self {
            scheme: Scheme::Http,
            challenge: Challenge::Always,
            challenged_scopes: Vec::new(),
            metadata: ResourceMetadata::Inserted,
            names_metadata: true,
            scope_demand: ScopeDemand::None,
            refuses_every_token: false,
            replies: ReplyForm::Json,
            sessions: true,
            stream_interval: Duration::from_secs(1),
        }
    }
}
