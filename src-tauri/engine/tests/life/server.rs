//! The servers: for each workload an authorization server that rotates refresh tokens, and the MCP server behind it.
//! They go by the true time, remember every token that they gave, and know how each answer fared.

mod tokens;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::DuplexStream;

use super::world::{Life, World};

pub(super) use tokens::{Loss, Tokens};

/// How a server's endpoints are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// 503 with a page.
    Busy,
    /// 429 with `Retry-After`, in seconds.
    TooMany(u32),
    /// 403 with a page, as firewalls send.
    Forbidden,
    /// No answer for ten minutes.
    Hanging,
    /// 200 with what is no OAuth answer.
    Garbled,
}

impl Mood {
    /// Everything but [`Mood::Well`].
    pub(super) const BAD: [Self; 7] = [
        Self::Busy,
        Self::TooMany(7),
        Self::TooMany(90),
        Self::TooMany(86_400),
        Self::Forbidden,
        Self::Hanging,
        Self::Garbled,
    ];
}

/// One workload's two servers.
pub(super) struct Server {
    pub(super) mood: Mood,
    /// The MCP server answers 503.
    pub(super) down: bool,
    /// The next answer of the token endpoint is lost on its way.
    pub(super) lose_next: bool,
    pub(super) tokens: Tokens,
    /// Refreshes under way.
    pub(super) refreshing: u32,
}

pub(super) struct Servers(Vec<Mutex<Server>>);

impl Servers {
    pub(super) fn new(workloads: usize) -> Self {
        let server = |number| Server {
            mood: Mood::Well,
            down: false,
            lose_next: false,
            tokens: Tokens::new(number),
            refreshing: 0,
        };
        Self((0..workloads).map(|number| Mutex::new(server(number))).collect())
    }

    pub(super) fn of(&self, workload: usize) -> MutexGuard<'_, Server> {
        self.0[workload].lock().unwrap()
    }
}

/// The answer never comes: the connection is cut.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost")]
struct Lost;

type Answer = Response<Full<Bytes>>;

/// The ports of the MCP servers begin here, those of the authorization servers there.
const PORTS: (u16, u16) = (8_000, 9_000);

/// The MCP server of `workload`.
pub(super) fn mcp_url(workload: usize) -> String {
    format!("http://localhost:{}/mcp", usize::from(PORTS.0) + workload)
}

/// Answers the requests of one connection.
pub(super) async fn serve(world: Arc<World>, life: Life, port: u16, stream: DuplexStream) {
    let service = service_fn(move |request| {
        let (world, life) = (Arc::clone(&world), life.clone());
        async move { answer(&world, &life, port, request).await }
    });
    let _ = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(world: &World, life: &Life, port: u16, request: Request<Incoming>) -> Result<Answer, Lost> {
    let (head, body) = request.into_parts();
    let authorizes = port >= PORTS.1;
    let workload = usize::from(port - if authorizes { PORTS.1 } else { PORTS.0 });
    let issuer = format!("http://localhost:{}", usize::from(PORTS.1) + workload);
    match (authorizes, &head.method, head.uri.path()) {
        (true, &Method::POST, "/token") => {
            let form = body.collect().await.map_err(|_| Lost)?.to_bytes();
            let form: Vec<(String, String)> = url::form_urlencoded::parse(&form).into_owned().collect();
            token(world, life, workload, &form).await
        }
        (true, &Method::GET, "/.well-known/oauth-authorization-server") => Ok(document(&json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }))),
        (false, &Method::GET, "/.well-known/oauth-protected-resource/mcp") => Ok(document(&json!({
            "resource": mcp_url(workload),
            "authorization_servers": [issuer],
        }))),
        (false, _, "/mcp") => {
            let mut server = world.servers.of(workload);
            let token =
                head.headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
            let good = token.is_some_and(|token| server.tokens.takes(token, world.clock.age()));
            let status = match (server.down, good) {
                (true, _) => StatusCode::SERVICE_UNAVAILABLE,
                (false, true) => StatusCode::OK,
                (false, false) => StatusCode::UNAUTHORIZED,
            };
            match token {
                Some(token) if good => server.tokens.accepted(token),
                Some(_) => world.checks.rejected(workload, world.clock.age()),
                None => {}
            }
            Ok(plain(status, ""))
        }
        _ => Ok(plain(StatusCode::NOT_FOUND, "")),
    }
}

/// One request to the token endpoint.
async fn token(world: &World, life: &Life, workload: usize, form: &[(String, String)]) -> Result<Answer, Lost> {
    let field =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    let _turn = (field("grant_type") == "refresh_token").then(|| Turn::take(world, workload));
    world.exchanges.send_modify(|count| *count += 1);
    let slow = if world.one_in(30) { 20_000 } else { 400 };
    world.some_time(slow).await;
    let (mood, lost) = {
        let mut server = world.servers.of(workload);
        (server.mood, std::mem::take(&mut server.lose_next))
    };
    match mood {
        Mood::Well => {}
        Mood::Busy => return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "<html>busy</html>")),
        Mood::TooMany(seconds) => {
            let mut answer = plain(StatusCode::TOO_MANY_REQUESTS, "");
            answer.headers_mut().insert("retry-after", seconds.into());
            return Ok(answer);
        }
        Mood::Forbidden => return Ok(plain(StatusCode::FORBIDDEN, "<html>blocked</html>")),
        Mood::Hanging => tokio::time::sleep(Duration::from_mins(10)).await,
        Mood::Garbled => return Ok(plain(StatusCode::OK, "It works!")),
    }
    let given = match field("grant_type") {
        "refresh_token" => tokens::refresh(world, life, workload, field("refresh_token")),
        "authorization_code" => Some(tokens::sign_in(world, workload)),
        other => {
            world.story.broke(format!("a request with grant_type {other:?}"));
            None
        }
    };
    world.some_time(slow).await;
    if lost {
        world.story.tell(format!("w{workload}: the answer is lost on its way"));
        return Err(Lost);
    }
    let mut server = world.servers.of(workload);
    let Some(given) = given else {
        server.tokens.told(life.number, world.clock.awake());
        let mut refused = document(&json!({"error": "invalid_grant"}));
        *refused.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(refused);
    };
    server.tokens.answered(&given.refresh_token, world.clock.awake());
    let mut answer = document(&json!({
        "access_token": given.access_token,
        "refresh_token": given.refresh_token,
        "token_type": "Bearer",
        "expires_in": given.expires_in.map(|lifetime| lifetime.as_secs()),
    }));
    let date = httpdate::fmt_http_date(world.clock.true_time().into());
    answer.headers_mut().insert("date", date.parse().unwrap());
    Ok(answer)
}

/// A refresh under way; there is one for a grant at a time.
struct Turn<'a> {
    world: &'a World,
    workload: usize,
}

impl<'a> Turn<'a> {
    fn take(world: &'a World, workload: usize) -> Self {
        let mut server = world.servers.of(workload);
        server.refreshing += 1;
        if server.refreshing > 1 {
            world.story.broke(format!("w{workload}: two token requests at a time"));
        }
        Self { world, workload }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.world.servers.of(self.workload).refreshing -= 1;
    }
}

fn document(value: &serde_json::Value) -> Answer {
    let mut answer = plain(StatusCode::OK, &value.to_string());
    answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
    answer
}

fn plain(status: StatusCode, body: &str) -> Answer {
    let mut answer = Response::new(Full::from(body.to_owned()));
    *answer.status_mut() = status;
    answer
}
