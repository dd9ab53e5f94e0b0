//! The keychain store against a real Secret Service: `gnome-keyring-daemon` on a bus of its own.
//!
//! The address of the session bus belongs to the process, so each test runs itself again inside `dbus-run-session`,
//! with throw-away folders. The bus starts no services by itself: a daemon that was stopped stays so.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::condition::StoreFault;
use lamplighter_core::config::SecretStoreKind;
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::ports::{SecretStore, StoreError};
use lamplighter_engine::profile::Profile;
use lamplighter_engine::secrets;
use secrecy::SecretSlice;

mod stores;
use stores::{behaves, put, text};

/// Set for the run inside, to the folder that is home there.
const HOME: &str = "LAMPLIGHTER_TEST_SECRET_SERVICE_HOME";

const PASSWORD: &[u8] = b"throw-away";

const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

#[test]
fn the_keychain_behaves_and_updates_in_place() {
    on_a_bus_of_its_own("the_keychain_behaves_and_updates_in_place", async |desktop| {
        let _daemon = desktop.start_daemon();
        let store = desktop.open_store("work");
        behaves(store.as_ref()).await;
        put(store.as_ref(), "workload/linear", "one").await;
        put(store.as_ref(), "workload/linear", "two").await;

        let found = desktop.run("secret-tool", &["search", "--all", "service", "lamplighter"]);
        let found = [found.stdout, found.stderr].concat();
        let found = String::from_utf8(found).unwrap();
        assert_eq!(found.matches("label = Lamplighter: linear").count(), 1, "one item a workload:\n{found}");
        assert_eq!(found.matches("label = ").count(), 2, "nothing else is left (linear and kept):\n{found}");
        let user = format!("{}/workload/linear", desktop.profile("work").tag());
        let looked_up = desktop.run("secret-tool", &["lookup", "service", "lamplighter", "username", &user]);
        assert_eq!(looked_up.stdout, b"two");

        let other = desktop.open_store("play");
        assert_eq!(text(other.as_ref(), "workload/linear").await, None, "another profile has its own items");
        let next = desktop.open_store("work");
        assert_eq!(text(next.as_ref(), "workload/linear").await.as_deref(), Some("two"), "it outlives the engine");
    });
}

#[test]
fn a_copied_item_becomes_one_again() {
    on_a_bus_of_its_own("a_copied_item_becomes_one_again", async |desktop| {
        let _daemon = desktop.start_daemon();
        let store = desktop.open_store("work");
        put(store.as_ref(), "workload/linear", "one").await;
        let user = format!("{}/workload/linear", desktop.profile("work").tag());
        let copy = ["store", "--label=copy", "service", "lamplighter", "username", &user, "copied", "yes"];
        desktop.feed("secret-tool", &copy, b"one");
        put(store.as_ref(), "workload/linear", "two").await;
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("two"));
        let found = desktop.run("secret-tool", &["search", "--all", "service", "lamplighter"]);
        let found = String::from_utf8([found.stdout, found.stderr].concat()).unwrap();
        assert_eq!(found.matches("label = ").count(), 1, "{found}");
    });
}

#[test]
fn a_locked_keychain_is_said_at_once_and_serves_again_when_unlocked() {
    on_a_bus_of_its_own("a_locked_keychain_is_said_at_once_and_serves_again_when_unlocked", async |desktop| {
        let _daemon = desktop.start_daemon();
        let store = desktop.open_store("work");
        put(store.as_ref(), "workload/linear", "one").await;
        desktop.lock();
        assert_eq!(fault(store.write("workload/linear", secret("two")).await), StoreFault::Locked);
        assert_eq!(fault(store.write("workload/new", secret("one")).await), StoreFault::Locked);
        let next = desktop.open_store("work");
        assert_eq!(fault(next.read("workload/linear").await), StoreFault::Locked, "nothing is known of it here");
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("two"), "what is known serves");
        assert_eq!(fault(store.delete("workload/linear").await), StoreFault::Locked);

        desktop.unlock();
        assert_eq!(text(next.as_ref(), "workload/linear").await.as_deref(), Some("one"));
        put(store.as_ref(), "workload/linear", "two").await;
        assert_eq!(text(next.as_ref(), "workload/linear").await.as_deref(), Some("two"));
    });
}

