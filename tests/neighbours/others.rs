//! Another user of this machine, and another program of the same user that would look into the engine's memory.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use lamplighter_endurance::product::{Product, Program};
use lamplighter_simulator::{CANARY, World};

/// The user that owns nothing, on every Unix.
const NOBODY: u32 = 65534;

/// What `script` says, run by another user; `None` where this user may not become another.
fn as_nobody(script: &str) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        said("only root can become another user");
        return None;
    }
    let id = NOBODY.to_string();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--", "sh", "-c", script]);
    let output = command.output().unwrap();
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[expect(clippy::print_stderr, reason = "who runs the tests should know what was not tested")]
fn said(why: &str) {
    eprintln!("skipped: {why}");
}

#[tokio::test]
async fn another_user_finds_every_door_closed() {
    let server = World::new().server("tools").unwrap();
    let product = Product::new("file");
    let engine = product.serve().await;
    product.sign_in(server.mcp_url().as_str()).await;
    let profile = product.profile();
    // What stands around the profile is not what protects it.
    std::fs::set_permissions(profile.parent().unwrap(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let process = Path::new("/proc").join(engine.id().to_string());
    for look in [
        format!("ls {}", profile.display()),
        format!("cat {}", profile.join("engine.json").display()),
        format!("cat {}", profile.join("config.toml").display()),
        format!("cat {}", process.join("environ").display()),
        format!("cat {}", process.join("mem").display()),
        format!("ls {}", process.join("fd").display()),
        format!("kill -TERM {}", engine.id()),
    ] {
        let Some(seen) = as_nobody(&look) else { return };
        assert!(seen.contains("ermission denied") || seen.contains("not permitted"), "{look}: {seen}");
    }
    let seen = as_nobody(&format!("tr '\\0' ' ' < {}", process.join("cmdline").display())).unwrap();
    assert!(seen.contains("serve") && !seen.contains(CANARY), "{seen}");
}

/// Starts a process that hides nothing and the engine, looks into both, and lets both crash.
const LOOK: &str = r"
    ulimit -c unlimited
    mkdir open hidden
    (cd open && exec sleep 600) & open=$!
    (cd hidden && exec ../lamplighter serve) > serve.out 2>&1 & hidden=$!
    until grep -q 'is ready' serve.out; do sleep 0.1; kill -0 $hidden || exit; done
    for process in open hidden; do
        eval id=\$$process
        cat /proc/$id/environ > /dev/null 2>&1 && echo $process: environment
        head -c 0 /proc/$id/mem > /dev/null 2>&1 && echo $process: memory
        kill -ABRT $id
        wait $id
        ls $process | grep -q '^core' && echo $process: core
    done
";

#[test]
fn a_program_of_the_same_user_does_not_see_the_memory_not_even_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(Program::CommandLine.built(), folder.path().join("lamplighter")).unwrap();
    let id = rustix::process::geteuid().is_root().then_some(NOBODY);
    chown(folder.path(), id, id).unwrap();
    let home = folder.path().display();
    let environment = format!(
        "cd {home}; export HOME={home} LAMPLIGHTER_HOME={home}/profile LAMPLIGHTER_LISTEN=127.0.0.1:0 \
         LAMPLIGHTER_SECRET_STORE=file"
    );
    let Some(seen) = as_nobody(&format!("{environment}\n{LOOK}")) else { return };
    assert!(seen.contains("open: environment"), "the look itself works: {seen}");
    if !seen.contains("open: core") {
        said("crashes leave no core file in the working folder here");
    }
    assert!(!seen.contains("hidden: "), "{seen}");
}
