//! An engine that is killed (SIGKILL) again and again, at random moments, under load, against an authorization server
//! whose refresh tokens rotate and which ends the grant when a used one comes back.
//!
//! A login can be lost that way, and no client can help it: the server has rotated, and nobody has the new token yet.
//! What can be promised, and is judged here kill by kill: before the server has worked on the request nothing is lost;
//! after the engine has stored the answer nothing is lost; in between lies the window, and its length is the figure.

mod judgement;
mod log;
mod moments;

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::task::JoinSet;

pub use self::judgement::{Kill, Renewal, Tally, UnderWay, Verdict};
use self::log::{Log, Noted};
use self::moments::{Moment, Round, rounds};
use crate::child::Child;
use crate::exchanges::{Exchange, Server, monotonic};
use crate::foreign::Servers;
use crate::mcp::Session;
use crate::patience::{pause, within};
use crate::product::{NAME, Product};
use crate::wire::Wire;

/// How many clients call tools all the while.
const CALLERS: usize = 3;

/// What tells when an answer was read, written and stored.
const LOG: &str =
    "warn,lamplighter_engine::session=debug,lamplighter_engine::oauth=debug,lamplighter_engine::secrets=debug";

/// Kills the engine of `product` up to `times` times at moments drawn from `seed`, for as long as `goes_on` says of
/// what has happened so far. The product must be new; it is signed in here.
pub async fn ordeal(mut product: Product, times: usize, seed: u64, mut goes_on: impl FnMut(&Tally) -> bool) -> Tally {
    let port = free_port();
    product.set("LAMPLIGHTER_LISTEN", format!("127.0.0.1:{port}"));
    product.set("LAMPLIGHTER_LOG", LOG);
    let mut stage = Stage::set(product).await;
    let callers = stage.callers().await;
    let mut tally = Tally::default();
    // Tells how long the server works on a request, which is what the kills are aimed by.
    let signed_in = stage.server.last();
    stage.refresh(signed_in, &mut tally).await;
    for round in rounds(seed).take(times) {
        let kill = stage.play(round, &mut tally).await;
        tally.kills.push(kill);
        if !goes_on(&tally) {
            break;
        }
    }
    drop(callers);
    let counts = stage.servers.counts().await;
    assert_eq!(counts["token_requests_at_once_max"], 1, "never two requests at once: {counts}");
    tally.calls = stage.servers.tool_calls().await;
    tally
}

/// One engine after the other on one profile, and what is watched of them.
struct Stage {
    product: Product,
    servers: Servers,
    server: Server,
    log: Log,
    wire: Wire,
    engine: Child,
    /// How long the authorization server worked on the last request.
    work: Duration,
}

impl Stage {
    async fn set(product: Product) -> Self {
        let servers = Servers::start(3600).await;
        let server = Server::new(servers.exchanges().await);
        let engine = product.serve().await;
        product.sign_in(&servers.mcp).await;
        let log = Log::new(product.log());
        Self { product, servers, server, log, wire: Wire::new(), engine, work: Duration::ZERO }
    }