#[test]
fn a_person_who_does_not_unlock_is_left_in_peace() {
    on_a_bus_of_its_own("a_person_who_does_not_unlock_is_left_in_peace", async |desktop| {
        let _daemon = desktop.start_daemon();
        let store = desktop.open_store("work");
        put(store.as_ref(), "workload/kept", "one").await;
        desktop.lock();
        let _watch = desktop.watch_the_bus();
        let calls = (0..5).map(|_| store.write("workload/kept", secret("two")));
        for call in futures_util::future::join_all(calls).await {
            assert_eq!(fault(call), StoreFault::Locked);
        }
        desktop.clock.advance(Duration::from_secs(299));
        assert_eq!(fault(store.write("workload/kept", secret("two")).await), StoreFault::Locked);
        assert_eq!(desktop.unlocks_seen(1), 1, "six calls asked once");
        desktop.clock.advance(Duration::from_secs(1));
        assert_eq!(fault(store.write("workload/kept", secret("two")).await), StoreFault::Locked);
        assert_eq!(desktop.unlocks_seen(2), 2, "after a while once more");
    });
}

#[test]
fn a_keychain_that_comes_goes_and_comes_back_is_found_each_time() {
    on_a_bus_of_its_own("a_keychain_that_comes_goes_and_comes_back_is_found_each_time", async |desktop| {
        let store = desktop.open_store("work");
        assert_eq!(fault(store.write("workload/linear", secret("zero")).await), StoreFault::Absent);
        let daemon = desktop.start_daemon();
        put(store.as_ref(), "workload/linear", "one").await;

        drop(daemon);
        desktop.wait_until_gone();
        assert_eq!(fault(store.write("workload/linear", secret("two")).await), StoreFault::Absent);
        assert_eq!(fault(desktop.open_store("work").read("workload/linear").await), StoreFault::Absent);
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("two"), "what is known serves");

        let _daemon = desktop.start_daemon();
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("one"), "the item is still there");
        put(store.as_ref(), "workload/linear", "two").await;
    });
}

#[test]
fn a_keychain_that_hangs_is_given_up_and_serves_again() {
    on_a_bus_of_its_own("a_keychain_that_hangs_is_given_up_and_serves_again", async |desktop| {
        let daemon = desktop.start_daemon();
        let store = desktop.open_store("work");
        put(store.as_ref(), "workload/linear", "one").await;
        daemon.signal("STOP");
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
        daemon.signal("CONT");
        put(store.as_ref(), "workload/linear", "three").await;
        assert_eq!(text(store.as_ref(), "workload/linear").await.as_deref(), Some("three"));
    });
}

/// Runs `story` on a private session bus, in a run of its own of the test called `test`.
fn on_a_bus_of_its_own(test: &str, story: impl AsyncFnOnce(&Desktop)) {
    if let Some(home) = std::env::var_os(HOME) {
        let desktop = Desktop { home: home.into(), clock: VirtualClock::new() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(story(&desktop));
    }
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("bus.conf");
    std::fs::write(&config, BUS).unwrap();
    let mut session = Command::new("dbus-run-session");
    session.arg("--config-file").arg(&config).arg("--").arg(std::env::current_exe().unwrap());
    session.args(["--exact", test, "--nocapture"]);
    session.env(HOME, home.path()).env("HOME", home.path()).env_remove("GNOME_KEYRING_CONTROL").env_remove("DISPLAY");
    for folder in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"] {
        let path = home.path().join(folder);
        std::fs::create_dir(&path).unwrap();
        session.env(folder, path);
    }
    let run = session.output().unwrap_or_else(|error| missing("dbus-run-session", "dbus", &error));
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && out.contains("1 passed"), "{test} inside: {}\n{out}\n{err}", run.status);
}

/// Says what has to be installed for these tests.
fn missing(program: &str, package: &str, error: &std::io::Error) -> ! {
    panic!("cannot run {program}: {error}; install the package {package} (`cargo xtask test` does)")
}

fn secret(text: &str) -> SecretSlice<u8> {
    text.as_bytes().to_vec().into()
}

fn fault<T>(answer: Result<T, StoreError>) -> StoreFault {
    answer.map(drop).expect_err("the store cannot do this now").fault
}

/// A session with its own bus and folders.
struct Desktop {
    home: PathBuf,
    clock: VirtualClock,
}

/// A running process; killed when dropped.
struct Process(Child);

