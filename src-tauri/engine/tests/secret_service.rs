//! The keychain store against a real Secret Service: `gnome-keyring-daemon` on a bus of its own.
//!
//! The address of the session bus belongs to the process, so each test runs itself again on a bus of its own, with
//! throw-away folders.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::condition::StoreFault;
use lamplighter_core::config::SecretStoreKind;
use lamplighter_endurance::bus::{SessionBus, is_owned};
use lamplighter_endurance::child::Child;
use lamplighter_endurance::keyring::Keyring;
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::ports::{SecretStore, StoreError};
use lamplighter_engine::profile::Profile;
use lamplighter_engine::secrets;
use secrecy::SecretSlice;
use tokio::io::AsyncWriteExt as _;

mod stores;
use stores::{behaves, put, text};

/// Set for the run inside.
const INSIDE: &str = "LAMPLIGHTER_TEST_ON_A_BUS";

#[test]
fn the_keychain_behaves_and_updates_in_place() {
    on_a_bus_of_its_own("the_keychain_behaves_and_updates_in_place", async |desktop| {
        let _keyring = Keyring::start(&desktop.bus).await;
        let store = desktop.open_store("work");
        behaves(store.as_ref()).await;
        put(store.as_ref(), "workload/linear", "one").await;
        put(store.as_ref(), "workload/linear", "two").await;

        let found = desktop.bus.run("secret-tool", &["search", "--all", "service", "lamplighter"]).await;
        assert_eq!(found.matches("label = Lamplighter: linear").count(), 1, "one item a workload:\n{found}");
        assert_eq!(found.matches("label = ").count(), 2, "nothing else is left (linear and kept):\n{found}");
        let user = format!("{}/workload/linear", desktop.profile("work").tag());
        let looked_up = desktop.bus.run("secret-tool", &["lookup", "service", "lamplighter", "username", &user]).await;
        assert_eq!(looked_up, "two");

        let other = desktop.open_store("play");
        assert_eq!(text(other.as_ref(), "workload/linear").await, None, "another profile has its own items");
        let next = desktop.open_store("work");
        assert_eq!(text(next.as_ref(), "workload/linear").await.as_deref(), Some("two"), "it outlives the engine");
    });
}

#[test]
fn a_copied_item_becomes_one_again() {
    on_a_bus_of_its_own("a_copied_item_becomes_one_again", async |desktop| {
        let _keyring = Keyring::start(&desktop.bus).await;
        let store = desktop.open_store("work");
        put(store.as_ref(), "workload/linear", "one").await;
        let user = format!("{}/workload/linear", desktop.profile("work").tag());
        let copy = ["store", "--label=copy", "service", "lamplighter", "username", &user, "copied", "yes"];
        desktop.feed("secret-tool", &copy, b"one").await;
        put(store.as_ref(), "workload/linear", "two").await;
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("two"));
        let found = desktop.bus.run("secret-tool", &["search", "--all", "service", "lamplighter"]).await;
        assert_eq!(found.matches("label = ").count(), 1, "{found}");
    });
}

#[test]
fn a_locked_keychain_is_said_at_once_and_serves_again_when_unlocked() {
    on_a_bus_of_its_own("a_locked_keychain_is_said_at_once_and_serves_again_when_unlocked", async |desktop| {
        let keyring = Keyring::start(&desktop.bus).await;
        let store = desktop.open_store("work");
        put(store.as_ref(), "workload/linear", "one").await;
        keyring.lock().await;
        assert_eq!(fault(store.write("workload/linear", secret("two")).await), StoreFault::Locked);
        assert_eq!(fault(store.write("workload/new", secret("one")).await), StoreFault::Locked);
        let next = desktop.open_store("work");
        assert_eq!(fault(next.read("workload/linear").await), StoreFault::Locked, "nothing is known of it here");
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("two"), "what is known serves");
        assert_eq!(fault(store.delete("workload/linear").await), StoreFault::Locked);

        keyring.unlock().await;
        assert_eq!(text(next.as_ref(), "workload/linear").await.as_deref(), Some("one"));
        put(store.as_ref(), "workload/linear", "two").await;
        assert_eq!(text(next.as_ref(), "workload/linear").await.as_deref(), Some("two"));
    });
}

#[test]
fn a_person_who_does_not_unlock_is_left_in_peace() {
    on_a_bus_of_its_own("a_person_who_does_not_unlock_is_left_in_peace", async |desktop| {
        let keyring = Keyring::start(&desktop.bus).await;
        let store = desktop.open_store("work");
        put(store.as_ref(), "workload/kept", "one").await;
        keyring.lock().await;
        let mut watch = desktop.watch_the_bus().await;
        let calls = (0..5).map(|_| store.write("workload/kept", secret("two")));
        for call in futures_util::future::join_all(calls).await {
            assert_eq!(fault(call), StoreFault::Locked);
        }
        desktop.clock.advance(Duration::from_secs(299));
        assert_eq!(fault(store.write("workload/kept", secret("two")).await), StoreFault::Locked);
        assert_eq!(desktop.unlocks_seen(&mut watch).await, 1, "six calls asked once");
        desktop.clock.advance(Duration::from_secs(1));
        assert_eq!(fault(store.write("workload/kept", secret("two")).await), StoreFault::Locked);
        assert_eq!(desktop.unlocks_seen(&mut watch).await, 1, "after a while once more");
    });
}

