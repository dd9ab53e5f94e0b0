//! A disk that takes nothing more, and folders that can only be read.
//!
//! A full disk is a limit on the length of files (`RLIMIT_FSIZE`): writes fail midway, as they do on a full one, and
//! anybody may set and lift it.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use http::StatusCode;

use lamplighter_endurance::product::{NAME, has};
use crate::stage::{Stage, limit};

/// A write beyond the limit is then an error, and not the end of the process.
const BOUNDED: &str = "trap '' XFSZ; ";
/// The same from the first byte on.
const FULL: &str = "fsize=100:unlimited";
const FREE: &str = "fsize=unlimited:unlimited";

/// Root without its rights: what can only be read can only be read.
const UNPRIVILEGED: &str = r#"[ "$(id -u)" = 0 ] && exec setpriv --bounding-set=-all --inh-caps=-all "$0" "$@"; "#;

#[tokio::test]
async fn a_full_disk_costs_no_login() {
    let (stage, engine) = Stage::signed_in(BOUNDED).await;
    let endpoint = stage.endpoint().await;
    limit(&engine, FULL).await;
    for _ in 0..3 {
        let full = stage.product.refresh().await;
        assert!(has(&full, "not_stored"), "{full}");
        assert_eq!(stage.call(&endpoint).await, StatusCode::OK, "it goes on");
    }
    let secrets = stage.check("secret_store").await;
    assert_eq!(secrets["ok"], false);
    assert!(secrets["text"].as_str().unwrap().contains("File too large"), "{secrets}");
    assert!(secrets["remedy"].as_str().unwrap().contains("disk is not full"), "{secrets}");
    let journal = stage.check("journal").await;
    assert!(journal["ok"] == false && journal["remedy"].as_str().unwrap().contains("disk is not full"), "{journal}");
    let refused = stage.product.run(&["add", "another", stage.server.mcp_url().as_str()]).await;
    assert!(refused.code == 1 && refused.stderr.contains("config.toml"), "{refused:?}");
    let said = engine.said();
    assert_eq!(said.matches("the secret store cannot be used").count(), 1, "once, however often it is tried:\n{said}");

    limit(&engine, FREE).await;
    stage.until_saved().await;
    stage.until_well("secret_store").await;
    stage.until_well("journal").await;
    let events = stage.product.done(&["events", NAME, "--json"]).await;
    assert!(events.contains("store_failed") && events.contains("store_ok"), "what happened meanwhile is kept: {events}");
    stage.product.done(&["add", "another", stage.server.mcp_url().as_str()]).await;
    stage.survives_a_restart(engine).await;
}

#[tokio::test]
async fn an_engine_that_starts_on_a_full_disk_serves() {
    let (mut stage, engine) = Stage::signed_in(BOUNDED).await;
    let endpoint = stage.endpoint().await;
    assert_eq!(engine.terminate().await.code(), Some(0));
    stage.product = stage.product.after("trap '' XFSZ; ulimit -S -f 0; ");
    let engine = stage.product.serve().await;
    assert_eq!(stage.call(&endpoint).await, StatusCode::OK, "clients have all that they need");
    assert!(engine.said().contains("until this file can be written no command finds the engine"), "{}", engine.said());
    assert_eq!(stage.product.run(&["status", NAME]).await.code, 3);

    limit(&engine, FREE).await;
    let found = lamplighter_endurance::patience::until("commands to find it", async || {
        (stage.product.run(&["status", NAME]).await.code == 0).then_some(())
    });
    found.await;
    stage.until_well("journal").await;
    stage.product.refresh().await;
    stage.until_saved().await;
    stage.product = stage.product.after("");
    stage.survives_a_restart(engine).await;
}

#[tokio::test]
async fn folders_that_can_only_be_read_cost_no_login() {
    let (stage, engine) = Stage::signed_in(UNPRIVILEGED).await;
    let endpoint = stage.endpoint().await;
    let folders = [stage.product.profile(), stage.product.profile().join("secrets")];
    let allow = |mode| folders.iter().for_each(|folder| set_permissions(folder, Permissions::from_mode(mode)).unwrap());
    allow(0o500);
    let read_only = stage.product.refresh().await;
    assert!(has(&read_only, "not_stored"), "{read_only}");
    assert_eq!(stage.call(&endpoint).await, StatusCode::OK, "it goes on");
    let secrets = stage.check("secret_store").await;
    assert!(secrets["text"].as_str().unwrap().contains("Permission denied"), "{secrets}");
    let refused = stage.product.run(&["add", "another", stage.server.mcp_url().as_str()]).await;
    assert!(refused.code == 1 && refused.stderr.contains("config.toml cannot be written"), "{refused:?}");
    allow(0o700);
    stage.until_saved().await;
    stage.until_well("secret_store").await;

    // Only to be read from the start.
    assert_eq!(engine.terminate().await.code(), Some(0));
    allow(0o500);
    let engine = stage.product.serve().await;
    assert_eq!(stage.call(&endpoint).await, StatusCode::OK, "it serves what it can read");
    allow(0o700);
    let read_only = stage.product.until_status("commands to find it", |now| now["status"] == "running");
    read_only.await;
    stage.survives_a_restart(engine).await;
}
