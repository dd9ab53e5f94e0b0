//! A session bus with throw-away folders, and the keyring daemon on it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::Command;

use crate::patience::{until, within};

/// Set for the run inside, to the folder that is home there.
const HOME: &str = "LAMPLIGHTER_TEST_REAL_KEYRING_HOME";

const PASSWORD: &[u8] = b"throw-away";

/// A bus that starts no services by itself: a daemon that ended stays so.
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

/// The session that this process runs in.
pub struct Desktop {
    home: PathBuf,
}

/// A running keyring daemon; killed when dropped.
pub struct Daemon(tokio::process::Child);

/// The session that this process runs in, when it was started on a bus of its own.
pub fn desktop() -> Option<Desktop> {
    std::env::var_os(HOME).map(|home| Desktop { home: home.into() })
}

/// Starts this program again with `arguments`, on a private session bus with throw-away folders, and waits for its end;
/// what it says there is `kept` to be looked at, or goes where this program's words go.
pub fn on_a_bus_of_its_own(arguments: &[OsString], kept: bool) -> std::process::Output {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("bus.conf");
    std::fs::write(&config, BUS).unwrap();
    let mut session = std::process::Command::new("dbus-run-session");
    session.arg("--config-file").arg(&config).arg("--").arg(std::env::current_exe().unwrap()).args(arguments);
    session.env(HOME, home.path()).env("HOME", home.path()).env_remove("GNOME_KEYRING_CONTROL").env_remove("DISPLAY");
    for folder in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"] {
        let path = home.path().join(folder);
        std::fs::create_dir(&path).unwrap();
        session.env(folder, path);
    }
    if !kept {
        session.stdout(Stdio::inherit()).stderr(Stdio::inherit());
    }
    session.output().unwrap_or_else(|error| missing("dbus-run-session", &error))
}

/// Tells `story` in a run of its own of the test called `test`, on a private session bus.
pub fn test_on_a_bus_of_its_own<F: Future<Output = ()>>(test: &str, story: impl FnOnce(Desktop) -> F) {
    if let Some(desktop) = desktop() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(story(desktop));
    }
    let run = on_a_bus_of_its_own(&["--exact", test, "--nocapture"].map(OsString::from), true);
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && out.contains("1 passed"), "{test} inside: {}\n{out}\n{err}", run.status);
}

/// Where the bus and the keyring of this session are found, for processes that are to use them.
pub fn addresses() -> [(&'static str, OsString); 2] {
    ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"].map(|name| (name, std::env::var_os(name).unwrap()))
}

impl Desktop {
    /// Starts the daemon with its collection unlocked, and waits until it answers.
    pub async fn start_daemon(&self) -> Daemon {
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--unlock", "--components=secrets", "--foreground"]).kill_on_drop(true);
        daemon.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut daemon = daemon.spawn().unwrap_or_else(|error| missing("gnome-keyring-daemon", &error));
        daemon.stdin.take().unwrap().write_all(PASSWORD).await.unwrap();
        until("the keyring to answer", async || {
            (self.has_owner().await && self.default_collection().await != "/").then_some(())
        })
        .await;
        Daemon(daemon)
    }

    /// Waits until no daemon has the name on the bus.
    pub async fn until_gone(&self) {
        until("the keyring to be gone", async || (!self.has_owner().await).then_some(())).await;
    }

    /// Has the daemon lock its collection.
    pub async fn lock(&self) {
        let collection = format!("array:objpath:{}", self.default_collection().await);
        let question = ["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", &collection];
        self.call("org.freedesktop.secrets", &question).await;
    }

    /// Has the daemon unlock its collection as the person's login does: over its control socket.
    pub async fn unlock(&self) {
        const UNLOCK: u32 = 1;
        const DONE: u32 = 0;
        let mut daemon = UnixStream::connect(self.home.join("XDG_RUNTIME_DIR/keyring/control")).await.unwrap();
        let length = u32::try_from(PASSWORD.len()).unwrap();
        let words = [12 + length, UNLOCK, length].map(u32::to_be_bytes).concat();
        // The first byte is for the kernel to carry credentials with.
        daemon.write_all(&[[0].as_slice(), &words, PASSWORD].concat()).await.unwrap();
        let mut answer = Vec::new();
        within("the unlocking", daemon.read_to_end(&mut answer)).await.unwrap();
        assert_eq!(answer, [8, DONE].map(u32::to_be_bytes).concat());
    }

    /// Runs a program to its end, and hands on all that it said.
    pub async fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.home).stdin(Stdio::null()).kill_on_drop(true);
        let ended = within(program, command.output()).await.unwrap_or_else(|error| missing(program, &error));
        String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap()
    }

    async fn has_owner(&self) -> bool {
        let question = ["/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"];
        self.call("org.freedesktop.DBus", &question).await.contains("boolean true")
    }

    async fn default_collection(&self) -> String {
        let question = ["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.ReadAlias", "string:default"];
        let answer = self.call("org.freedesktop.secrets", &question).await;
        answer.split('"').nth(1).unwrap_or("/").to_owned()
    }

    async fn call(&self, owner: &str, question: &[&str]) -> String {
        let destination = format!("--dest={owner}");
        self.run("dbus-send", &[&["--session", "--print-reply", destination.as_str()], question].concat()).await
    }
}

impl Daemon {
    /// Kills it, and waits until its process is gone.
    pub async fn kill(mut self) {
        self.0.kill().await.unwrap();
    }
}

/// Says what to do about a program that is not there.
fn missing(program: &str, error: &std::io::Error) -> ! {
    panic!("cannot run {program}: {error}; `cargo xtask test` installs what these tests need")
}