#[test]
fn a_keychain_that_comes_goes_and_comes_back_is_found_each_time() {
    on_a_bus_of_its_own("a_keychain_that_comes_goes_and_comes_back_is_found_each_time", async |desktop| {
        let store = desktop.open_store("work");
        assert_eq!(fault(store.write("workload/linear", secret("zero")).await), StoreFault::Absent);
        let keyring = Keyring::start(&desktop.bus).await;
        put(store.as_ref(), "workload/linear", "one").await;

        keyring.kill().await;
        assert_eq!(fault(store.write("workload/linear", secret("two")).await), StoreFault::Absent);
        assert_eq!(fault(desktop.open_store("work").read("workload/linear").await), StoreFault::Absent);
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("two"), "what is known serves");

        let _keyring = Keyring::start(&desktop.bus).await;
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("one"), "the item is still there");
        put(store.as_ref(), "workload/linear", "two").await;
    });
}

#[test]
fn a_keychain_that_hangs_is_given_up_and_serves_again() {
    on_a_bus_of_its_own("a_keychain_that_hangs_is_given_up_and_serves_again", async |desktop| {
        let keyring = Keyring::start(&desktop.bus).await;
        let store = desktop.open_store("work");
        put(store.as_ref(), "workload/linear", "one").await;
        keyring.signal("STOP").await;
        let calls = async { tokio::join!(store.write("workload/linear", secret("two")), store.delete("workload/new")) };
        let time = async {
            loop {
                desktop.clock.advance(Duration::from_secs(5));
                tokio::task::yield_now().await;
            }
        };
        let (write, delete) = tokio::select! { calls = calls => calls, () = time => unreachable!() };
        assert_eq!(fault(write), StoreFault::Locked);
        assert_eq!(fault(delete), StoreFault::Locked);
        keyring.signal("CONT").await;
        put(store.as_ref(), "workload/linear", "three").await;
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("three"));
    });
}

/// Runs `story` on a private session bus, in a run of its own of the test called `test`.
#[tokio::main(flavor = "current_thread")]
async fn on_a_bus_of_its_own(test: &str, story: impl AsyncFnOnce(&Desktop)) {
    if std::env::var_os(INSIDE).is_some() {
        let desktop = Desktop { bus: SessionBus::around().await, clock: VirtualClock::new() };
        return story(&desktop).await;
    }
    let bus = SessionBus::start().await;
    let mut again = bus.command(std::env::current_exe().unwrap().to_str().unwrap());
    let run = again.args(["--exact", test, "--nocapture"]).env(INSIDE, "").output().await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && out.contains("1 passed"), "{test} inside: {}\n{out}\n{err}", run.status);
}

fn secret(text: &str) -> SecretSlice<u8> {
    text.as_bytes().to_vec().into()
}

fn fault<T>(answer: Result<T, StoreError>) -> StoreFault {
    answer.map(drop).expect_err("the store cannot do this now").fault
}

/// A session with its own bus and folders.
struct Desktop {
    bus: SessionBus,
    clock: VirtualClock,
}

impl Desktop {
    fn profile(&self, name: &str) -> Profile {
        let folder = self.bus.home().join(name);
        Profile { config_dir: folder.clone(), data_dir: folder.clone(), state_dir: folder }
    }

    fn open_store(&self, profile: &str) -> Arc<dyn SecretStore> {
        secrets::open(SecretStoreKind::Keychain, &self.profile(profile), Arc::new(self.clock.clone()))
    }

    /// Has all that passes on the bus told, a line of it after the other.
    async fn watch_the_bus(&self) -> Child {
        let mut command = self.bus.command("dbus-monitor");
        command.arg("--session");
        let mut watch = self.bus.begin(command);
        watch.line().await;
        watch
    }

    /// How often somebody asked for something to be unlocked, from the last look to this one.
    async fn unlocks_seen(&self, watch: &mut Child) -> usize {
        const MARK: &str = "look.here";
        is_owned(self.bus.connection(), MARK).await;
        let mut seen = 0;
        loop {
            let line = watch.line().await;
            if line.contains(MARK) {
                return seen;
            }
            seen += usize::from(line.contains("member=Unlock"));
        }
    }

    async fn feed(&self, program: &str, arguments: &[&str], input: &[u8]) {
        let mut command = self.bus.command(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).await.unwrap();
        assert!(child.wait().await.unwrap().success(), "{program} {arguments:?}");
    }
}
