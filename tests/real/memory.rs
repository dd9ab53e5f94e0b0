//! What the program remembers: a login that was signed out is not in its memory any more.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use lamplighter_simulator::{CANARY, World, person};

use crate::many_callers::Session;
use crate::patience::until;
use crate::product::{NAME, Product};

/// How often each kind of secret stands in the memory of process `id`: access tokens, refresh tokens, codes.
fn secrets_in_memory_of(id: u32) -> BTreeMap<String, usize> {
    let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{id}/mem")).unwrap();
    let mut found = BTreeMap::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        memory.seek(SeekFrom::Start(from)).unwrap();
        // What the kernel does not show holds nothing of ours.
        let read = memory.read(&mut bytes).unwrap_or(0);
        for (at, _) in bytes[..read].windows(CANARY.len()).enumerate().filter(|(_, text)| *text == CANARY.as_bytes()) {
            let kind = bytes[at + CANARY.len()..read].split(|&byte| !byte.is_ascii_lowercase()).next().unwrap();
            *found.entry(String::from_utf8_lossy(kind).into_owned()).or_default() += 1;
        }
    }
    found
}

#[tokio::test]
async fn a_login_that_was_signed_out_is_in_no_corner_of_the_memory() {
    let server = World::new().server("tools").unwrap();
    let product = Product::new("file");
    let engine = product.serve().await;
    product.done(&["add", NAME, server.mcp_url().as_str()]).await;
    let mut login = product.begin(&["login", NAME, "--no-browser"]);
    let (status, page) = person::sign_in(&login.line().await.parse().unwrap()).await.unwrap();
    assert!(status.is_success(), "{page}");
    assert_eq!(login.ended().await.code(), Some(0));
    let session = Session::open(&product.done(&["endpoint", NAME, "--json"]).await).await;
    for number in 0..3 {
        product.refresh().await;
        session.echo(number).await;
    }
    let id = engine.id();
    let held = secrets_in_memory_of(id);
    assert!(held.contains_key("at") && held.contains_key("rt"), "the search finds what is there: {held:?}");

    product.done(&["logout", NAME]).await;
    let mut left = BTreeMap::new();
    until("its memory to be without them", async || {
        left = secrets_in_memory_of(id);
        left.is_empty().then_some(())
    })
    .await;
}
