//! Where a workload's servers are, and what goes wrong there. Nothing here takes a login: what a server has rotated
//! always reaches who asked, unless the grant is [revoked](Place::revoke) on purpose.

use std::time::Duration;

use lamplighter_simulator::{Endpoint, Fault, Host, RefreshTokens, RetryAfter, Server, StatusCode, World, person};

use super::weather::Pace;
use crate::foreign::{Servers, agree_at};
use crate::patience::pause;

/// The servers of one workload.
pub(super) enum Place {
    /// The foreign ones, as processes.
    Foreign(Box<Servers>),
    /// The simulator's, in this process.
    Simulated(Server),
}

/// One way to fail.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// What the foreign authorization server is told, and what puts an end to it.
    Told(&'static str, &'static str),
    /// An endpoint of the simulator.
    Fault(Endpoint, Fault),
    /// A host of the simulator that takes no connections.
    Down(Host),
    /// The simulated MCP server knows no access token any more that was given until now.
    TokensRejected,
    /// Nor any session.
    SessionsForgotten,
}

/// What the authorization server has seen of one workload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Requests to the token endpoint.
    pub token_requests: u64,
    /// The most that were under way at once. A simulated server counts refreshes alone, the foreign one all.
    pub at_once: u64,
    /// Refresh tokens that came again after they had been replaced.
    pub reused: u64,
}

/// An attempt without an answer takes this long.
const UNANSWERED: Duration = Duration::from_secs(30);

impl Place {
    pub(super) async fn foreign(pace: Pace) -> Self {
        Self::Foreign(Box::new(Servers::start(pace.access_token_seconds()).await))
    }

    pub(super) fn simulated(world: &World, name: &str, pace: Pace) -> Self {
        let server = world.server(name).unwrap();
        let lifetime = Duration::from_secs(pace.access_token_seconds().into());
        server.authorization(|rules| {
            rules.access_token_lifetime = lifetime;
            rules.refresh_tokens = RefreshTokens::Rotated { grace: Duration::ZERO };
        });
        server.resource(|rules| rules.stream_interval = Duration::from_millis(250));
        Self::Simulated(server)
    }

    /// The address of the MCP server.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Foreign(servers) => servers.mcp.clone(),
            Self::Simulated(server) => server.mcp_url().into(),
        }
    }

    /// Whether a sign-in counts among the requests that may not be under way at once.
    pub(super) const fn counts_sign_ins(&self) -> bool {
        matches!(self, Self::Foreign(_))
    }

    /// All that can go wrong here, in a run of this pace.
    pub(super) fn troubles(&self, pace: Pace) -> Vec<Trouble> {
        match self {
            Self::Foreign(_) => {
                let answered = ["outage=forbidden", "outage=unavailable", "outage=closed"];
                let silent = (pace.unit() >= UNANSWERED).then_some("outage=silent");
                let outages = answered.into_iter().chain(silent).map(|outage| Trouble::Told(outage, "outage=none"));
                outages.chain([Trouble::Told("delay=700", "delay=0")]).collect()
            }
            Self::Simulated(_) => simulated_troubles(),
        }
    }

    /// Begins `trouble`.
    pub(super) async fn strike(&self, trouble: &Trouble) {
        match (self, trouble) {
            (Self::Foreign(servers), Trouble::Told(begin, _)) => servers.control(begin).await,
            (Self::Simulated(server), Trouble::Fault(endpoint, fault)) => server.fail(*endpoint, fault.clone()),
            (Self::Simulated(server), Trouble::Down(host)) => go_down(server, *host).await,
            (Self::Simulated(server), Trouble::TokensRejected) => server.reject_access_tokens(),
            (Self::Simulated(server), Trouble::SessionsForgotten) => server.forget_sessions(),
            (Self::Foreign(_) | Self::Simulated(_), other) => panic!("{other:?} is not known here"),
        }
    }

    /// Ends `trouble`.
    pub(super) async fn lift(&self, trouble: &Trouble) {
        match (self, trouble) {
            (Self::Foreign(servers), Trouble::Told(_, end)) => servers.control(end).await,
            (Self::Simulated(server), Trouble::Fault(endpoint, _)) => server.recover(*endpoint),
            (Self::Simulated(server), Trouble::Down(host)) => server.come_up(*host).await.unwrap(),
            (Self::Foreign(_) | Self::Simulated(_), _) => {}
        }
    }

    /// Ends the grant, as an administrator would.
    pub(super) async fn revoke(&self) {
        match self {
            Self::Foreign(servers) => servers.control("revoke=all").await,
            Self::Simulated(server) => server.revoke_grants(),
        }
    }

    /// The person signs in.
    pub(super) async fn agree(&self, address: &url::Url) {
        match self {
            Self::Foreign(_) => agree_at(address.as_str()).await,
            Self::Simulated(_) => {
                let (status, page) = person::sign_in(address).await.unwrap();
                assert_eq!(status, StatusCode::OK, "{page}");
            }
        }
    }

    /// Closes the connections that are kept for later. The foreign servers do that by themselves, soon.
    pub(super) async fn let_go(&self) {
        if let Self::Simulated(server) = self {
            for host in [Host::AuthorizationServer, Host::McpServer] {
                go_down(server, host).await;
                server.come_up(host).await.unwrap();
            }
            server.recover(Endpoint::Token);
        }
    }

    /// What the authorization server has seen.
    pub(super) async fn counts(&self) -> Counts {
        match self {
            Self::Foreign(servers) => {
                let counts = servers.counts().await;
                let count = |name: &str| counts[name].as_u64().unwrap();
                Counts {
                    token_requests: count("token_requests"),
                    at_once: count("token_requests_at_once_max"),
                    reused: count("reused_refresh_tokens"),
                }
            }
            Self::Simulated(server) => {
                let counts = server.counts();
                Counts {
                    token_requests: counts.token_requests,
                    at_once: counts.refreshes_in_flight_max,
                    reused: counts.reuse_detected,
                }
            }
        }
    }
}

