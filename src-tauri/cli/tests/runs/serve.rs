//! The engine in the foreground, as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

#[test]
fn the_log_is_coloured_only_for_a_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut engine = Command::new(env!("CARGO_BIN_EXE_lamplighter"))
        .arg("serve")
        .env("LAMPLIGHTER_HOME", home.path())
        .env("LAMPLIGHTER_LISTEN", "127.0.0.1:0")
        .env("LAMPLIGHTER_SECRET_STORE", "memory")
        .env("LAMPLIGHTER_LOG", "debug")
        .env_remove("NO_COLOR")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(engine.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    engine.kill().unwrap();
    engine.wait().unwrap();
    let mut log = String::new();
    engine.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(ready.contains("is ready"), "{ready}{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
}
