//! What the program keeps is its owner's alone, whatever the umask.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lamplighter_simulator::World;

use lamplighter_endurance::product::{NAME, Product};

/// Every file and folder in `folder`, itself included, with its permissions.
fn walk(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    found.push((folder.to_owned(), mode(folder)));
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push((path.clone(), mode(&path))) }
    }
}

/// Asserts that nothing in the profile is anybody else's, and that all of `expected` is there.
fn is_private(product: &Product, expected: &[&str]) {
    let mut found = Vec::new();
    walk(&product.profile(), &mut found);
    for (path, mode) in &found {
        let allowed = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(*mode, allowed, "{} has {mode:o}", path.display());
    }
    for name in expected {
        let there = |(path, _): &(PathBuf, u32)| path.file_name().unwrap().to_string_lossy().contains(name);
        assert!(found.iter().any(there), "{name} is not among {found:?}");
    }
}

#[tokio::test]
async fn every_file_of_the_profile_is_private() {
    let server = World::new().server("tools").unwrap();
    let product = Product::new("file");
    let engine = product.serve().await;
    product.done(&["add", NAME, server.mcp_url().as_str(), "--header", "X-Team=lamps"]).await;
    product.done(&["endpoint", NAME]).await;
    let kept = ["config.toml", "journal.db", "keys.json", "engine.lock", "engine.gate", ".log", ".sealed"];
    let running = ["engine.json", "journal.db-wal", "journal.db-shm"];
    is_private(&product, &[kept.as_slice(), &running].concat());
    assert!(engine.terminate().await.success());
    is_private(&product, &kept);
}
