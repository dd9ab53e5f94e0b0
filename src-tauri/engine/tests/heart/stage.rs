//! An engine on a simulated clock, over a secret store that outlives it and can be locked or absent.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use lamplighter_core::Phase;
use lamplighter_core::condition::StoreFault;
use lamplighter_core::config::{Config, Environment, GrantKind, Name, Resource};
use lamplighter_engine::clock::{SystemClock, VirtualClock, within};
use lamplighter_engine::engine::{CallbackPage, Engine, NewWorkload, Ports, StartError};
use lamplighter_engine::grant::Secrets;
use lamplighter_engine::handle::Handle;
use lamplighter_engine::http::{HttpClient, outgoing};
use lamplighter_engine::journal;
use lamplighter_engine::machine::{Machine, Teller};
use lamplighter_engine::ports::{Clock, Journal, Row, SecretStore, StoreError};
use lamplighter_engine::profile::Profile;
use lamplighter_simulator::{Endpoint, Fault, Server, World, person};
use secrecy::{ExposeSecret as _, SecretSlice};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// A secret store that tests look into.
#[derive(Default)]
pub(crate) struct Shelf {
    documents: Mutex<HashMap<String, Vec<u8>>>,
    pub(crate) locked: AtomicBool,
    pub(crate) absent: AtomicBool,
    /// Whoever holds it keeps writers waiting.
    pub(crate) slow: tokio::sync::Mutex<()>,
    /// Those who began to write.
    pub(crate) writers: AtomicUsize,
}

impl Shelf {
    /// What is kept of the workload.
    pub(crate) fn workload(&self, name: &str) -> Option<Secrets> {
        let documents = self.documents.lock().unwrap();
        documents.get(&format!("workload/{name}")).map(|document| Secrets::decode(document).unwrap())
    }

    /// The refresh token that is kept of the workload.
    pub(crate) fn refresh_token(&self, name: &str) -> Option<String> {
        Some(self.workload(name)?.grant?.refresh_token?.expose_secret().to_owned())
    }

    fn opened(&self) -> Result<(), StoreError> {
        let faults = [(&self.locked, StoreFault::Locked), (&self.absent, StoreFault::Absent)];
        match faults.into_iter().find(|(flag, _)| flag.load(Ordering::SeqCst)) {
            Some((_, fault)) => Err(StoreError { fault, message: format!("{fault:?}") }),
            None => Ok(()),
        }
    }
}

impl SecretStore for Shelf {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SecretSlice<u8>>, StoreError>> {
        async { self.opened().map(|()| self.documents.lock().unwrap().get(name).cloned().map(Into::into)) }.boxed()
    }

    fn write<'a>(&'a self, name: &'a str, document: SecretSlice<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            self.writers.fetch_add(1, Ordering::SeqCst);
            let _turn = self.slow.lock().await;
            self.opened()?;
            self.documents.lock().unwrap().insert(name.to_owned(), document.expose_secret().to_vec());
            Ok(())
        }
        .boxed()
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            self.opened()?;
            self.documents.lock().unwrap().remove(name);
            Ok(())
        }
        .boxed()
    }
}

pub(crate) struct Stage {
    pub(crate) home: TempDir,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) clock: VirtualClock,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) server: Server,
    pub(crate) engine: Engine,
    pub(crate) handle: Handle,
    /// What the machine tells.
    pub(crate) teller: Teller,
}

