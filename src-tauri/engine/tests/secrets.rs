//! The stores that need nothing but this process and a folder.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lamplighter_core::condition::StoreFault;
use lamplighter_core::config::SecretStoreKind;
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::ports::SecretStore;
use lamplighter_engine::profile::Profile;
use lamplighter_engine::secrets;

mod stores;
use stores::{behaves, put, text};

fn profile(home: &Path) -> Profile {
    Profile { config_dir: home.to_owned(), data_dir: home.to_owned(), state_dir: home.to_owned() }
}

fn open(kind: SecretStoreKind, home: &Path) -> Arc<dyn SecretStore> {
    secrets::open(kind, &profile(home), Arc::new(VirtualClock::new()))
}

fn sealed(home: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(home.join("secrets")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "sealed")).collect()
}

#[tokio::test]
async fn memory_behaves_and_ends_with_the_engine() {
    let home = tempfile::tempdir().unwrap();
    let store = open(SecretStoreKind::Memory, home.path());
    behaves(store.as_ref()).await;
    let next = open(SecretStoreKind::Memory, home.path());
    assert_eq!(text(next.as_ref(), "workload/kept").await, None);
}

#[tokio::test]
async fn the_folder_behaves_and_outlives_the_engine() {
    let home = tempfile::tempdir().unwrap();
    behaves(open(SecretStoreKind::File, home.path()).as_ref()).await;
    let next = open(SecretStoreKind::File, home.path());
    assert_eq!(text(next.as_ref(), "workload/kept").await.as_deref(), Some("kept"));
}

#[tokio::test]
async fn nothing_is_made_before_something_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let store = open(SecretStoreKind::File, home.path());
    assert_eq!(text(store.as_ref(), "workload/linear").await, None);
    assert!(!home.path().join("secrets").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_their_owners_alone_and_show_no_secret() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let store = open(SecretStoreKind::File, home.path());
    put(store.as_ref(), "workload/linear", "a-canary-token").await;
    let folder = home.path().join("secrets");
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2, "a key and one document: {files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"), "{} shows the secret", file.display());
        assert!(!file.to_string_lossy().contains("linear"), "{} tells what it holds", file.display());
    }
}

#[tokio::test]
async fn a_corrupt_document_is_said_and_kept_when_another_takes_its_place() {
    let home = tempfile::tempdir().unwrap();
    let store = open(SecretStoreKind::File, home.path());
    put(store.as_ref(), "workload/linear", "one").await;
    put(store.as_ref(), "workload/notion", "another").await;
    let before = sealed(home.path());
    for file in &before {
        let mut bytes = std::fs::read(file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(file, bytes).unwrap();
    }

    let error = store.read("workload/linear").await.unwrap_err();
    assert_eq!(error.fault, StoreFault::Failed);
    assert!(error.message.contains("corrupt") && error.message.contains("workload/linear"), "{error}");

    put(store.as_ref(), "workload/linear", "two").await;
    assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("two"));
    let aside = std::fs::read_dir(home.path().join("secrets")).unwrap();
    let aside = aside.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".corrupt-"));
    assert_eq!(aside.count(), 1, "the corrupt file is kept");
    assert!(store.read("workload/notion").await.is_err(), "the other is still corrupt");
}

/// The folder as a process leaves it that is killed when it has written `next` over `before`, and waits for the disk:
/// the file of the document, and the one beside it.
async fn cut_off(home: &Path, before: Option<&str>, next: &str) -> (PathBuf, PathBuf) {
    let store = open(SecretStoreKind::File, home);
    put(store.as_ref(), "workload/linear", before.unwrap_or("none")).await;
    let file = sealed(home).remove(0);
    let older = std::fs::read(&file).unwrap();
    put(store.as_ref(), "workload/linear", next).await;
    let beside = file.with_extension("unfinished");
    std::fs::rename(&file, &beside).unwrap();
    if before.is_some() {
        std::fs::write(&file, older).unwrap();
    }
    (file, beside)
}

#[tokio::test]
async fn a_document_that_was_written_whole_when_the_process_was_killed_is_taken_up() {
    for before in [None, Some("one")] {
        let home = tempfile::tempdir().unwrap();
        let (file, beside) = cut_off(home.path(), before, "two").await;
        let written = std::fs::read(&beside).unwrap();
        for look in ["the first time", "and ever after"] {
            let next = open(SecretStoreKind::File, home.path());
            assert_eq!(text(next.as_ref(), "workload/linear").await.as_deref(), Some("two"), "{look}");
        }
        assert_eq!(std::fs::read(&file).unwrap(), written, "it is in its place");
        assert!(!beside.exists());
    }
}

