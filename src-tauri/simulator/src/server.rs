//! One MCP server with the authorization server that protects it: the handle by which a script holds both.
//! Must not know how they answer.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::authorization::DEVICE_CODE;
use crate::clock::Time;
use crate::counts::{Counts, TokenEvent};
use crate::door::{self, Door, Handler};
use crate::fault::{Endpoint, Fault};
use crate::front;
use crate::ledger::{Client, Terms};
use crate::rules::{AuthorizationRules, RefreshTokens, ResourceRules};
use crate::tenant::Tenant;
use crate::tls::{Certificate, Tls};

/// Which of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Issues tokens.
    AuthorizationServer,
    /// Takes them.
    McpServer,
}

/// An MCP server with its own authorization server, each on its own loopback port. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    tenant: Arc<Tenant>,
    doors: Arc<Doors>,
}

struct Doors {
    authorization_server: Door,
    mcp_server: Door,
    tls: Arc<Tls>,
}

impl Server {
    pub(crate) fn start(name: &str, time: Time) -> io::Result<Self> {
        if name.is_empty() || !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            let problem = format!("a server is named by a-z, 0-9 and '-', not {name:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let [authorization_server, mcp_server] = [door::bind()?, door::bind()?];
        let origins = [authorization_server.local_addr()?, mcp_server.local_addr()?];
        let tenant = Arc::new(Tenant::new(name, origins, time)?);
        let handler = |host| -> Handler {
            let tenant = tenant.clone();
            Arc::new(move |request| Box::pin(front::answer(tenant.clone(), host, request)))
        };
        let tls = Arc::new(Tls::new()?);
        let doors = Arc::new(Doors {
            authorization_server: Door::open(authorization_server, handler(Host::AuthorizationServer), tls.clone())?,
            mcp_server: Door::open(mcp_server, handler(Host::McpServer), tls.clone())?,
            tls,
        });
        Ok(Self { tenant, doors })
    }

    /// Its name, the first segment of its paths.
    #[must_use]
    pub fn name(&self) -> &str {
        self.tenant.name()
    }

    /// Its MCP endpoint, which is also its `resource` (RFC 9728).
    #[must_use]
    pub fn mcp_url(&self) -> Url {
        self.url(Endpoint::Mcp)
    }

    /// Its `issuer`, which has a path (RFC 8414).
    #[must_use]
    pub fn issuer(&self) -> Url {
        self.tenant.issuer()
    }

    /// The address of an endpoint.
    #[must_use]
    pub fn url(&self, endpoint: Endpoint) -> Url {
        self.tenant.url(endpoint)
    }

    /// Changes what its authorization server does from now on.
    pub fn authorization(&self, change: impl FnOnce(&mut AuthorizationRules)) {
        change(&mut self.tenant.desk().authorization);
    }

    /// Changes what its MCP server does from now on.
    pub fn resource(&self, change: impl FnOnce(&mut ResourceRules)) {
        change(&mut self.tenant.desk().resource);
    }

    /// Has `endpoint` fail in this way until it [recovers](Self::recover).
    pub fn fail(&self, endpoint: Endpoint, fault: Fault) {
        self.tenant.desk().script.stand(endpoint, fault);
    }

    /// Has `endpoint` fail in this way for the next `times` requests, after those already said.
    pub fn fail_times(&self, endpoint: Endpoint, times: usize, fault: &Fault) {
        self.tenant.desk().script.queue(endpoint, times, fault);
    }

    /// Lifts every fault of `endpoint`, and lets go of what hangs there.
    pub fn recover(&self, endpoint: Endpoint) {
        self.tenant.desk().script.lift(endpoint);
    }

    /// Refuses connections to `host` and cuts those there are, from the moment this returns.
    ///
    /// # Errors
    /// When the port cannot be held meanwhile.
    pub async fn go_down(&self, host: Host) -> io::Result<()> {
        self.door(host).close().await
    }

    /// Takes connections again, on the same port.
    ///
    /// # Errors
    /// When the port cannot be listened on.
    pub async fn come_up(&self, host: Host) -> io::Result<()> {
        self.door(host).reopen().await
    }

    /// Shows this certificate to connections that speak TLS, at both hosts, from now on.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn show(&self, certificate: Certificate) -> io::Result<()> {
        self.doors.tls.show(certificate)
    }

    /// The authority of its [trusted](Certificate::Trusted) certificate, for the client to trust.
    #[must_use]
    pub fn authority_pem(&self) -> String {
        self.doors.tls.authority_pem()
    }

    /// The authorization server ends every grant: the next refresh is answered by `invalid_grant`. Access
    /// tokens stay good until they expire, or until [`reject_access_tokens`](Self::reject_access_tokens).
    pub fn revoke_grants(&self) {
        self.tenant.desk().ledger.end_grants();
    }

    /// The MCP server answers every access token issued so far by 401; refreshed ones are good.
    pub fn reject_access_tokens(&self) {
        self.tenant.desk().ledger.refuse_access_tokens();
    }

    /// The authorization server no longer knows any client (`invalid_client`).
    pub fn forget_clients(&self) {
        self.tenant.desk().ledger.forget_clients();
    }

    /// The MCP server no longer knows any session (404).
    pub fn forget_sessions(&self) {
        self.tenant.desk().sessions.clear();
    }

    /// A client registered by hand for every grant, with a secret when it is `confidential`.
    #[must_use]
    pub fn register_client(&self, redirect_uris: &[&str], confidential: bool) -> Client {
        let redirect_uris = redirect_uris.iter().map(|&uri| uri.to_owned()).collect();
        let grant_types =
            ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE].map(str::to_owned).to_vec();
        self.tenant.desk().ledger.register(redirect_uris, grant_types, confidential)
    }

    /// A static bearer token with every scope, good for ten years, as a person would paste it.
    #[must_use]
    pub fn static_bearer(&self) -> String {
        let mut desk = self.tenant.desk();
        let scope = desk.authorization.scopes.join(" ");
        let terms = Terms {
            now: self.tenant.time().now(),
            lifetime: Duration::from_hours(10 * 365 * 24),
            refresh_tokens: RefreshTokens::Absent,
            jwt_issued_at: None,
        };
        desk.ledger.client_credentials("", scope, terms).access_token
    }

    /// What it has seen so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.tenant.counts()
    }

    /// Every request to the token endpoint so far, oldest first.
    #[must_use]
    pub fn token_log(&self) -> Vec<TokenEvent> {
        self.tenant.desk().token_log.clone()
    }

    fn door(&self, host: Host) -> &Door {
        match host {
            Host::AuthorizationServer => &self.doors.authorization_server,
            Host::McpServer => &self.doors.mcp_server,
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Server").field("mcp_url", &self.mcp_url().as_str()).finish_non_exhaustive()
    }
}