impl Stage {
    /// With one workload, `linear`, that asks for a sign-in.
    pub(crate) async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let shelf = Arc::<Shelf>::default();
        let clock = VirtualClock::new();
        let journal = journal::in_memory(Arc::new(clock.clone()));
        let (machine, teller) = Machine::new(|| true);
        let engine = start(machine, home.path(), "127.0.0.1:0", &shelf, &clock, &journal).await.unwrap();
        let handle = engine.handle();
        let (start, time) = (clock.now(), clock.clone());
        let world = World::with_clock(Arc::new(move || time.now().moment.since(start.moment)), start.wall);
        let server = world.server("linear").unwrap();
        handle.add(workload(&server)).await.unwrap();
        Self { home, shelf, clock, journal, server, engine, handle, teller }
    }

    /// With the workload signed in.
    pub(crate) async fn signed_in() -> Self {
        let stage = Self::new().await;
        let callback = stage.approved().await;
        assert_eq!(stage.handle.callback(&callback).await, CallbackPage::SignedIn("linear".to_owned()));
        stage
    }

    /// A sign-in that the person approved: what the browser comes back with.
    pub(crate) async fn approved(&self) -> String {
        let begun = self.handle.login("linear", true).await.unwrap();
        let callback = person::approve(&begun.authorization_url).await.unwrap();
        callback.query().unwrap().to_owned()
    }

    /// A browser that came back; the exchange of its code takes its time.
    pub(crate) async fn exchanging(&self) -> JoinHandle<CallbackPage> {
        let callback = self.approved().await;
        let before = self.server.counts().token_requests;
        self.server.fail_times(Endpoint::Token, 1, &Fault::Late(Duration::from_millis(300)));
        let handle = self.handle.clone();
        let page = tokio::spawn(async move { handle.callback(&callback).await });
        soon(|| self.server.counts().token_requests > before).await;
        page
    }

    /// Stops the engine and starts another on the same profile.
    pub(crate) async fn again(self) -> Self {
        self.again_after(Duration::ZERO, Engine::stop).await
    }

    /// Ends the engine by `end`, and starts another on the same profile when it has been `away` for so long.
    pub(crate) async fn again_after(self, away: Duration, end: impl AsyncFnOnce(Engine)) -> Self {
        let Self { home, shelf, clock, journal, server, engine: before, handle, teller: _ } = self;
        drop(handle);
        end(before).await;
        clock.advance(away);
        let (machine, teller) = Machine::new(|| true);
        let engine = start(machine, home.path(), "127.0.0.1:0", &shelf, &clock, &journal).await.unwrap();
        let handle = engine.handle();
        Self { home, shelf, clock, journal, server, engine, handle, teller }
    }

    /// A request of a local client, its answer's body still to come.
    pub(crate) async fn open(&self, method: Method, body: &str) -> Response<Incoming> {
        let key = self.handle.endpoint_key().await.unwrap();
        let request = Request::builder()
            .method(method)
            .uri(self.handle.workload("linear").unwrap().endpoint)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", key.expose_secret()))
            .body(outgoing(body.to_owned().into()))
            .unwrap();
        HttpClient::new(&Environment::new()).unwrap().send(request).await.unwrap()
    }

    /// The newest row of the journal that says `code`.
    pub(crate) async fn said(&self, code: &str) -> Option<Row> {
        let rows = self.journal.rows(None, None, 1_000).await.unwrap();
        rows.into_iter().rev().find(|row| row.reason_code.as_deref() == Some(code))
    }

    pub(crate) fn phase(&self) -> Phase {
        self.handle.route("linear").unwrap().access().status.phase
    }

    /// Waits until the workload is in `phase`.
    pub(crate) async fn comes_to(&self, phase: Phase) {
        soon(|| self.phase() == phase).await;
    }

    /// A refresh that succeeds.
    pub(crate) async fn refreshes(&self) {
        let before = self.shelf.refresh_token("linear");
        self.handle.retry("linear").await.unwrap();
        soon(|| self.shelf.refresh_token("linear") != before).await;
    }
}

/// Starts an engine on `machine` that listens at `listen`.
pub(crate) async fn start(
    machine: Machine,
    home: &Path,
    listen: &str,
    shelf: &Arc<Shelf>,
    clock: &VirtualClock,
    journal: &Arc<dyn Journal>,
) -> Result<Engine, StartError> {
    let profile = Profile::inside(home);
    let text = std::fs::read_to_string(profile.config_file()).unwrap_or_default();
    let text = format!("listen = \"{listen}\"\n{text}");
    let environment = Environment::new();
    let config = Config::parse("test", &text, &environment).unwrap();
    let ports = Ports {
        clock: Arc::new(clock.clone()) as Arc<dyn Clock>,
        secrets: Arc::clone(shelf) as Arc<dyn SecretStore>,
        journal: Arc::clone(journal),
        machine,
    };
    Engine::start(profile, &environment, config, ports).await
}

pub(crate) fn workload(server: &Server) -> NewWorkload {
    NewWorkload {
        name: Name::parse("linear").unwrap(),
        url: server.mcp_url(),
        client_id: None,
        client_secret: None,
        scopes: Vec::new(),
        resource: Resource::Discovered,
        issuer: None,
        grant: GrantKind::AuthorizationCode,
        bearer: None,
        headers: [("x-team".to_owned(), "lamps".into())].into(),
    }
}

/// `machine`, which signs in with credentials of its own that `server` gave it.
pub(crate) fn machine(server: &Server) -> NewWorkload {
    let client = server.register_client(&[], true);
    NewWorkload {
        name: Name::parse("machine").unwrap(),
        grant: GrantKind::ClientCredentials,
        client_id: Some(client.id),
        client_secret: client.secret.map(Into::into),
        ..workload(server)
    }
}

/// Waits, not for ever, until `come`.
pub(crate) async fn soon(come: impl Fn() -> bool) {
    let waited = async {
        while !come() {
            tokio::task::yield_now().await;
        }
    };
    within(&SystemClock::new(), Duration::from_secs(10), waited).await.unwrap();
}