#[tokio::test]
async fn a_document_that_was_written_in_part_when_the_process_was_killed_is_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let (_, beside) = cut_off(home.path(), Some("one"), "two").await;
    let whole = std::fs::read(&beside).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&beside, &whole[..length]).unwrap();
        let next = open(SecretStoreKind::File, home.path());
        assert_eq!(text(next.as_ref(), "workload/linear").await.as_deref(), Some("one"), "{length} bytes");
    }
    let store = open(SecretStoreKind::File, home.path());
    put(store.as_ref(), "workload/linear", "three").await;
    assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("three"));
    assert!(!beside.exists(), "nothing is left beside it");
}

#[tokio::test]
async fn what_lies_beside_a_document_is_no_other_one_and_is_deleted_with_it() {
    let home = tempfile::tempdir().unwrap();
    let (file, beside) = cut_off(home.path(), Some("one"), "two").await;
    let store = open(SecretStoreKind::File, home.path());
    put(store.as_ref(), "workload/notion", "another").await;
    let notion = sealed(home.path()).into_iter().find(|other| *other != file).unwrap();
    std::fs::copy(&beside, notion.with_extension("unfinished")).unwrap();
    assert_eq!(text(store.as_ref(), "workload/notion").await.as_deref(), Some("another"));

    store.delete("workload/linear").await.unwrap();
    assert!(!beside.exists() && !file.exists(), "neither is left");
    let next = open(SecretStoreKind::File, home.path());
    assert_eq!(text(next.as_ref(), "workload/linear").await, None);
}

#[cfg(unix)]
#[tokio::test]
async fn what_lies_beside_a_document_is_its_owners_alone_and_shows_no_secret() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let store = open(SecretStoreKind::File, home.path());
    put(store.as_ref(), "workload/linear", "one").await;
    let file = sealed(home.path()).remove(0);
    std::fs::remove_file(&file).unwrap();
    // Nothing can be put in this place, so that it stays where it was written first.
    std::fs::create_dir(&file).unwrap();
    store.write("workload/linear", b"a-canary-token".to_vec().into()).await.unwrap_err();
    let beside = file.with_extension("unfinished");
    assert_eq!(beside.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&beside).unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"canary"));
}

#[tokio::test]
async fn a_document_cannot_be_passed_off_as_another() {
    let home = tempfile::tempdir().unwrap();
    let store = open(SecretStoreKind::File, home.path());
    put(store.as_ref(), "workload/linear", "one").await;
    let linear = sealed(home.path()).remove(0);
    put(store.as_ref(), "workload/notion", "another").await;
    let notion = sealed(home.path()).into_iter().find(|file| *file != linear).unwrap();
    std::fs::copy(&linear, &notion).unwrap();
    assert_eq!(store.read("workload/notion").await.unwrap_err().fault, StoreFault::Failed);
}

#[tokio::test]
async fn a_lost_or_broken_key_is_said_and_never_replaced_while_something_is_sealed() {
    let home = tempfile::tempdir().unwrap();
    put(open(SecretStoreKind::File, home.path()).as_ref(), "workload/linear", "one").await;
    let key = home.path().join("secrets/key");
    let good = std::fs::read(&key).unwrap();

    std::fs::write(&key, b"short").unwrap();
    let error = open(SecretStoreKind::File, home.path()).read("workload/linear").await.unwrap_err();
    assert!(error.message.contains("key is corrupt"), "{error}");

    std::fs::remove_file(&key).unwrap();
    let store = open(SecretStoreKind::File, home.path());
    let error = store.write("workload/notion", b"two".to_vec().into()).await.unwrap_err();
    assert!(error.message.contains("key is missing"), "{error}");
    assert!(!key.exists());

    std::fs::write(&key, good).unwrap();
    assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("one"), "a restored key serves at once");
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_an_error_that_names_it() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("secrets"), b"in the way").unwrap();
    let error =
        open(SecretStoreKind::File, home.path()).write("workload/linear", b"x".to_vec().into()).await.unwrap_err();
    assert_eq!(error.fault, StoreFault::Failed);
    assert!(error.message.contains("secrets"), "{error}");
}
