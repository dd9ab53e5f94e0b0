//! How every secret store behaves, whatever is behind it.

use lamplighter_engine::ports::SecretStore;
use secrecy::ExposeSecret as _;

/// What the store has under `name`, as text.
pub(crate) async fn text(store: &dyn SecretStore, name: &str) -> Option<String> {
    let document = store.read(name).await.unwrap();
    document.map(|document| String::from_utf8(document.expose_secret().to_vec()).unwrap())
}

/// Writes `text` under `name`.
pub(crate) async fn put(store: &dyn SecretStore, name: &str, text: &str) {
    store.write(name, text.as_bytes().to_vec().into()).await.unwrap();
}

/// Puts an empty store through everything that callers rely on; leaves `workload/kept` behind.
pub(crate) async fn behaves(store: &dyn SecretStore) {
    assert_eq!(text(store, "workload/linear").await, None, "what was never written is not there");

    put(store, "workload/linear", "one").await;
    put(store, "workload/notion", "another").await;
    assert_eq!(text(store, "workload/linear").await.as_deref(), Some("one"));

    put(store, "workload/linear", "two").await;
    assert_eq!(text(store, "workload/linear").await.as_deref(), Some("two"), "a document is updated in place");
    assert_eq!(text(store, "workload/notion").await.as_deref(), Some("another"), "and no other with it");

    let issuer = "registration/https://as.example/tenant?x=1&y=ü/../key";
    put(store, issuer, "a client").await;
    assert_eq!(text(store, issuer).await.as_deref(), Some("a client"), "a name may hold anything");

    let long = "0123456789".repeat(2_000);
    put(store, "workload/long", &long).await;
    assert_eq!(text(store, "workload/long").await, Some(long), "documents may be long");
    put(store, "workload/long", "").await;
    assert_eq!(text(store, "workload/long").await.as_deref(), Some(""), "and empty");

    for name in ["workload/linear", "workload/notion", "workload/long", issuer] {
        store.delete(name).await.unwrap();
        assert_eq!(text(store, name).await, None, "what was deleted is gone");
        store.delete(name).await.unwrap();
    }
    put(store, "workload/kept", "kept").await;
}
