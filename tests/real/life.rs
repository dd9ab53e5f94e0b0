//! The life of a workload, from `add` to `rm`, with every exit code on the way.

use serde_json::Value;

use lamplighter_endurance::child::Child;
use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::product::{NAME, Product, has};

#[tokio::test]
async fn a_workload_lives_through_an_outage_and_is_signed_out_at_its_end() {
    let servers = Servers::start(3600).await;
    let product = Product::new("file");
    let alone = product.run(&["list"]).await;
    assert_eq!(alone.code, 3, "no engine is running: {alone:?}");
    assert!(alone.stdout.is_empty() && alone.stderr.contains("\nhint: "), "{alone:?}");
    let engine = product.serve().await;
    let second = product.run(&["serve"]).await;
    assert_eq!(second.code, 5, "another engine holds the profile: {second:?}");
    assert_eq!(product.run(&["status", NAME]).await.code, 4, "there is no such workload");

    let added = product.done(&["add", NAME, &servers.mcp]).await;
    assert!(added.contains("sign") && added.contains(&format!("lamplighter login {NAME}")), "{added}");
    assert_eq!(product.run(&["status", NAME]).await.code, 11, "it needs a sign-in");
    assert!(product.done(&["list"]).await.contains(NAME));
    assert_eq!(servers.count("token_requests").await, 0, "nothing was asked of the person's account");

    let login = product.run(&["login", NAME]).await;
    assert_eq!(login.code, 0, "{login:?}");
    let mut said = login.stdout.lines();
    let address = url::Url::parse(said.next().unwrap()).unwrap();
    assert!(address.query_pairs().any(|(key, value)| key == "code_challenge_method" && value == "S256"), "{address}");
    assert_eq!(said.next(), None, "standard output holds the address alone");
    assert_eq!(product.run(&["status", NAME]).await.code, 0);
    assert_eq!(product.status().await["status"], "running");

    let endpoint = product.done(&["endpoint", NAME, "--json"]).await;
    assert_eq!(endpoint, product.done(&["endpoint", NAME, "--json"]).await, "the key stays the same");
    tools_answer(servers.client(&endpoint, 3)).await;
    product.refresh().await;
    assert_eq!(servers.count("refreshes").await, 1);

    servers.control("outage=forbidden").await;
    product.done(&["retry", NAME]).await;
    let waiting = product.until_status("the outage to be seen", |now| now["status"] == "auth_retrying").await;
    assert_eq!(waiting["reason_code"], "firewall", "{waiting}");
    assert!(has(&waiting, "firewall") && waiting["next_attempt_at"].is_string(), "{waiting}");
    assert_eq!(product.run(&["status", NAME]).await.code, 10, "not the person's turn");
    tools_answer(servers.client(&endpoint, 2)).await;
    servers.control("outage=none").await;
    let back = product.until_status("the recovery", |now| now["status"] == "running").await;
    assert_eq!(back["conditions"], Value::Array(Vec::new()));

    product.done(&["logout", NAME]).await;
    assert_eq!(product.run(&["status", NAME]).await.code, 11, "it needs a sign-in again");
    let counts = servers.counts().await;
    assert!(counts["revocations"].as_u64() >= Some(1), "{counts}");
    assert_eq!((&counts["sign_ins"], &counts["reused_refresh_tokens"]), (&1.into(), &0.into()), "{counts}");

    product.done(&["rm", NAME]).await;
    assert_eq!(product.run(&["status", NAME]).await.code, 4);
    assert_eq!(engine.terminate().await.code(), Some(0));
    assert_eq!(product.run(&["list"]).await.code, 3);
}

#[tokio::test]
async fn a_client_waits_out_an_outage_longer_than_its_token() {
    let servers = Servers::start(4).await;
    let product = Product::new("file");
    let _engine = product.serve().await;
    product.sign_in(&servers.mcp).await;
    let endpoint = product.done(&["endpoint", NAME, "--json"]).await;
    let mut client = servers.client(&endpoint, 60);
    until_outcome(&mut client, "ok").await;
    servers.control("outage=unavailable").await;
    let refused = until_outcome(&mut client, "refused").await;
    assert!(refused["retry_after"].as_u64() >= Some(1), "{refused}");
    servers.control("outage=none").await;
    until_outcome(&mut client, "ok").await;
    let counts = servers.counts().await;
    assert!(counts["token_requests_in_outage"].as_u64() >= Some(1), "{counts}");
    assert_eq!((&counts["sign_ins"], &counts["reused_refresh_tokens"]), (&1.into(), &0.into()), "{counts}");
}

#[tokio::test]
async fn a_grant_that_the_server_ended_takes_one_sign_in() {
    let servers = Servers::start(3600).await;
    let product = Product::new("file");
    let _engine = product.serve().await;
    servers.control("person=deny").await;
    product.done(&["add", NAME, &servers.mcp]).await;
    let denied = product.run(&["login", NAME]).await;
    assert_eq!(denied.code, 1, "{denied:?}");
    assert!(denied.stderr.contains("access_denied"), "the server's own word is told: {denied:?}");
    assert_eq!(product.run(&["status", NAME]).await.code, 11);
    servers.control("person=allow").await;
    product.done(&["login", NAME]).await;

    servers.control("revoke=all").await;
    product.done(&["retry", NAME]).await;
    let ended = product.until_status("the end of the grant", |now| now["status"] == "unauthenticated").await;
    assert_eq!(ended["reason_code"], "invalid_grant", "{ended}");
    assert_eq!(product.run(&["status", NAME]).await.code, 11);
    product.done(&["restart", NAME]).await;
    product.done(&["retry", NAME]).await;
    assert_eq!(product.run(&["status", NAME]).await.code, 11);
    assert_eq!(servers.counts().await["refused"], serde_json::json!({"invalid_grant": 1}), "it is never sent again");

    product.done(&["login", NAME]).await;
    product.refresh().await;
    assert_eq!(product.run(&["status", NAME]).await.code, 0);
    assert_eq!(servers.count("sign_ins").await, 2);
    let endpoint = product.done(&["endpoint", NAME, "--json"]).await;
    tools_answer(servers.client(&endpoint, 2)).await;
}

/// The client calls tools until its time is over; every call is answered.
pub(crate) async fn tools_answer(mut client: Child) {
    let summary = loop {
        let line: Value = serde_json::from_str(&client.line().await).unwrap();
        if let Some(summary) = line.get("summary") {
            break summary.clone();
        }
        assert_eq!(line["outcome"], "ok", "{line}");
    };
    assert!(summary["answered"].as_u64() >= Some(1) && client.ended().await.success(), "{summary}");
}

/// Reads on until an attempt of the client ends in `outcome`. An error would be a failure: an outage only ever refuses.
async fn until_outcome(client: &mut Child, outcome: &str) -> Value {
    loop {
        let line: Value = serde_json::from_str(&client.line().await).unwrap();
        assert_ne!(line["outcome"], "error", "{line}");
        if line["outcome"] == outcome {
            return line;
        }
    }
}
