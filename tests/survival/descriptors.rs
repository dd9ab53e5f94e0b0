//! No file descriptors left: the engine asks for enough and bounds its connections, but somebody may take them away.

use std::time::Duration;

use http::StatusCode;
use tokio::net::TcpStream;

use crate::stage::Stage;
use lamplighter_endurance::child::Child;
use lamplighter_endurance::patience::pause;
use lamplighter_endurance::product::NAME;

/// What `prlimit` says of the descriptors that a process may have.
async fn descriptors(engine: &Child, which: &str) -> String {
    let (pid, column) = (engine.id().to_string(), format!("--output={which}"));
    let mut asked = tokio::process::Command::new("prlimit");
    let answer = asked.args(["--pid", &pid, "--nofile", "--noheadings", &column]).output().await.unwrap();
    String::from_utf8(answer.stdout).unwrap().trim().to_owned()
}

/// Lets a process have so many descriptors and no more.
async fn allow(engine: &Child, descriptors: &str) {
    let (pid, limit) = (engine.id().to_string(), format!("--nofile={descriptors}:"));
    assert!(tokio::process::Command::new("prlimit").args(["--pid", &pid, &limit]).status().await.unwrap().success());
}

/// The descriptor that a process would get next.
fn next(engine: &Child) -> u32 {
    let folder = format!("/proc/{}/fd", engine.id());
    let open: Vec<u32> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
        .collect();
    (0..=u32::MAX).find(|number| !open.contains(number)).unwrap()
}

/// The processor time that a process has used.
fn used(engine: &Child) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", engine.id())).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

#[tokio::test]
async fn as_many_are_taken_as_may_be_had() {
    let (_stage, engine) = Stage::signed_in("ulimit -S -n 100; ").await;
    let soft: u64 = descriptors(&engine, "SOFT").await.parse().unwrap();
    assert!(soft > 100, "{soft}");
}

#[tokio::test]
async fn a_lack_of_descriptors_costs_no_login() {
    let (stage, engine) = Stage::signed_in("").await;
    let endpoint = stage.endpoint().await;
    // A renewal falls due while nothing can be opened.
    stage.server.authorization(|rules| rules.access_token_lifetime = Duration::from_secs(5));
    stage.product.refresh().await;
    assert_eq!(stage.call(&endpoint).await, StatusCode::OK);
    let enough = descriptors(&engine, "SOFT").await;
    allow(&engine, &next(&engine).to_string()).await;
    let address = endpoint.address();
    let mut waiting = Vec::new();
    for _ in 0..100 {
        waiting.push(TcpStream::connect(&address).await.unwrap());
    }
    stage.until_said(&engine, "no connection can be accepted").await;
    assert_eq!(stage.call(&endpoint).await, StatusCode::OK, "who is connected is served");
    let before = used(&engine);
    pause(Duration::from_secs(6)).await;
    let spent = used(&engine).saturating_sub(before);
    assert!(spent < Duration::from_secs(2), "it waits and does not spin: {spent:?} in 6 s");
    let said = engine.said();
    assert_eq!(said.matches("no connection can be accepted").count(), 1, "said once:\n{said}");

    allow(&engine, &enough).await;
    drop(waiting);
    stage.server.authorization(|rules| rules.access_token_lifetime = Duration::from_hours(1));
    stage.product.refresh().await;
    let events = stage.product.done(&["events", NAME, "--json"]).await;
    assert!(!events.contains("offline"), "it is not the network: {events}");
    stage.until_saved().await;
    stage.survives_a_restart(engine).await;
}
