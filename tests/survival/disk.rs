//! A disk that takes nothing more, and folders that can only be read.
//!
//! A full disk is a small one that is filled, where one may be mounted; and everywhere it is a limit on the length of
//! files (`RLIMIT_FSIZE`), which anybody may set and lift: writes then fail midway, as they do on a full disk.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use http::StatusCode;
use lamplighter_endurance::child::Child;
use lamplighter_endurance::product::{NAME, has};

use crate::stage::Stage;

/// A write beyond the limit is then an error, and not the end of the process. What the program says goes through a
/// process that has no limit: it is read in a file.
const BOUNDED: &str = r#"trap '' XFSZ; mkfifo "said.$$"; cat "said.$$" >&2 & exec 2> "said.$$"; rm "said.$$"; "#;
/// From the hundredth byte of a file on.
const FULL: &str = "fsize=100:unlimited";
const FREE: &str = "fsize=unlimited:unlimited";

/// Root without its rights: what can only be read can only be read.
const UNPRIVILEGED: &str = r#"[ "$(id -u)" = 0 ] && exec setpriv --bounding-set=-all --inh-caps=-all "$0" "$@"; "#;

#[tokio::test]
async fn writes_that_fail_midway_cost_no_login() {
    let (stage, engine) = Stage::signed_in(BOUNDED).await;
    let id = engine.id();
    let fill = async |full| limit(id, if full { FULL } else { FREE }).await;
    costs_no_login(&stage, engine, fill, "File too large").await;
}

#[tokio::test]
async fn a_full_disk_costs_no_login() {
    let stage = Stage::set("");
    let Some(disk) = SmallDisk::mount(stage.product.profile()) else {
        #[expect(clippy::print_stderr, reason = "a test that is passed over says so")]
        return eprintln!("passed over: only root may mount a disk to fill");
    };
    let engine = stage.sign_in().await;
    costs_no_login(&stage, engine, async |full| disk.fill(full), "No space left on device").await;
}

/// What a disk that is filled and freed again, as `fill` does, means to an engine; the system calls it `error`.
async fn costs_no_login(stage: &Stage, engine: Child, fill: impl AsyncFn(bool), error: &str) {
    let endpoint = stage.endpoint().await;
    fill(true).await;
    for _ in 0..3 {
        let unsaved = stage.product.refresh().await;
        assert!(has(&unsaved, "not_stored"), "{unsaved}");
        assert_eq!(stage.call(&endpoint).await, StatusCode::OK, "it goes on");
    }
    let secrets = stage.check("secret_store").await;
    assert_eq!(secrets["ok"], false);
    assert!(secrets["text"].as_str().unwrap().contains(error), "{secrets}");
    assert!(secrets["remedy"].as_str().unwrap().contains("disk is not full"), "{secrets}");
    let journal = stage.check("journal").await;
    assert!(journal["ok"] == false && journal["remedy"].as_str().unwrap().contains("disk is not full"), "{journal}");
    let refused = stage.product.run(&["add", "another", stage.server.mcp_url().as_str()]).await;
    assert!(refused.code == 1 && refused.stderr.contains("config.toml"), "{refused:?}");
    let said = engine.said();
    assert_eq!(said.matches("the secret store cannot be used").count(), 1, "once, however often it is tried:\n{said}");

    fill(false).await;
    stage.until_saved().await;
    stage.until_well("secret_store").await;
    stage.until_well("journal").await;
    let events = stage.product.done(&["events", NAME, "--json"]).await;
    assert!(
        events.contains("store_failed") && events.contains("store_ok"),
        "what happened meanwhile is kept: {events}"
    );
    stage.product.done(&["add", "another", stage.server.mcp_url().as_str()]).await;
    stage.survives_a_restart(engine).await;
}

#[tokio::test]
async fn an_engine_that_starts_on_a_full_disk_serves() {
    let (mut stage, engine) = Stage::signed_in("").await;
    let endpoint = stage.endpoint().await;
    assert_eq!(engine.terminate().await.code(), Some(0));
    stage.product = stage.product.after(format!("{BOUNDED}ulimit -S -f 0; "));
    let engine = stage.product.serve().await;
    assert_eq!(stage.call(&endpoint).await, StatusCode::OK, "clients have all that they need");
    stage.until_said(&engine, "until this file can be written no command finds the engine").await;
    assert_eq!(stage.product.run(&["status", NAME]).await.code, 3);

    limit(engine.id(), FREE).await;
    stage.until_found().await;
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

    // Only to be read from the start, and the login beside its place, as a kill leaves it in the midst of a write.
    assert_eq!(engine.terminate().await.code(), Some(0));
    let sealed = stage.sealed_grant();
    std::fs::rename(&sealed, sealed.with_extension("unfinished")).unwrap();
    allow(0o500);
    let engine = stage.product.serve().await;
    assert_eq!(stage.call(&endpoint).await, StatusCode::OK, "it serves what it can read");
    allow(0o700);
    stage.until_found().await;
    stage.survives_a_restart(engine).await;
}

/// Sets a limit of the process of that number (`prlimit`), as `fsize=0:unlimited`.
async fn limit(process: u32, limit: &str) {
    let (pid, limit) = (process.to_string(), format!("--{limit}"));
    let set = tokio::process::Command::new("prlimit").args(["--pid", &pid, &limit]).status().await.unwrap();
    assert!(set.success(), "prlimit {limit}");
}

/// A disk of 2 MiB, in memory; gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// One in place of `folder`; `None` where that is not permitted.
    fn mount(folder: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs"]).arg(&folder).output().unwrap();
        mounted.status.success().then_some(Self(folder))
    }

    /// Takes or gives back all the room that is left.
    fn fill(&self, full: bool) {
        let ballast = self.0.join("ballast");
        if full {
            // It ends with an error, when there is no room.
            let _ = std::fs::write(ballast, vec![1; 2 << 20]);
        } else {
            std::fs::remove_file(ballast).unwrap();
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // At once out of sight, though a process may still have files there.
        let _ = Command::new("umount").arg("--lazy").arg::<&Path>(&self.0).status();
    }
}
