//! One look at a server: a GET with the protocol's headers, closed as soon as the answer's head is read.

use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use lamplighter_core::condition::{Transport, UpstreamFault};
use lamplighter_core::lookout::Sight;
use url::Url;

use crate::clock::within;
use crate::http::{Fault, HttpClient};
use crate::oauth::{AGENT, Challenge};
use crate::ports::Clock;
use crate::route::{Access, Route};

/// How long a look may take.
const LOOK: Duration = Duration::from_secs(10);
const PROTOCOL_VERSION: &str = "2025-11-25";

/// The head of the answer.
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl Seen {
    /// The challenge, where the server asks for a token.
    pub(crate) fn challenge(&self) -> Option<Challenge> {
        (self.status == StatusCode::UNAUTHORIZED).then(|| Challenge::read(&self.headers).unwrap_or_default())
    }

    /// Whether a web page answered where an MCP server was expected.
    pub(crate) fn is_page(&self) -> bool {
        let content_type = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        content_type.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"))
    }

    /// Who answered. Whoever says that there is no such thing has looked for it, with whatever page that comes.
    fn sight(&self) -> Sight {
        let detour = self.status.is_redirection() || self.status.is_server_error();
        if detour || (self.is_page() && self.status != StatusCode::NOT_FOUND) { Sight::Stranger } else { Sight::Server }
    }
}

/// The challenge that the server of `route` answered last, else what it answers now to a request without a token.
pub(crate) async fn challenge(http: &HttpClient, clock: &dyn Clock, route: &Route) -> Option<Challenge> {
    if let Some(challenge) = route.last_challenge() {
        return Some(Challenge::clone(&challenge));
    }
    let mut bare = Access::clone(&route.access());
    bare.credential = None;
    look(http, clock, &route.upstream, &bare).await.ok()?.challenge()
}

/// Looks at `upstream` as a request with this `access` would.
pub(crate) async fn look(
    http: &HttpClient,
    clock: &dyn Clock,
    upstream: &Url,
    access: &Access,
) -> Result<Seen, UpstreamFault> {
    let mut request = asking_for(upstream);
    if let Some(credential) = &access.credential {
        request = request.header(header::AUTHORIZATION, credential.authorization.clone());
    }
    for (name, value) in access.headers.iter() {
        request = request.header(name, value.clone());
    }
    within(clock, LOOK, head(http, request)).await.unwrap_or(Err(UpstreamFault::Unreachable(Transport::Timeout)))
}

/// Who answers at `address` a request that carries nothing of the person's.
pub(crate) async fn glance(http: &HttpClient, clock: &dyn Clock, address: &Url) -> Sight {
    let request = asking_for(address).header(header::USER_AGENT, AGENT);
    match within(clock, LOOK, head(http, request)).await {
        Some(Ok(seen)) => seen.sight(),
        Some(Err(_)) | None => Sight::Nobody,
    }
}

fn asking_for(address: &Url) -> http::request::Builder {
    Request::builder()
        .method(Method::GET)
        .uri(address.as_str())
        .header(header::ACCEPT, "text/event-stream, application/json")
        .header("mcp-protocol-version", PROTOCOL_VERSION)
}

async fn head(http: &HttpClient, request: http::request::Builder) -> Result<Seen, UpstreamFault> {
    let body = Empty::new().map_err(|never| match never {}).boxed();
    let request = request.body(body).map_err(|_| UpstreamFault::Unreachable(Transport::Unreachable))?;
    match http.ask(request).await {
        Ok(response) => {
            let (head, _) = response.into_parts();
            Ok(Seen { status: head.status, headers: head.headers })
        }
        Err(error) => Err(match error.fault {
            Fault::Transport(transport) => UpstreamFault::Unreachable(transport),
            Fault::Tls => UpstreamFault::Tls,
        }),
    }
}
