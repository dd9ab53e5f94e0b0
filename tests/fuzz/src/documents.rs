//! What was written by ourselves and comes back from a disk or a keychain, perhaps damaged.

use std::fs;

use lamplighter_core::admission::Key;
use lamplighter_engine::grant::Secrets;
use lamplighter_engine::keys::Keyring;
use lamplighter_engine::oauth::Client;
use lamplighter_engine::profile::EngineFile;
use secrecy::{ExposeSecret, SecretString};

use crate::words::{CANARY, assert_hidden, has_canary};

/// What the secret store holds: the document of a workload, and that of a registration.
pub(crate) fn stored_document(input: &[u8]) {
    if let Some(secrets) = Secrets::decode(input) {
        let grant = secrets.grant.as_ref();
        let held = [
            grant.map(|grant| &grant.access_token),
            grant.and_then(|grant| grant.refresh_token.as_ref()),
            grant.and_then(|grant| grant.origin.as_ref()?.client.secret.as_ref()),
            secrets.client_secret.as_ref(),
        ];
        let held = held.into_iter().flatten().chain(secrets.headers.values());
        assert_kept(input, held, &secrets);
        let written = secrets.encode().unwrap();
        let again = Secrets::decode(written.expose_secret()).expect("what is written is read again");
        assert_eq!(again.encode().unwrap().expose_secret(), written.expose_secret());
        assert_eq!(format!("{again:?}"), format!("{secrets:?}"));
    }
    if let Ok(client) = serde_json::from_slice::<Client>(input) {
        assert_kept(input, client.secret.iter(), &client);
        let written = serde_json::to_vec(&client).unwrap();
        let again: Client = serde_json::from_slice(&written).expect("what is written is read again");
        assert_eq!(serde_json::to_vec(&again).unwrap(), written);
    }
}

/// `keys.json` and `engine.json`.
pub(crate) fn profile_file(input: &[u8]) {
    if let Ok(engine) = serde_json::from_slice::<EngineFile>(input) {
        assert_kept(input, [&engine.api_key], &engine);
        let written = serde_json::to_vec(&engine).unwrap();
        let again: EngineFile = serde_json::from_slice(&written).expect("what is written is read again");
        assert_eq!(serde_json::to_vec(&again).unwrap(), written);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    fs::write(&file, input).unwrap();
    let api_key = || SecretString::from("the-api-key");
    if let Ok(keyring) = Keyring::open_with(&file, api_key()) {
        assert_eq!(keyring.check(""), Key::Unknown);
        assert_eq!(keyring.check("the-api-key"), Key::Api);
        let key = keyring.mint("claude").unwrap();
        let again = Keyring::open_with(&file, api_key()).expect("what is written is read again");
        assert_eq!(again.check(key.expose_secret()), Key::Client);
        again.revoke("claude").unwrap();
        assert_eq!(again.check(key.expose_secret()), Key::Unknown);
    } else {
        assert_eq!(fs::read(&file).unwrap(), input, "what cannot be read is not overwritten");
    }
}

/// No `Debug` shows a secret that is `held`.
#[track_caller]
fn assert_kept<'a>(input: &[u8], held: impl IntoIterator<Item = &'a SecretString>, shown: &dyn std::fmt::Debug) {
    if has_canary(input) && held.into_iter().any(|secret| secret.expose_secret().contains(CANARY)) {
        assert_hidden(CANARY, &format!("{shown:?}"));
    }
}