    /// Clients that call tools until they are dropped, whatever they are answered.
    async fn callers(&self) -> JoinSet<()> {
        let endpoint = self.product.done(&["endpoint", NAME, "--json"]).await;
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let endpoint = endpoint.clone();
            callers.spawn(async move {
                loop {
                    if let Ok(session) = Session::try_open(&endpoint).await {
                        let mut number = 0;
                        while session.echo(number).await.is_some_and(|answer| answer.status.is_success()) {
                            number += 1;
                            pause(Duration::from_millis(5)).await;
                        }
                    }
                    pause(Duration::from_millis(20)).await;
                }
            });
        }
        callers
    }

    /// Kills the engine, starts it again, and sees whether the login is still there.
    async fn play(&mut self, Round { delay, moment }: Round, tally: &mut Tally) -> Kill {
        self.servers.control(&format!("delay={}", delay.as_millis())).await;
        let before = self.server.last();
        self.log.skip();
        match moment {
            Moment::Quiet => {}
            Moment::AfterOrder(span) => {
                let due = monotonic() + span;
                self.order().await;
                wait_until(due);
            }
            Moment::AfterArrival(part) => {
                self.order().await;
                let came = self.server.arrival(before).await.came;
                wait_until(came + delay.mul_f64(part));
            }
            Moment::AroundAnswer(offset) => {
                self.order().await;
                let came = self.server.arrival(before).await.came;
                let expected = SignedDuration::try_from(came + delay + self.work).unwrap();
                wait_until((expected + offset).try_into().unwrap());
            }
        }
        self.engine.strike();
        // What was answered before this moment is the engine's responsibility.
        let killed = monotonic();
        self.engine.ended().await;
        let written = self.log.says_safe();
        self.servers.control("delay=0").await;
        self.engine = self.product.serve().await;
        self.until_loaded().await;
        let settled = self.server.last();
        let exchange = self.server.newest(before);
        let (kept, reused) = self.refresh(settled, tally).await;
        Kill { under_way: under_way(exchange, killed), written, kept, reused }
    }

    /// Refreshes, and says whether that worked, and else whether a used token was sent.
    async fn refresh(&mut self, settled: u64, tally: &mut Tally) -> (bool, bool) {
        let reused = self.servers.count("reused_refresh_tokens").await;
        self.order().await;
        let exchange = self.server.answer(settled).await;
        let (status, answered) = exchange.answered.unwrap();
        if status == 200 {
            self.work = answered.saturating_sub(exchange.came);
            let Noted { read, safe, stored } = self.log.stored().await;
            tally.renewals.push(Renewal { sent: answered, read, safe, stored });
            return (true, false);
        }
        let reused = self.servers.count("reused_refresh_tokens").await > reused;
        self.until_is("unauthenticated").await;
        self.product.done(&["login", NAME]).await;
        (false, reused)
    }

    /// Has the engine refresh.
    async fn order(&self) {
        let answer = self.ask("/retry").await.unwrap_or_else(|| panic!("the engine took no order"));
        assert_eq!(answer.status, 202, "{}", answer.body);
    }

    async fn until_loaded(&self) {
        self.until_is("running").await;
    }

    async fn until_is(&self, status: &str) {
        let looking = async {
            loop {
                let file = self.product.engine_file();
                let now = self.wire.get_with(&url(&file, ""), &key(&file)).await.body;
                let now: Value = serde_json::from_str(&now).unwrap();
                if now["status"] == status {
                    return;
                }
                pause(Duration::from_millis(2)).await;
            }
        };
        within(&format!("the workload to be {status}"), looking).await;
    }

    async fn ask(&self, order: &str) -> Option<crate::wire::Answer> {
        let file = self.product.engine_file();
        self.wire.try_post(&url(&file, order), &key(&file), String::new()).await
    }
}

fn url(engine: &Value, order: &str) -> String {
    format!("http://{}/api/v1/workloads/{NAME}{order}", engine["address"].as_str().unwrap())
}

fn key(engine: &Value) -> HeaderMap {
    let key = format!("Bearer {}", engine["api_key"].as_str().unwrap());
    HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::try_from(key).unwrap())])
}

fn under_way(exchange: Option<Exchange>, killed: Duration) -> UnderWay {
    match exchange {
        None => UnderWay::Nothing,
        Some(Exchange { answered: Some((_, at)), .. }) if at <= killed => UnderWay::Answered(killed.saturating_sub(at)),
        Some(Exchange { begun: true, .. }) => UnderWay::Worked,
        Some(_) => UnderWay::Asked,
    }
}

/// Waits on this thread: a timer of the runtime is late by more than what is to be hit.
fn wait_until(due: Duration) {
    let span = due.saturating_sub(monotonic());
    #[expect(clippy::disallowed_methods, reason = "another process takes its own time")]
    tokio::task::block_in_place(|| std::thread::sleep(span));
}

/// A port that is free now: every engine of the run is to listen there.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
