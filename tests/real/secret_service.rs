//! The login in a real Secret Service: `gnome-keyring-daemon`, locked, unlocked, ended and started again.

use serde_json::json;

use crate::life::tools_answer;
use lamplighter_endurance::bus::SessionBus;
use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::keyring::Keyring;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::{NAME, Product, has};

#[tokio::test]
async fn a_real_keyring_that_comes_and_goes_costs_no_login() {
    let bus = SessionBus::start().await;
    let keyring = Keyring::start(&bus).await;
    let servers = Servers::start(3600).await;
    let mut product = Product::new("keychain");
    for (name, value) in bus.addresses() {
        product.set(name, value);
    }
    let engine = product.serve().await;
    product.sign_in(&servers.mcp).await;
    let signed_in = stored(&bus).await;
    assert!(signed_in.contains("refresh_token"), "the login is in the keyring, whole: {signed_in}");
    let endpoint = product.done(&["endpoint", NAME, "--json"]).await;

    // Locked while the engine runs.
    keyring.lock().await;
    for _ in 0..2 {
        let locked = product.refresh().await;
        assert!(has(&locked, "not_stored"), "{locked}");
    }
    assert_eq!(product.run(&["status", NAME]).await.code, 0, "it goes on");
    tools_answer(servers.client(&endpoint, 2)).await;
    keyring.unlock().await;
    product.until_status("the login to be saved", |now| !has(now, "not_stored")).await;
    let after_the_lock = stored(&bus).await;
    assert_ne!(after_the_lock, signed_in, "the renewed login is kept");

    // Ended while the engine runs.
    keyring.kill().await;
    let alone = product.refresh().await;
    assert!(has(&alone, "not_stored"), "{alone}");
    let keyring = Keyring::start(&bus).await;
    product.until_status("the login to be saved", |now| !has(now, "not_stored")).await;
    assert_ne!(stored(&bus).await, after_the_lock, "the renewed login is kept");

    // Locked when the engine starts.
    assert_eq!(engine.terminate().await.code(), Some(0));
    keyring.lock().await;
    let engine = product.serve().await;
    let locked = product.until_status("the lock to be seen", |now| has(now, "store_locked")).await;
    assert_eq!(locked["status"], "starting", "{locked}");
    keyring.unlock().await;
    product.refresh().await;

    // Not there when the engine starts.
    assert_eq!(engine.terminate().await.code(), Some(0));
    keyring.kill().await;
    let engine = product.serve().await;
    let absent = product.until_status("the absence to be seen", |now| has(now, "store_locked")).await;
    assert_eq!(absent["status"], "starting", "{absent}");
    let keyring = Keyring::start(&bus).await;
    product.refresh().await;
    let counts = servers.counts().await;
    assert_eq!((&counts["sign_ins"], &counts["reused_refresh_tokens"]), (&1.into(), &0.into()), "{counts}");

    // Locked when the person signs out.
    keyring.lock().await;
    product.done(&["logout", NAME]).await;
    assert_eq!(engine.terminate().await.code(), Some(0));
    keyring.unlock().await;
    let _engine = product.serve().await;
    let out = product.until_status("the sign-out to be remembered", |now| now["status"] == "unauthenticated").await;
    assert_eq!(out["reason_code"], "signed_out", "{out}");
    assert_eq!(servers.counts().await["refused"], json!({}), "a token that was revoked is not tried");
}

/// What the keyring holds of the workload, as anybody else finds it.
async fn stored(bus: &SessionBus) -> String {
    until("the login in the keyring", async || {
        let found = bus.run("secret-tool", &["search", "--all", "service", "lamplighter"]).await;
        let mut items = found.split("[/").filter(|item| item.contains(&format!("label = Lamplighter: {NAME}\n")));
        let item = items.next()?.to_owned();
        assert_eq!(items.next(), None, "one item a workload");
        let secret = item.lines().find_map(|line| line.strip_prefix("secret = "))?;
        Some(secret.to_owned())
    })
    .await
}