/// Cuts no answer off that holds a rotated token: nothing is rotated any more when the connections are cut.
async fn go_down(server: &Server, host: Host) {
    server.fail(Endpoint::Token, Fault::Close);
    pause(Duration::from_millis(200)).await;
    server.go_down(host).await.unwrap();
    server.recover(Endpoint::Token);
}

fn simulated_troubles() -> Vec<Trouble> {
    let token = [
        Fault::Close,
        Fault::Reset,
        Fault::Hang,
        Fault::Midway,
        Fault::Stall,
        Fault::Page(StatusCode::OK),
        Fault::Page(StatusCode::FORBIDDEN),
        Fault::Page(StatusCode::BAD_GATEWAY),
        Fault::Redirect(StatusCode::FOUND, "http://portal.example/".to_owned()),
        Fault::Text(StatusCode::INTERNAL_SERVER_ERROR, "out of order".to_owned()),
        Fault::Empty(StatusCode::SERVICE_UNAVAILABLE),
        Fault::Truncated,
        Fault::Oversized,
        Fault::Endless,
        Fault::OAuthError(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable".to_owned()),
        Fault::Busy(StatusCode::TOO_MANY_REQUESTS, RetryAfter::Seconds(2)),
        Fault::Delay(Duration::from_millis(700)),
        Fault::Late(Duration::from_millis(700)),
        Fault::Drip(Duration::from_millis(2)),
    ];
    let mcp = [
        Fault::Close,
        Fault::Reset,
        Fault::Hang,
        Fault::Midway,
        Fault::Stall,
        Fault::Page(StatusCode::BAD_GATEWAY),
        Fault::Empty(StatusCode::SERVICE_UNAVAILABLE),
        Fault::Delay(Duration::from_millis(300)),
    ];
    let at = |endpoint| move |fault| Trouble::Fault(endpoint, fault);
    let hosts = [Host::AuthorizationServer, Host::McpServer].map(Trouble::Down);
    token
        .into_iter()
        .map(at(Endpoint::Token))
        .chain(mcp.into_iter().map(at(Endpoint::Mcp)))
        .chain(hosts)
        .chain([Trouble::TokensRejected, Trouble::SessionsForgotten])
        .collect()
}
