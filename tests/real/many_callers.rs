//! However many call while a token expires, the authorization server is asked once.

use std::time::Duration;

use futures_util::future::join_all;
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::{Value, json};

use crate::foreign::Servers;
use crate::patience::{pause, until};
use crate::product::{NAME, Product};
use crate::wire::{Answer, Wire};

const CALLERS: usize = 200;

#[tokio::test]
async fn two_hundred_callers_at_expiry_cause_one_refresh() {
    let servers = Servers::start(8).await;
    let mut product = Product::new("file");
    product.set("LAMPLIGHTER_TOKEN_REFRESH_MARGIN", "100ms");
    let _engine = product.serve().await;
    product.sign_in(&servers.mcp).await;
    let session = Session::open(&product.done(&["endpoint", NAME, "--json"]).await).await;

    // The next refresh hangs for longer than what is left of the token.
    let before = servers.count("token_requests").await;
    servers.control("delay=10000").await;
    until("the refresh at expiry", async || (servers.count("token_requests").await > before).then_some(())).await;
    let asked = servers.count("token_requests").await;
    pause(Duration::from_millis(500)).await;
    let calls = join_all((0..CALLERS).map(|number| session.echo(number)));
    let look = async {
        pause(Duration::from_millis(1500)).await;
        (servers.tool_calls().await, servers.count("token_requests").await)
    };
    let (answers, meanwhile) = tokio::join!(calls, look);
    servers.control("delay=0").await;

    assert_eq!(meanwhile, (0, asked), "all wait for the one refresh, and nobody's call asks for a token");
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.status, StatusCode::OK, "call {number}: {}", answer.body);
        assert!(
            answer.body.contains(&format!("call {number}.")),
            "call {number} got another's answer: {}",
            answer.body
        );
    }
    let counts = servers.counts().await;
    assert_eq!(counts["token_requests_at_once_max"], 1, "{counts}");
    assert_eq!(counts["sign_ins"], 1, "{counts}");
    assert_eq!(counts["reused_refresh_tokens"], 0, "{counts}");
    assert_eq!(counts["refused"], json!({}), "{counts}");
}

/// An MCP session through the endpoint.
pub(crate) struct Session {
    wire: Wire,
    url: String,
    headers: HeaderMap,
}

impl Session {
    pub(crate) async fn open(endpoint: &str) -> Self {
        let endpoint: Value = serde_json::from_str(endpoint).unwrap();
        let mut headers = HeaderMap::new();
        let fields = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        let given = endpoint["headers"].as_object().unwrap();
        let given = given.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        for (name, value) in fields.into_iter().chain(given) {
            headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let mut session = Self { wire: Wire::new(), url: endpoint["url"].as_str().unwrap().to_owned(), headers };
        let client = json!({"name": "two hundred", "version": "1"});
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        let opened = session.ask(0, "initialize", &hello).await;
        assert_eq!(opened.status, StatusCode::OK, "{}", opened.body);
        session.headers.insert("mcp-session-id", opened.headers["mcp-session-id"].clone());
        session
    }

    pub(crate) async fn echo(&self, number: usize) -> Answer {
        self.ask(number + 1, "tools/call", &json!({"name": "echo", "arguments": {"text": format!("call {number}.")}}))
            .await
    }

    async fn ask(&self, id: usize, method: &str, params: &Value) -> Answer {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.wire.post(&self.url, &self.headers, request.to_string()).await
    }
}
