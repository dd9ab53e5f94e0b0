//! However many call while a token expires, the authorization server is asked once.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::json;

use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::mcp::Session;
use lamplighter_endurance::patience::{pause, until};
use lamplighter_endurance::product::{NAME, Product};

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
        let answer = answer.unwrap();
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
