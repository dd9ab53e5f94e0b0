//! Signing in on a machine without a browser, with the person at another one.

use crate::life::tools_answer;
use lamplighter_endurance::foreign::{Servers, agree_at};
use lamplighter_endurance::product::{NAME, Product};

#[tokio::test]
async fn a_machine_without_a_browser_is_signed_in_from_another() {
    let servers = Servers::start(3600).await;
    let mut product = Product::new("file");
    product.set("BROWSER", "/nonexistent");
    let _engine = product.serve().await;
    product.done(&["add", NAME, &servers.mcp]).await;
    let mut login = product.begin(&["login", NAME, "--device"]);
    let address = login.line().await;
    assert!(address.contains("user_code="), "{address}");
    agree_at(&address).await;
    assert_eq!(login.ended().await.code(), Some(0));
    assert_eq!(product.run(&["status", NAME]).await.code, 0);
    product.refresh().await;
    let counts = servers.counts().await;
    assert_eq!(
        (&counts["registrations"], &counts["sign_ins"], &counts["refreshes"]),
        (&1.into(), &1.into(), &1.into())
    );
    let endpoint = product.done(&["endpoint", NAME, "--json"]).await;
    tools_answer(servers.client(&endpoint, 2)).await;
}

#[tokio::test]
async fn a_person_who_refuses_at_the_other_machine_is_believed() {
    let servers = Servers::start(3600).await;
    servers.control("person=deny").await;
    let product = Product::new("file");
    let _engine = product.serve().await;
    product.done(&["add", NAME, &servers.mcp]).await;
    let mut login = product.begin(&["login", NAME, "--device"]);
    agree_at(&login.line().await).await;
    assert_eq!(login.ended().await.code(), Some(1));
    assert_eq!(product.run(&["status", NAME]).await.code, 11);
}
