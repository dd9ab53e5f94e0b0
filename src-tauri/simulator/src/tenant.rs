//! What the two servers of one name share: their addresses, their clock, and the desk where the script
//! writes and the endpoints read. Must not know how anything is answered.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use url::Url;

use crate::clock::Time;
use crate::counts::{Counts, Gauge, TokenEvent};
use crate::fault::{Endpoint, Script};
use crate::ledger::{Ledger, Mint};
use crate::rules::{AuthorizationRules, Discovery, ResourceMetadata, ResourceRules, Scheme};
use crate::server::Host;

/// One name's servers.
pub(crate) struct Tenant {
    name: String,
    authorization_server: Url,
    mcp_server: Url,
    time: Time,
    desk: Mutex<Desk>,
    /// Refreshes under way.
    pub(crate) refreshes: Gauge,
    /// MCP answers being sent.
    pub(crate) mcp_answers: Gauge,
}

/// Everything that changes.
pub(crate) struct Desk {
    pub(crate) authorization: AuthorizationRules,
    pub(crate) resource: ResourceRules,
    pub(crate) script: Script,
    pub(crate) ledger: Ledger,
    pub(crate) sessions: HashSet<String>,
    pub(crate) counts: Counts,
    pub(crate) token_log: Vec<TokenEvent>,
}

impl Tenant {
    pub(crate) fn new(name: &str, [authorization_server, mcp_server]: [SocketAddr; 2], time: Time) -> io::Result<Self> {
        let origin = |address: SocketAddr| Url::parse(&format!("http://{address}/")).map_err(io::Error::other);
        Ok(Self {
            name: name.to_owned(),
            authorization_server: origin(authorization_server)?,
            mcp_server: origin(mcp_server)?,
            time,
            desk: Mutex::new(Desk {
                authorization: AuthorizationRules::default(),
                resource: ResourceRules::default(),
                script: Script::default(),
                ledger: Ledger::new(Mint::new()?),
                sessions: HashSet::new(),
                counts: Counts::default(),
                token_log: Vec::new(),
            }),
            refreshes: Gauge::default(),
            mcp_answers: Gauge::default(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn time(&self) -> &Time {
        &self.time
    }

    /// Everything that changes, for as long as the guard lives: never across an await.
    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn issuer(&self) -> Url {
        let scheme = self.desk().authorization.scheme;
        self.address(Host::AuthorizationServer, scheme, &format!("/{}", self.name))
    }

    pub(crate) fn url(&self, endpoint: Endpoint) -> Url {
        let desk = self.desk();
        let (host, path) = self.place(endpoint, &desk);
        let scheme = match host {
            Host::AuthorizationServer => desk.authorization.scheme,
            Host::McpServer => desk.resource.scheme,
        };
        self.address(host, scheme, &path)
    }

    /// The endpoint at `path` of `host`.
    pub(crate) fn endpoint(&self, host: Host, path: &str) -> Option<Endpoint> {
        let desk = self.desk();
        ENDPOINTS.into_iter().find(|&endpoint| {
            let hidden = desk.authorization.discovery == Discovery::Nothing
                && matches!(endpoint, Endpoint::ServerMetadata | Endpoint::ResourceMetadata);
            !hidden && self.place(endpoint, &desk) == (host, path.to_owned())
        })
    }

    pub(crate) fn counts(&self) -> Counts {
        let desk = self.desk();
        Counts {
            reuse_detected: desk.ledger.reuse_detected(),
            revocations: desk.ledger.revocations(),
            tokens_issued: desk.ledger.tokens_issued(),
            refreshes_in_flight_max: self.refreshes.most(),
            mcp_answers_open: self.mcp_answers.now(),
            ..desk.counts
        }
    }

    fn address(&self, host: Host, scheme: Scheme, path: &str) -> Url {
        let mut url = match host {
            Host::AuthorizationServer => self.authorization_server.clone(),
            Host::McpServer => self.mcp_server.clone(),
        };
        if scheme == Scheme::Https {
            // Refused only where the new scheme is of another kind.
            let _ = url.set_scheme("https");
        }
        url.set_path(path);
        url
    }

    fn place(&self, endpoint: Endpoint, desk: &Desk) -> (Host, String) {
        let discovery = desk.authorization.discovery;
        let name = &self.name;
        let of_the_issuer = |word| match discovery {
            Discovery::Nothing => (Host::McpServer, format!("/{word}")),
            Discovery::OAuth
            | Discovery::OpenIdInserted
            | Discovery::OpenIdAppended
            | Discovery::WithoutPkce
            | Discovery::WrongIssuer => (Host::AuthorizationServer, format!("/{name}/{word}")),
        };
        match endpoint {
            Endpoint::Mcp => (Host::McpServer, format!("/{name}/mcp")),
            Endpoint::ResourceMetadata => {
                let path = match desk.resource.metadata {
                    ResourceMetadata::Inserted => format!("/.well-known/oauth-protected-resource/{name}/mcp"),
                    ResourceMetadata::Root => "/.well-known/oauth-protected-resource".to_owned(),
                    ResourceMetadata::Unguessable => format!("/{name}/about-this-resource"),
                };
                (Host::McpServer, path)
            }
            Endpoint::ServerMetadata => {
                let path = match discovery {
                    Discovery::OpenIdInserted => format!("/.well-known/openid-configuration/{name}"),
                    Discovery::OpenIdAppended => format!("/{name}/.well-known/openid-configuration"),
                    Discovery::OAuth | Discovery::WithoutPkce | Discovery::WrongIssuer | Discovery::Nothing => {
                        format!("/.well-known/oauth-authorization-server/{name}")
                    }
                };
                (Host::AuthorizationServer, path)
            }
            Endpoint::Registration => of_the_issuer("register"),
            Endpoint::Authorization => of_the_issuer("authorize"),
            Endpoint::DeviceAuthorization => of_the_issuer("device_authorization"),
            Endpoint::Verification => of_the_issuer("device"),
            Endpoint::Token => of_the_issuer("token"),
            Endpoint::Revocation => of_the_issuer("revoke"),
            Endpoint::UserInfo => of_the_issuer("userinfo"),
        }
    }
}

const ENDPOINTS: [Endpoint; 10] = [
    Endpoint::ResourceMetadata,
    Endpoint::ServerMetadata,
    Endpoint::Registration,
    Endpoint::Authorization,
    Endpoint::DeviceAuthorization,
    Endpoint::Verification,
    Endpoint::Token,
    Endpoint::Revocation,
    Endpoint::UserInfo,
    Endpoint::Mcp,
];