impl Desktop {
    fn profile(&self, name: &str) -> Profile {
        let folder = self.home.join(name);
        Profile { config_dir: folder.clone(), data_dir: folder.clone(), state_dir: folder }
    }

    fn open_store(&self, profile: &str) -> Arc<dyn SecretStore> {
        secrets::open(SecretStoreKind::Keychain, &self.profile(profile), Arc::new(self.clock.clone()))
    }

    /// Starts the daemon with its collection unlocked, and waits until it answers.
    fn start_daemon(&self) -> Process {
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--unlock", "--components=secrets", "--foreground"]);
        daemon.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut daemon =
            daemon.spawn().unwrap_or_else(|error| missing("gnome-keyring-daemon", "gnome-keyring", &error));
        daemon.stdin.take().unwrap().write_all(PASSWORD).unwrap();
        let daemon = Process(daemon);
        wait_until("the daemon answers", || self.has_owner() && self.default_collection() != "/");
        daemon
    }

    fn wait_until_gone(&self) {
        wait_until("the daemon is gone", || !self.has_owner());
    }

    fn has_owner(&self) -> bool {
        let question = ["/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"];
        self.call("org.freedesktop.DBus", &question).contains("boolean true")
    }

    fn default_collection(&self) -> String {
        let question = ["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.ReadAlias", "string:default"];
        let answer = self.call("org.freedesktop.secrets", &question);
        answer.split('"').nth(1).unwrap_or("/").to_owned()
    }

    fn lock(&self) {
        let collection = format!("array:objpath:{}", self.default_collection());
        let question = ["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", &collection];
        self.call("org.freedesktop.secrets", &question);
    }

    /// Has all that passes on the bus written down.
    fn watch_the_bus(&self) -> Process {
        let mut watch = Command::new("dbus-monitor");
        watch.arg("--session").stdout(File::create(self.home.join("bus.log")).unwrap());
        let watch = Process(watch.spawn().unwrap_or_else(|error| missing("dbus-monitor", "dbus", &error)));
        wait_until("the bus is watched", || !self.bus_log().is_empty());
        watch
    }

    /// How often somebody asked for something to be unlocked, up to the look numbered `look`.
    fn unlocks_seen(&self, look: u32) -> usize {
        let mark = format!("string:look.number{look}");
        self.call("org.freedesktop.DBus", &["/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", &mark]);
        wait_until("the bus is written down", || self.bus_log().contains(&format!("look.number{look}")));
        self.bus_log().matches("member=Unlock").count()
    }

    fn bus_log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.home.join("bus.log")).unwrap()).into_owned()
    }

    /// Has the daemon unlock its collection as the person's login does: over its control socket.
    fn unlock(&self) {
        const UNLOCK: u32 = 1;
        const DONE: u32 = 0;
        let socket = self.home.join("XDG_RUNTIME_DIR/keyring/control");
        let mut daemon = UnixStream::connect(socket).unwrap();
        let length = u32::try_from(PASSWORD.len()).unwrap();
        let words = [12 + length, UNLOCK, length].map(u32::to_be_bytes).concat();
        // The first byte is for the kernel to carry credentials with.
        daemon.write_all(&[[0].as_slice(), &words, PASSWORD].concat()).unwrap();
        let mut answer = Vec::new();
        daemon.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, [8, DONE].map(u32::to_be_bytes).concat());
    }

    fn call(&self, owner: &str, question: &[&str]) -> String {
        let destination = format!("--dest={owner}");
        let args = [&["--session", "--print-reply", destination.as_str()], question].concat();
        String::from_utf8(self.run("dbus-send", &args).stdout).unwrap()
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let package = if program == "secret-tool" { "libsecret-tools" } else { "dbus" };
        Command::new(program)
            .args(args)
            .current_dir(&self.home)
            .output()
            .unwrap_or_else(|error| missing(program, package, &error))
    }

    fn feed(&self, program: &str, args: &[&str], input: &[u8]) {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.home).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| missing(program, "libsecret-tools", &error));
        child.stdin.take().unwrap().write_all(input).unwrap();
        assert!(child.wait().unwrap().success(), "{program} {args:?}");
    }
}

impl Process {
    fn signal(&self, name: &str) {
        let done = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        #[expect(clippy::disallowed_methods, reason = "another process takes its own time")]
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{what}: not within 10 s");
}
