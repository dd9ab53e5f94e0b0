//! The protected MCP server: challenges, tools, streams, sessions.

use lamplighter_simulator::{Challenge, Endpoint, Fault, ReplyForm, ScopeDemand, Server, StatusCode, World};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

use crate::client::Client;
use crate::raw::{Answer, Outcome, exchange, send};

const BOTH: (&str, &str) = ("Accept", "application/json, text/event-stream");

/// Sends one JSON-RPC message.
async fn post(server: &Server, token: Option<&str>, fields: &[(&str, &str)], message: &Value) -> Outcome<Answer> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut all = vec![BOTH, ("Content-Type", "application/json")];
    all.extend(bearer.iter().map(|bearer| ("Authorization", bearer.as_str())));
    all.extend_from_slice(fields);
    exchange("POST", &server.mcp_url(), &all, &message.to_string()).await
}

fn request(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

/// Calls a tool without arguments.
pub(crate) async fn call(server: &Server, token: Option<&str>, tool: &str) -> Outcome<Answer> {
    post(server, token, &[], &request("tools/call", &json!({ "name": tool }))).await
}

async fn initialize(server: &Server, token: Option<&str>) -> Outcome<Answer> {
    post(server, token, &[], &request("initialize", &json!({ "protocolVersion": "2025-06-18" }))).await
}

/// The messages of an event stream.
fn messages(answer: &Answer) -> Outcome<Vec<Value>> {
    let text = answer.text();
    Ok(text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn without_a_token_the_challenge_names_the_metadata() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.resource(|rules| rules.challenged_scopes = vec!["read".to_owned(), "write".to_owned()]);
    let refused = initialize(&server, None).await?;
    assert_eq!(refused.status, 401);
    let metadata = server.url(Endpoint::ResourceMetadata);
    assert_eq!(
        refused.field("www-authenticate"),
        Some(format!(r#"Bearer realm="mcp", scope="read write", resource_metadata="{metadata}""#).as_str()),
    );
    server.resource(|rules| rules.names_metadata = false);
    let refused = initialize(&server, None).await?;
    assert_eq!(refused.field("www-authenticate"), Some(r#"Bearer realm="mcp", scope="read write""#));
    assert_eq!(server.counts().mcp_unauthorized, 2);
    Ok(())
}

#[tokio::test]
async fn a_late_challenge_comes_with_the_first_tool() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.resource(|rules| rules.challenge = Challenge::Late);
    assert_eq!(initialize(&server, None).await?.status, 200);
    assert_eq!(call(&server, None, "echo").await?.status, 401);
    server.resource(|rules| rules.challenge = Challenge::Never);
    assert_eq!(call(&server, None, "echo").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_missing_scope_is_demanded_until_it_is_there() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.authorization(|rules| rules.scopes = vec!["read".to_owned()]);
    let client = Client::register(&server).await?;
    let narrow = client.sign_in().await?.access;
    server.authorization(|rules| rules.scopes.push("admin".to_owned()));
    server.resource(|rules| rules.scope_demand = ScopeDemand::Having(vec!["admin".to_owned()]));
    let refused = call(&server, Some(&narrow), "echo").await?;
    assert_eq!(refused.status, 403);
    let challenge = refused.field("www-authenticate").ok_or("no challenge")?;
    assert!(challenge.contains(r#"error="insufficient_scope", scope="admin""#), "{challenge}");
    let wide = client.sign_in().await?.access;
    assert_eq!(call(&server, Some(&wide), "echo").await?.status, 200);
    server.resource(|rules| rules.scope_demand = ScopeDemand::Insatiable(vec!["admin".to_owned()]));
    assert_eq!(call(&server, Some(&wide), "echo").await?.status, 403);
    assert_eq!(server.counts().mcp_insufficient_scope, 2);
    Ok(())
}

#[tokio::test]
async fn the_tools_do_what_they_say() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    let bearer = server.static_bearer();
    let ask = async |method: &str, params: Value| -> Outcome<Value> {
        post(&server, Some(&bearer), &[("X-Custom", "kept")], &request(method, &params)).await?.json()
    };
    let tools = ask("tools/list", json!({})).await?;
    assert_eq!(tools["result"]["tools"].as_array().map(Vec::len), Some(4));
    let echo = ask("tools/call", json!({ "name": "echo", "arguments": { "text": "hello" } })).await?;
    assert_eq!((&echo["id"], &echo["result"]["content"][0]["text"]), (&json!(7), &json!("hello")));
    let sum = ask("tools/call", json!({ "name": "add", "arguments": { "a": 2, "b": 3 } })).await?;
    assert_eq!(sum["result"]["content"][0]["text"], "5");
    let headers = ask("tools/call", json!({ "name": "headers" })).await?.to_string();
    assert!(headers.contains("x-custom") && headers.contains("kept"));
    assert!(!headers.contains(&bearer));
    assert_eq!(ask("ping", json!({})).await?["result"], json!({}));
    assert_eq!(ask("tools/call", json!({ "name": "rob" })).await?["error"]["code"], -32602);
    assert_eq!(ask("prompts/list", json!({})).await?["error"]["code"], -32601);
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(post(&server, Some(&bearer), &[], &notification).await?.status, 202);
    let broken = exchange("POST", &server.mcp_url(), &[("Authorization", &format!("Bearer {bearer}"))], "{").await?;
    assert_eq!((broken.status, &broken.json()?["error"]["code"]), (400, &json!(-32700)));
    Ok(())
}

#[tokio::test]
async fn a_session_lives_from_initialize_to_delete() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.resource(|rules| rules.challenge = Challenge::Never);
    let opened = initialize(&server, None).await?;
    assert_eq!(opened.json()?["result"]["protocolVersion"], "2025-06-18");
    let session = opened.field("mcp-session-id").ok_or("no session")?.to_owned();
    let fields = [("Mcp-Session-Id", session.as_str())];
    let ping = request("ping", &json!({}));
    assert_eq!(post(&server, None, &fields, &ping).await?.status, 200);
    let other = initialize(&server, None).await?;
    assert_ne!(other.field("mcp-session-id"), Some(session.as_str()));
    assert_eq!(exchange("DELETE", &server.mcp_url(), &fields, "").await?.status, 200);
    assert_eq!(post(&server, None, &fields, &ping).await?.status, 404);
    let opened = initialize(&server, None).await?;
    let session = opened.field("mcp-session-id").ok_or("no session")?;
    server.forget_sessions();
    assert_eq!(post(&server, None, &[("Mcp-Session-Id", session)], &ping).await?.status, 404);
    server.resource(|rules| rules.sessions = false);
    assert_eq!(initialize(&server, None).await?.field("mcp-session-id"), None);
    Ok(())
}

#[tokio::test]
async fn a_slow_tool_tells_how_far_it_is() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.resource(|rules| rules.challenge = Challenge::Never);
    let params = json!({ "name": "slow", "arguments": { "ms": 4 }, "_meta": { "progressToken": "p" } });
    let answer = post(&server, None, &[], &request("tools/call", &params)).await?;
    assert_eq!(answer.field("content-type"), Some("text/event-stream"));
    assert!(answer.whole);
    let messages = messages(&answer)?;
    let progress: Vec<_> = messages.iter().filter_map(|message| message["params"]["progress"].as_u64()).collect();
    assert_eq!(progress, [1, 2, 3, 4]);
    assert_eq!(messages.last().map(|message| &message["id"]), Some(&json!(7)));
    Ok(())
}

#[tokio::test]
async fn any_answer_can_be_an_event_stream() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.resource(|rules| {
        rules.challenge = Challenge::Never;
        rules.replies = ReplyForm::EventStream;
    });
    let answer = post(&server, None, &[], &request("ping", &json!({}))).await?;
    assert_eq!(messages(&answer)?, [json!({ "jsonrpc": "2.0", "id": 7, "result": {} })]);
    let only_json = [("Accept", "application/json")];
    let answer = exchange("POST", &server.mcp_url(), &only_json, &request("ping", &json!({})).to_string()).await?;
    assert_eq!(answer.field("content-type"), Some("application/json"));
    assert_eq!(exchange("GET", &server.mcp_url(), &only_json, "").await?.status, 406);
    assert_eq!(exchange("PUT", &server.mcp_url(), &[], "").await?.status, 405);
    Ok(())
}

#[tokio::test]
async fn a_standing_stream_goes_on_where_it_was_left_and_is_counted_while_open() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.resource(|rules| {
        rules.challenge = Challenge::Never;
        rules.stream_interval = Duration::from_millis(1);
    });
    let fields = [("Accept", "text/event-stream"), ("Last-Event-ID", "41")];
    let mut stream = send("GET", &server.mcp_url(), &fields, "").await?;
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("tick 43") {
        assert_ne!(stream.read_buf(&mut seen).await?, 0, "the stream ended");
    }
    let seen = String::from_utf8(seen)?;
    assert!(seen.contains("id: 42\n") && seen.contains(": still here\n") && seen.contains("retry: 1000\n"));
    assert!(!seen.contains("tick 41"));
    assert_eq!(server.counts().mcp_answers_open, 1);
    drop(stream);
    while server.counts().mcp_answers_open > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn the_upstream_can_fail_a_number_of_times() -> Outcome {
    let world = World::new();
    let server = world.server("linear")?;
    server.resource(|rules| rules.challenge = Challenge::Never);
    server.fail_times(Endpoint::Mcp, 2, &Fault::Page(StatusCode::BAD_GATEWAY));
    for expected in [502, 502, 200] {
        assert_eq!(call(&server, None, "echo").await?.status, expected);
    }
    assert_eq!(server.counts().mcp_requests, 3);
    Ok(())
}
