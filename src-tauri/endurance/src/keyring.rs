//! The Secret Service as a person has it: `gnome-keyring-daemon`, unlocked, locked, ended.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::Command;
use zbus::Connection;
use zbus::zvariant::OwnedObjectPath;

use crate::bus::{SessionBus, is_owned};
use crate::patience::{until, within};

const SERVICE: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const INTERFACE: &str = "org.freedesktop.Secret.Service";

const PASSWORD: &[u8] = b"throw-away";

/// A running keyring; killed when dropped.
pub struct Keyring {
    daemon: tokio::process::Child,
    bus: Connection,
    control: PathBuf,
}

impl Keyring {
    /// Starts the one of this session with its collection unlocked, and waits until it answers. What another held there
    /// before is in it.
    pub async fn start(bus: &SessionBus) -> Self {
        let mut command = bus.command("gnome-keyring-daemon");
        command.args(["--unlock", "--components=secrets", "--foreground"]).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut daemon = command.spawn().unwrap_or_else(|error| panic!("cannot run gnome-keyring-daemon: {error}"));
        daemon.stdin.take().unwrap().write_all(PASSWORD).await.unwrap();
        bus.until_owned(SERVICE).await;
        let control = bus.runtime_folder().join("keyring/control");
        let keyring = Self { daemon, bus: bus.connection().clone(), control };
        until("the keyring to answer", async || (keyring.collection().await != "/").then_some(())).await;
        keyring
    }

    /// Locks the collection.
    pub async fn lock(&self) {
        let collections = vec![OwnedObjectPath::try_from(self.collection().await).unwrap()];
        let asked = self.bus.call_method(Some(SERVICE), PATH, Some(INTERFACE), "Lock", &collections);
        within("the locking", asked).await.unwrap();
    }

    /// Unlocks it as the person's login does: over the control socket.
    pub async fn unlock(&self) {
        const UNLOCK: u32 = 1;
        const DONE: u32 = 0;
        let mut daemon = UnixStream::connect(&self.control).await.unwrap();
        let length = u32::try_from(PASSWORD.len()).unwrap();
        let words = [12 + length, UNLOCK, length].map(u32::to_be_bytes).concat();
        // The first byte is for the kernel to carry credentials with.
        daemon.write_all(&[[0].as_slice(), &words, PASSWORD].concat()).await.unwrap();
        let mut answer = Vec::new();
        within("the unlocking", daemon.read_to_end(&mut answer)).await.unwrap();
        assert_eq!(answer, [8, DONE].map(u32::to_be_bytes).concat());
    }

    /// Sends it a signal, by the word for it.
    pub async fn signal(&self, signal: &str) {
        let id = self.daemon.id().unwrap().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Kills it, and waits until it is gone from the bus.
    pub async fn kill(mut self) {
        self.daemon.kill().await.unwrap();
        until("the keyring to be gone", async || (!is_owned(&self.bus, SERVICE).await).then_some(())).await;
    }

    /// The path of the default collection; `/` where there is none yet.
    async fn collection(&self) -> String {
        let asked = self.bus.call_method(Some(SERVICE), PATH, Some(INTERFACE), "ReadAlias", &"default");
        let path: OwnedObjectPath = within("the keyring", asked).await.unwrap().body().deserialize().unwrap();
        path.to_string()
    }
}
