//! The engine in the foreground, as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;

use serde_json::Value;

fn serve(home: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lamplighter"));
    command
        .arg("serve")
        .env("LAMPLIGHTER_HOME", home)
        .env("LAMPLIGHTER_LISTEN", "127.0.0.1:0")
        .env("LAMPLIGHTER_SECRET_STORE", "memory")
        .env("LAMPLIGHTER_LOG", "debug")
        .env_remove("NO_COLOR");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The answer to a `POST` without a body.
fn post(home: &Path, path: &str) -> String {
    let engine: Value = serde_json::from_slice(&std::fs::read(home.join("engine.json")).unwrap()).unwrap();
    let (address, key) = (engine["address"].as_str().unwrap(), engine["api_key"].as_str().unwrap());
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("POST /api/v1{path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n");
    write!(stream, "{head}content-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_has_simulated_servers_and_no_window() {
    let home = tempfile::tempdir().unwrap();
    let mut engine = serve(home.path());
    let mut ready = String::new();
    BufReader::new(engine.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let [first, again, window] =
        ["/simulated-server", "/simulated-server", "/window"].map(|path| post(home.path(), path));
    engine.kill().unwrap();
    engine.wait().unwrap();
    let url = |answer: &str| answer.split_once("\"url\"").map(|(_, url)| url.to_owned());
    assert!(first.starts_with("HTTP/1.1 201") && url(&first).is_some(), "{first}");
    assert_eq!(url(&first), url(&again), "it is the same one");
    assert!(window.starts_with("HTTP/1.1 409") && window.contains("no_window"), "{window}");
}

use lamplighter_cli::ExitCode;
use lamplighter_engine::server::Site;

use crate::stage::Stage;

#[test]
fn the_log_is_coloured_only_for_a_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut engine = serve(home.path());
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

#[tokio::test]
async fn whoever_ends_it_is_heard_before_it_has_started() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stage = Stage::empty();
    let settings = format!("listen = \"{}\"\nsecret_store = \"memory\"\n", taken.local_addr().unwrap());
    std::fs::write(stage.profile().config_file(), settings).unwrap();
    let run = stage.run("serve").await;
    assert_eq!(run.code, ExitCode::Failed, "{run}");
    assert!(stage.caught.load(Ordering::Relaxed));
}
