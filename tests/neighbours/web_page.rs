//! A hostile web page in a real Chromium reaches nothing, whatever it tries.

use std::collections::BTreeMap;

use lamplighter_endurance::foreign::{Servers, agree_at, attack};
use lamplighter_endurance::product::{NAME, Product};
use serde_json::Value;

type Outcomes = BTreeMap<String, String>;

/// What must be as it was after the page has tried everything.
async fn state(product: &Product, servers: &Servers) -> (Value, u64, u64) {
    let workloads = product.done(&["list", "--json"]).await;
    let mut workloads: Value = serde_json::from_str(&workloads).unwrap();
    // It counts with every change, and a sign-in under way is one.
    workloads.as_object_mut().unwrap().remove("revision");
    (workloads, servers.tool_calls().await, servers.count("token_requests").await)
}

#[tokio::test]
async fn a_page_neither_reads_nor_calls_nor_changes_anything() {
    let servers = Servers::start(3600).await;
    let product = Product::new("file");
    let engine = product.serve().await;
    product.sign_in(&servers.mcp).await;
    let mut login = product.begin(&["login", NAME, "--no-browser"]);
    let sign_in = login.line().await;
    let before = state(&product, &servers).await;

    let address = product.engine_file()["address"].as_str().unwrap().to_owned();
    let said = attack(&format!("http://{address}"), NAME).await;
    assert_eq!(said["control"], 200, "the port can be reached from this browser");
    let outcomes = |origin: &str| serde_json::from_value::<Outcomes>(said[origin].clone()).unwrap();

    let elsewhere = outcomes("elsewhere");
    assert!(elsewhere.len() > 60, "{elsewhere:#?}");
    for (attempt, outcome) in elsewhere {
        assert!(["blocked", "opaque"].contains(&outcome.as_str()), "{attempt}: {outcome}");
    }
    for (attempt, outcome) in outcomes("rebound") {
        let refused = outcome.starts_with("403 ") || outcome.contains(r#""host_refused""#);
        assert!(refused || outcome == "blocked" || outcome == "opaque", "{attempt}: {outcome}");
    }
    assert_eq!(state(&product, &servers).await, before);
    agree_at(&sign_in).await;
    assert_eq!(login.ended().await.code(), Some(0), "the sign-in under way was not disturbed");
    assert!(engine.terminate().await.success());
}
