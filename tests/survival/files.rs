//! Files of the profile that are corrupt, cut short, gone, or held by another program.

use std::path::PathBuf;

use http::StatusCode;

use crate::stage::Stage;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::NAME;

/// What was set aside in the profile, by a part of its name.
fn aside(stage: &Stage, folder: &str, name: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(stage.product.profile().join(folder)).unwrap().map(|file| file.unwrap().path());
    let is_aside = |file: &PathBuf| {
        let found = file.file_name().unwrap().to_string_lossy().into_owned();
        found.starts_with(name) && found.contains("corrupt-")
    };
    files.filter(is_aside).collect()
}

#[tokio::test]
async fn a_login_that_rots_on_disk_under_a_running_engine_goes_back_there() {
    let (stage, engine) = Stage::signed_in("").await;
    let file = stage.sealed_grant();
    for rotten in [b"rot".as_slice(), b""] {
        std::fs::write(&file, rotten).unwrap();
        stage.product.done(&["restart", NAME]).await;
        stage.product.refresh().await;
        stage.until_saved().await;
        assert_ne!(std::fs::read(&file).unwrap(), rotten);
    }
    let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
    assert_eq!(aside(&stage, "secrets", &name).len(), 2, "nothing is written over");
    stage.survives_a_restart(engine).await;
}

#[tokio::test]
async fn a_key_that_gets_lost_under_a_running_engine_goes_back_to_disk() {
    let (stage, mut engine) = Stage::signed_in("").await;
    let key = stage.product.profile().join("secrets/key");
    let good = std::fs::read(&key).unwrap();
    for round in 0..3 {
        match round {
            0 => std::fs::remove_file(&key).unwrap(),
            1 => std::fs::write(&key, b"short").unwrap(),
            _ => std::fs::remove_dir_all(key.parent().unwrap()).unwrap(),
        }
        stage.product.refresh().await;
        stage.until_saved().await;
        assert_eq!(std::fs::read(&key).unwrap(), good, "round {round}");
        assert_eq!(engine.terminate().await.code(), Some(0));
        engine = stage.product.serve().await;
        stage.product.refresh().await;
        stage.is_untouched();
    }
}

#[tokio::test]
async fn a_key_that_is_corrupt_at_the_start_is_said_and_the_right_one_serves_at_once() {
    let (stage, engine) = Stage::signed_in("").await;
    let key = stage.product.profile().join("secrets/key");
    let good = std::fs::read(&key).unwrap();
    assert_eq!(engine.terminate().await.code(), Some(0));
    std::fs::write(&key, &good[..7]).unwrap();
    let engine = stage.product.serve().await;
    let waits = stage.product.until_status("the fault to be seen", |now| now["conditions"][0].is_object()).await;
    assert_eq!((&waits["status"], &waits["conditions"][0]["code"]), (&"starting".into(), &"store_locked".into()));
    let secrets = stage.check("secret_store").await;
    let text = secrets["text"].as_str().unwrap();
    assert!(secrets["ok"] == false && text.contains("key is corrupt") && text.contains("restore it"), "{secrets}");
    assert_eq!(std::fs::read(&key).unwrap(), &good[..7], "it is not written over");
    std::fs::write(&key, &good).unwrap();
    stage.until_saved().await;
    stage.until_well("secret_store").await;
    stage.survives_a_restart(engine).await;
}

#[tokio::test]
async fn keys_of_clients_that_are_corrupt_keep_nobody_from_serving() {
    let (stage, engine) = Stage::signed_in("").await;
    let endpoint = stage.endpoint().await;
    let keys = stage.product.profile().join("keys.json");
    let whole = std::fs::read_to_string(&keys).unwrap();
    for corrupt in ["", &whole[..whole.len() / 2]] {
        std::fs::write(&keys, corrupt).unwrap();
        // Under a running engine nothing comes of it.
        assert_eq!(stage.call(&endpoint).await, StatusCode::OK);
    }
    assert_eq!(engine.terminate().await.code(), Some(0));
    let engine = stage.product.serve().await;
    let served = until("the key that clients hold to be let in again", async || {
        (stage.call(&endpoint).await == StatusCode::OK).then_some(())
    });
    served.await;
    let check = stage.check("keys").await;
    assert!(check["ok"] == false && check["text"].as_str().unwrap().contains("keys.json.corrupt-1"), "{check}");
    assert_eq!(std::fs::read_to_string(&aside(&stage, "", "keys.json")[0]).unwrap(), whole[..whole.len() / 2]);
    stage.survives_a_restart(engine).await;
}

#[tokio::test]
async fn a_journal_that_is_corrupt_or_held_costs_nothing_but_itself() {
    let (stage, engine) = Stage::signed_in("").await;
    let endpoint = stage.endpoint().await;
    let file = stage.product.profile().join("journal.db");

    // Held whole by another program while the engine starts, which waits for nobody.
    assert_eq!(engine.terminate().await.code(), Some(0));
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let engine = stage.product.serve().await;
    assert_eq!(stage.call(&endpoint).await, StatusCode::OK);
    let check = stage.check("journal").await;
    assert!(check["ok"] == false && check["text"].as_str().unwrap().contains("locked"), "{check}");
    drop(other);
    stage.until_well("journal").await;

    // Cut short while it is in use, and full of something else when it is not.
    std::fs::File::options().write(true).open(&file).unwrap().set_len(5_000).unwrap();
    stage.product.refresh().await;
    stage.until_well("journal").await;
    assert_eq!(engine.terminate().await.code(), Some(0));
    std::fs::write(&file, "no journal at all. ".repeat(500)).unwrap();
    let engine = stage.product.serve().await;
    stage.product.refresh().await;
    stage.until_well("journal").await;
    assert!(!aside(&stage, "", "journal.db").is_empty(), "it is kept");
    stage.survives_a_restart(engine).await;
}

#[tokio::test]
async fn settings_that_were_broken_by_hand_are_not_touched() {
    let (stage, engine) = Stage::signed_in("").await;
    let endpoint = stage.endpoint().await;
    let file = stage.product.profile().join("config.toml");
    let whole = std::fs::read_to_string(&file).unwrap();
    for broken in ["[[workload]\nname = 7", "\u{0}\u{1}", "listen = 4114"] {
        std::fs::write(&file, broken).unwrap();
        for order in [["add", "another", stage.server.mcp_url().as_str()].as_slice(), &["rm", NAME], &["stop", NAME]] {
            let refused = stage.product.run(order).await;
            assert_eq!(refused.code, 1, "{order:?} with {broken:?}: {refused:?}");
            assert!(refused.stderr.contains("config.toml") && refused.stderr.contains("hint: "), "{refused:?}");
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), broken);
        assert_eq!(stage.call(&endpoint).await, StatusCode::OK, "what runs goes on");
    }
    std::fs::write(&file, "").unwrap();
    let refused = stage.product.run(&["add", "another", stage.server.mcp_url().as_str()]).await;
    assert!(refused.code == 1 && refused.stderr.contains("no longer names"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "", "a file that lost its workloads is not gone on with");
    std::fs::write(&file, whole).unwrap();
    stage.product.done(&["add", "another", stage.server.mcp_url().as_str()]).await;
    stage.survives_a_restart(engine).await;
}
