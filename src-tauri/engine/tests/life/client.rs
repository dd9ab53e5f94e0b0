//! The clients of the person: they call through the engine's own proxy, and hold its answers against the promises.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lamplighter_engine::ports::Clock as _;
use lamplighter_engine::proxy::{Call, Proxy};
use lamplighter_engine::route::Route;
use tokio::io::duplex;

use super::computer::{Computer, settle};
use super::network::Weather;
use super::world::World;

/// A caller waits ten seconds for a refresh, twice where its token is refused, and for the server.
const LONGEST: Duration = Duration::from_mins(1);

/// One to three clients call `workload` at once.
pub(super) async fn call(world: &Arc<World>, computer: &Computer, workload: usize) {
    let (http, proxy) = &computer.way_up;
    let Some(route) = computer.route(workload) else { return };
    http.forget_connections();
    let calls = (0..=world.below(3)).map(|_| one(world, proxy, &route, workload));
    futures_util::future::join_all(calls).await;
    settle().await;
}

async fn one(world: &Arc<World>, proxy: &Proxy, route: &Arc<Route>, workload: usize) {
    let must = must_be_served(world, route, workload);
    let begin = world.clock.awake();
    let answer = tokio::time::timeout(LONGEST, send(proxy.clone(), Arc::clone(route))).await;
    let Ok((status, retry_after)) = answer else {
        // The network swallows what is sent on it: how long that may go on is the client's to say.
        if *world.weather.lock().unwrap() == Weather::Clear && !world.checks.was_cut_since(begin) {
            world.story.broke(format!("w{workload}: a call is not answered within {LONGEST:?}"));
        }
        return;
    };
    let served = status == StatusCode::OK;
    world.checks.count(|figures| if served { figures.calls.0 += 1 } else { figures.calls.1 += 1 });
    if must && !served && !world.checks.was_cut_since(begin) {
        world.story.broke(format!("w{workload}: a call is answered by {status} while the token is good"));
    }
    if status == StatusCode::UNAUTHORIZED {
        world.story.broke(format!("w{workload}: a client sees a 401"));
    }
    if !served && status == StatusCode::SERVICE_UNAVAILABLE && retry_after.is_none_or(|seconds| seconds < 1) {
        let down = world.servers.of(workload).down;
        if !down {
            world.story.broke(format!("w{workload}: a 503 with Retry-After {retry_after:?}"));
        }
    }
}

/// Whether nothing stands between a client and the server, and the token in hand is good.
fn must_be_served(world: &World, route: &Route, workload: usize) -> bool {
    let access = route.access();
    let Some(held) = access.credential.as_ref().filter(|held| access.status.usable == Some(held.lease.id)) else {
        return false;
    };
    let token = held.authorization.to_str().unwrap().trim_start_matches("Bearer ");
    let server = world.servers.of(workload);
    let soon = world.clock.age() + Duration::from_secs(2);
    let good =
        server.tokens.takes(token, soon) && held.lease.valid_at(world.clock.now().moment + Duration::from_secs(2));
    good && !server.down && *world.weather.lock().unwrap() == Weather::Clear
}

/// One request through the proxy: its status, and when to come again.
async fn send(proxy: Proxy, route: Arc<Route>) -> (StatusCode, Option<u64>) {
    let (near, far) = duplex(64 * 1024);
    let service = service_fn(move |request: Request<Incoming>| {
        let (proxy, route) = (proxy.clone(), Arc::clone(&route));
        async move {
            let (head, body) = request.into_parts();
            Ok::<_, std::convert::Infallible>(proxy.answer(&route, Call { head, below: String::new() }, body).await)
        }
    });
    let door = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), service);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(near)).await.unwrap();
    let body = Full::new(Bytes::from_static(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#));
    let request = Request::post("/mcp").header("host", "localhost").body(body).unwrap();
    let asking = sender.send_request(request);
    tokio::select! {
        answer = asking => {
            let answer = answer.unwrap();
            let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            (answer.status(), retry_after)
        }
        _ = door => unreachable!("the engine closes a connection before it answers"),
        _ = connection => unreachable!("a client goes before it is answered"),
    }
}
