//! JSON-RPC and the tools: one message in, one reply out. Knows no tokens and sends nothing.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::request::Parts;
use serde_json::{Map, Value, json};

/// A JSON-RPC message that is an object.
pub(super) struct Message(Value);

/// What a message brings about.
pub(super) enum Reply {
    /// It was a notification or a response.
    Nothing,
    /// A JSON-RPC response.
    Now(Value),
    /// A JSON-RPC response that takes its time.
    Slow {
        /// How long.
        span: Duration,
        /// The token under which progress is to be told.
        progress: Option<Value>,
        /// The response.
        result: Value,
    },
}

/// The newest revision that is negotiated by `initialize`.
const REVISION: &str = "2025-11-25";
const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", REVISION];

impl Message {
    pub(super) fn method(&self) -> Option<&str> {
        self.0["method"].as_str()
    }
}

/// `None` when `body` is no JSON object.
pub(super) fn read(body: &Bytes) -> Option<Message> {
    serde_json::from_slice(body).ok().filter(Value::is_object).map(Message)
}

pub(super) fn answer(message: &Message, head: &Parts) -> Reply {
    let (Some(method), Some(id)) = (message.method(), message.0.get("id")) else {
        return Reply::Nothing;
    };
    let params = &message.0["params"];
    match method {
        "initialize" => {
            let asked = params["protocolVersion"].as_str().unwrap_or_default();
            let revision = REVISIONS.into_iter().find(|&known| known == asked).unwrap_or(REVISION);
            Reply::Now(success(
                id,
                &json!({
                    "protocolVersion": revision,
                    "capabilities": { "tools": {}, "logging": {} },
                    "serverInfo": { "name": "lamplighter-simulator", "version": env!("CARGO_PKG_VERSION") },
                }),
            ))
        }
        "ping" => Reply::Now(success(id, &json!({}))),
        "tools/list" => Reply::Now(success(id, &json!({ "tools": tools() }))),
        "tools/call" => call(id, params, head),
        other => Reply::Now(failure(id, -32_601, &format!("there is no method {other}"))),
    }
}

fn call(id: &Value, params: &Value, head: &Parts) -> Reply {
    let arguments = &params["arguments"];
    let text = match params["name"].as_str().unwrap_or_default() {
        "echo" => arguments["text"].as_str().unwrap_or_default().to_owned(),
        "add" => match (arguments["a"].as_f64(), arguments["b"].as_f64()) {
            (Some(a), Some(b)) => (a + b).to_string(),
            _ => return Reply::Now(failure(id, -32_602, "add takes two numbers, a and b")),
        },
        "headers" => headers(head).to_string(),
        "slow" => {
            let span = Duration::from_millis(arguments["ms"].as_u64().unwrap_or(100));
            let progress = Some(params["_meta"]["progressToken"].clone()).filter(|token| !token.is_null());
            return Reply::Slow { span, progress, result: success(id, &content("done")) };
        }
        other => return Reply::Now(failure(id, -32_602, &format!("there is no tool {other}"))),
    };
    Reply::Now(success(id, &content(&text)))
}

fn tools() -> Value {
    let tool = |name: &str, description: &str, properties: Value| {
        json!({
            "name": name, "description": description,
            "inputSchema": { "type": "object", "properties": properties },
        })
    };
    json!([
        tool("echo", "Says what it is told", json!({ "text": { "type": "string" } })),
        tool("add", "Adds two numbers", json!({ "a": { "type": "number" }, "b": { "type": "number" } })),
        tool("slow", "Takes its time, and says how far it is", json!({ "ms": { "type": "integer" } })),
        tool("headers", "The header fields of the request, credentials left out", json!({})),
    ])
}

/// Every field with its values, in order; of credentials only that they were there.
fn headers(head: &Parts) -> Value {
    let secret = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];
    let mut fields = Map::new();
    for (name, value) in &head.headers {
        let shown = if secret.contains(name) { "(left out)".into() } else { String::from_utf8_lossy(value.as_bytes()) };
        if let Value::Array(values) = fields.entry(name.as_str()).or_insert_with(|| json!([])) {
            values.push(json!(shown));
        }
    }
    Value::Object(fields)
}

fn content(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

fn success(id: &Value, result: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn failure(id: &Value, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
