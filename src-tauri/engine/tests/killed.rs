//! What the stores have answered for is there after the engine was killed at any moment.
//!
//! Each test runs itself again as a child that writes on and on and prints every number when it is said to be kept,
//! and kills it after some of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use lamplighter_core::Entry;
use lamplighter_core::config::SecretStoreKind;
use lamplighter_core::entry::EntryKind;
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::ports::{Clock as _, Journal, Row, SecretStore};
use lamplighter_engine::profile::Profile;
use lamplighter_engine::{journal, secrets};
use secrecy::ExposeSecret as _;

/// Set for the child, to the folder that it writes in.
const HOME: &str = "LAMPLIGHTER_TEST_KILLED_HOME";

/// How many answers the child is left to give, run by run.
const ANSWERS: [usize; 4] = [1, 3, 20, 60];

fn open_secrets(home: &Path) -> Arc<dyn SecretStore> {
    let profile = Profile { config_dir: home.to_owned(), data_dir: home.to_owned(), state_dir: home.to_owned() };
    secrets::open(SecretStoreKind::File, &profile, Arc::new(VirtualClock::new()))
}

fn open_journal(home: &Path) -> Arc<dyn Journal> {
    journal::open(&home.join("journal.db"), Arc::new(VirtualClock::new()))
}

/// Runs the test called `test` as a child in `home`, kills it after some answers, and hands on the last of them.
fn kill_after(answers: usize, test: &str, home: &Path) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).env(HOME, home).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let last = lines.filter_map(|line| line.parse().ok()).nth(answers - 1);
    child.kill().unwrap();
    child.wait().unwrap();
    last.unwrap()
}

fn answer(number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{number}").unwrap();
    out.flush().unwrap();
}

#[tokio::test]
async fn a_secret_that_was_answered_for_survives() {
    if let Some(home) = std::env::var_os(HOME) {
        let store = open_secrets(home.as_ref());
        let first = store.read("workload/a").await.unwrap().map_or(0, |document| number(document.expose_secret()));
        for number in first + 1.. {
            let document = number.to_string().repeat(500).into_bytes();
            store.write("workload/a", document.into()).await.unwrap();
            answer(number);
        }
    }
    let home = tempfile::tempdir().unwrap();
    for answers in ANSWERS {
        let last = kill_after(answers, "a_secret_that_was_answered_for_survives", home.path());
        let document = open_secrets(home.path()).read("workload/a").await.unwrap().unwrap();
        assert!(number(document.expose_secret()) >= last);
    }
}

/// The number of which a document is five hundred copies.
fn number(document: &[u8]) -> u64 {
    let number = str::from_utf8(document).unwrap().get(..document.len() / 500).unwrap();
    assert_eq!(number.repeat(500).as_bytes(), document, "a document is whole");
    number.parse().unwrap()
}

#[tokio::test]
async fn a_row_that_was_answered_for_survives() {
    if let Some(home) = std::env::var_os(HOME) {
        let journal = open_journal(home.as_ref());
        let mut written = journal.follow();
        loop {
            let entry = Entry {
                kind: EntryKind::Attempt,
                from: None,
                to: None,
                verdict: None,
                http_status: None,
                reason_code: None,
                reason: None,
                detail: None,
                episode: None,
            };
            journal.append(Row::new(VirtualClock::new().now().wall, "a", entry));
            answer(written.recv().await.unwrap().id.unsigned_abs());
        }
    }
    let home = tempfile::tempdir().unwrap();
    for answers in ANSWERS {
        let last = kill_after(answers, "a_row_that_was_answered_for_survives", home.path());
        let journal = open_journal(home.path());
        let rows = journal.rows(None, None, usize::MAX).await.unwrap();
        assert!(rows.len() as u64 >= last);
        assert!(rows.iter().zip(1..).all(|(row, id)| row.id == id), "no row is missing");
        assert_eq!(journal.trouble(), None);
    }
}
