//! What keys open, and what is kept of them.

use super::*;

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    (folder, file)
}

#[test]
fn keys_open_what_they_were_made_for() {
    let (_folder, file) = place();
    let keyring = Keyring::open(&file).unwrap();
    let key = keyring.mint("claude").unwrap();
    assert_eq!(keyring.check(key.expose_secret()), Key::Client);
    assert_eq!(keyring.check(keyring.api_key().expose_secret()), Key::Api);
    for wrong in ["", "lamp_", &key.expose_secret()[1..], &format!("{} ", key.expose_secret())] {
        assert_eq!(keyring.check(wrong), Key::Unknown);
    }
}

#[test]
fn client_keys_outlive_the_engine_and_the_api_key_does_not() {
    let (_folder, file) = place();
    let first = Keyring::open(&file).unwrap();
    let key = first.mint("claude").unwrap();
    let second = Keyring::open(&file).unwrap();
    assert_eq!(second.check(key.expose_secret()), Key::Client);
    assert_eq!(second.check(first.api_key().expose_secret()), Key::Unknown);
}

#[test]
fn an_api_key_can_be_given() {
    let (_folder, file) = place();
    let keyring = Keyring::open_with(&file, SecretString::from("known")).unwrap();
    assert_eq!(keyring.check("known"), Key::Api);
}

#[test]
fn minting_again_leaves_the_older_key_valid_until_all_are_revoked() {
    let (_folder, file) = place();
    let keyring = Keyring::open(&file).unwrap();
    let [older, newer, other] = ["claude", "claude", "codex"].map(|client| keyring.mint(client).unwrap());
    assert_ne!(older.expose_secret(), newer.expose_secret());
    assert_eq!(keyring.check(older.expose_secret()), Key::Client);
    keyring.revoke("claude").unwrap();
    for keyring in [keyring, Keyring::open(&file).unwrap()] {
        assert_eq!(keyring.check(older.expose_secret()), Key::Unknown);
        assert_eq!(keyring.check(newer.expose_secret()), Key::Unknown);
        assert_eq!(keyring.check(other.expose_secret()), Key::Client);
    }
}

#[test]
fn only_hashes_are_kept_and_nothing_is_shown() {
    let (_folder, file) = place();
    let keyring = Keyring::open(&file).unwrap();
    let key = keyring.mint("claude").unwrap();
    let kept = fs::read_to_string(&file).unwrap();
    let shown = format!("{keyring:?}{kept}");
    for secret in [key.expose_secret(), keyring.api_key().expose_secret()] {
        assert!(secret.starts_with(PREFIX) && secret.len() == PREFIX.len() + 43);
        assert!(!shown.contains(&secret[PREFIX.len()..]));
    }
}

#[test]
fn a_key_that_cannot_be_kept_is_not_given() {
    let (folder, file) = place();
    let keyring = Keyring::open(&file).unwrap();
    drop(folder);
    assert!(keyring.mint("claude").is_err());
    assert!(keyring.clients.load().is_empty());
}

#[test]
fn a_broken_file_is_set_aside_and_opens_nothing() {
    let (_folder, file) = place();
    let key = Keyring::open(&file).unwrap().mint("claude").unwrap();
    for broken in ["", "{", "{\"keys\":[{\"client\":\"claude\",\"sha256\":\"c2hvcnQ\"}]}"] {
        fs::write(&file, broken).unwrap();
        let keyring = Keyring::open(&file).unwrap();
        assert_eq!(fs::read_to_string(keyring.set_aside().unwrap()).unwrap(), broken, "nothing is lost");
        assert_eq!(keyring.check(key.expose_secret()), Key::Unknown);
        keyring.admit("claude", &key).unwrap();
        assert_eq!(Keyring::open(&file).unwrap().check(key.expose_secret()), Key::Client);
    }
}
