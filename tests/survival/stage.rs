//! The program itself with one workload, signed in at a simulated server that rotates refresh tokens and ends the login
//! when an old one comes back.

use std::path::PathBuf;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lamplighter_simulator::{Server, World, person};
use serde_json::{Value, json};

use lamplighter_endurance::child::Child;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::{NAME, Product, has};
use lamplighter_endurance::wire::Wire;

/// The program's profile, and the server that it is signed in to.
pub(crate) struct Stage {
    pub(crate) product: Product,
    pub(crate) server: Server,
    _world: World,
    wire: Wire,
}

/// The local address of the workload, and its header.
pub(crate) struct Endpoint {
    url: String,
    headers: HeaderMap,
}

impl Endpoint {
    /// Where the engine listens.
    pub(crate) fn address(&self) -> String {
        url::Url::parse(&self.url).unwrap().socket_addrs(|| None).unwrap()[0].to_string()
    }
}

impl Stage {
    /// The program with secrets in files, running and signed in; the shell does `preamble` before it becomes the program.
    pub(crate) async fn signed_in(preamble: &str) -> (Self, Child) {
        let stage = Self::set(preamble);
        let engine = stage.sign_in().await;
        (stage, engine)
    }

    /// The same, neither running nor signed in.
    pub(crate) fn set(preamble: &str) -> Self {
        let world = World::new();
        let server = world.server(NAME).unwrap();
        // One address for every start: clients keep it.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut product = Product::new("file").after(preamble);
        product.set("LAMPLIGHTER_LISTEN", free.to_string());
        Self { product, server, _world: world, wire: Wire::new() }
    }

    /// Starts the program, and signs in.
    pub(crate) async fn sign_in(&self) -> Child {
        let engine = self.product.serve().await;
        self.product.done(&["add", NAME, self.server.mcp_url().as_str()]).await;
        let mut login = self.product.begin(&["login", NAME, "--no-browser"]);
        let address = login.line().await.parse().unwrap();
        person::sign_in(&address).await.unwrap();
        assert!(login.ended().await.success());
        engine
    }

    /// The file that the login is in.
    pub(crate) fn sealed_grant(&self) -> PathBuf {
        let files = std::fs::read_dir(self.product.profile().join("secrets")).unwrap();
        let sealed = files.map(|file| file.unwrap().path()).filter(|file| file.extension() == Some("sealed".as_ref()));
        // The longest: the registration and the key of `endpoint` are sealed too, and hold less.
        sealed.max_by_key(|file| file.metadata().unwrap().len()).unwrap()
    }

    /// What a local client is given.
    pub(crate) async fn endpoint(&self) -> Endpoint {
        let document: Value = serde_json::from_str(&self.product.done(&["endpoint", NAME, "--json"]).await).unwrap();
        let fields = document["headers"].as_object().unwrap().iter().map(|(name, value)| {
            let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
            (HeaderName::try_from(name).unwrap(), value)
        });
        let mut headers: HeaderMap = fields.collect();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("accept", HeaderValue::from_static("application/json, text/event-stream"));
        Endpoint { url: document["url"].as_str().unwrap().to_owned(), headers }
    }

    /// How a client's request is answered.
    pub(crate) async fn call(&self, endpoint: &Endpoint) -> StatusCode {
        let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
        self.wire.post(&endpoint.url, &endpoint.headers, ping).await.status
    }

    /// What `doctor` finds of the thing called `code`.
    pub(crate) async fn check(&self, code: &str) -> Value {
        let run = self.product.run(&["doctor", "--json"]).await;
        let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["code"] == code).cloned().unwrap_or_else(|| panic!("{code}: {document}"))
    }

    /// Waits until `doctor` finds nothing wrong with the thing called `code`.
    pub(crate) async fn until_well(&self, code: &str) {
        until(&format!("{code} to be well"), async || (self.check(code).await["ok"] == true).then_some(())).await;
    }

    /// Waits until the workload runs and has nothing unsaved.
    pub(crate) async fn until_saved(&self) {
        let saved = |now: &Value| now["status"] == "running" && !has(now, "not_stored");
        self.product.until_status("the login to be saved", saved).await;
    }

    /// Waits until commands find the engine.
    pub(crate) async fn until_found(&self) {
        let found = async || (self.product.run(&["status", NAME]).await.code == 0).then_some(());
        until("commands to find the engine", found).await;
    }

    /// Waits until the engine has said `words` in its log.
    pub(crate) async fn until_said(&self, engine: &Child, words: &str) {
        until(&format!("{words:?} to be said"), async || engine.said().contains(words).then_some(())).await;
    }

    /// Asserts that the login is whole: what is on disk is what the server gave last, and nobody signed in again.
    pub(crate) async fn survives_a_restart(&self, engine: Child) {
        assert_eq!(engine.terminate().await.code(), Some(0));
        let engine = self.product.serve().await;
        self.product.refresh().await;
        self.is_untouched();
        assert_eq!(engine.terminate().await.code(), Some(0));
    }

    /// Asserts that no old token was used, and that nobody had to sign in again.
    pub(crate) fn is_untouched(&self) {
        let counts = self.server.counts();
        assert_eq!((counts.reuse_detected, counts.authorization_requests), (0, 1), "{counts:?}");
    }
}
