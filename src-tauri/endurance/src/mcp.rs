//! A client of an MCP server, as simple as can be: one session, and a tool that says the same again.

use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::{Value, json};

use crate::wire::{Answer, Wire};

/// An MCP session through an endpoint.
pub struct Session {
    wire: Wire,
    url: String,
    headers: HeaderMap,
}

impl Session {
    /// Opens a session at `endpoint` (the JSON of `lamplighter endpoint`).
    pub async fn open(endpoint: &str) -> Self {
        let opened = Self::try_open(endpoint).await;
        opened.unwrap_or_else(|answer| panic!("no session: {:?}", answer.map(|answer| answer.body)))
    }

    /// The same where it may fail: with the answer, if one came.
    ///
    /// # Errors
    /// When no session was opened.
    pub async fn try_open(endpoint: &str) -> Result<Self, Option<Answer>> {
        let endpoint: Value = serde_json::from_str(endpoint).unwrap();
        let mut headers = HeaderMap::new();
        let fields = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        let given = endpoint["headers"].as_object().unwrap();
        let given = given.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        for (name, value) in fields.into_iter().chain(given) {
            headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let mut session = Self { wire: Wire::new(), url: endpoint["url"].as_str().unwrap().to_owned(), headers };
        let client = json!({"name": "endurance", "version": "1"});
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        let opened = session.ask(0, "initialize", &hello).await.ok_or(None)?;
        match opened.headers.get("mcp-session-id") {
            Some(id) if opened.status == StatusCode::OK => session.headers.insert("mcp-session-id", id.clone()),
            Some(_) | None => return Err(Some(opened)),
        };
        Ok(session)
    }

    /// Has the number said again; the answer, if a whole one came.
    pub async fn echo(&self, number: usize) -> Option<Answer> {
        let arguments = json!({"text": format!("call {number}.")});
        self.ask(number + 1, "tools/call", &json!({"name": "echo", "arguments": arguments})).await
    }

    async fn ask(&self, id: usize, method: &str, params: &Value) -> Option<Answer> {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.wire.try_post(&self.url, &self.headers, request.to_string()).await
    }
}
