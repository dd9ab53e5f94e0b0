//! The engine in the foreground, as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use lamplighter_cli::ExitCode;
use lamplighter_engine::server::Site;

use crate::stage::Stage;

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

#[tokio::test]
async fn what_can_be_seen_in_a_browser_has_an_address_on_a_line_of_its_own() {
    let mut stage = Stage::empty();
    std::fs::write(stage.profile().config_file(), "listen = \"127.0.0.1:0\"\nsecret_store = \"memory\"\n").unwrap();
    let (interrupt, run) = stage.begin("serve");
    interrupt.send(()).unwrap();
    let run = run.await;
    assert_eq!(run.code, ExitCode::Done);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("lamplighter is ready at http://127.0.0.1:"), "{lines:?}");
    let addresses = lines.iter().filter(|line| line.contains("/signin#lamp_")).count();
    assert_eq!((lines.len(), addresses), if Site::of_this_build().is_there() { (2, 1) } else { (1, 0) });
    assert!(!run.stderr.contains("lamp_"), "{}", run.stderr);
}
