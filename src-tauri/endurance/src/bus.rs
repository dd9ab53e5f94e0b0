//! A session bus with throw-away folders, for the programs of one desktop.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;
use zbus::Connection;
use zbus::fdo::DBusProxy;

use crate::child::Child;
use crate::patience::{until, within};

/// A bus that starts no services by itself: what ended, or never was there, stays away.
const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
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

const FOLDERS: [&str; 5] = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"];

/// A running bus. One that was started here ends when this is dropped, and with it who cannot go on without.
pub struct SessionBus {
    home: PathBuf,
    address: String,
    connection: Connection,
    _started: Option<(Child, TempDir)>,
}

impl SessionBus {
    /// Starts one, with nobody on it.
    pub async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        for folder in FOLDERS {
            std::fs::create_dir(home.path().join(folder)).unwrap();
        }
        let config = home.path().join("bus.conf");
        std::fs::write(&config, CONFIG).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(config).args(["--nofork", "--print-address=1"]);
        let mut daemon = Child::start("dbus-daemon", command, home.path());
        let address = daemon.line().await;
        let bus = Self::at(home.path().to_owned(), address).await;
        Self { _started: Some((daemon, home)), ..bus }
    }

    /// The one that this process was started on, by a [command](Self::command) of it.
    pub async fn around() -> Self {
        let variable = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        Self::at(variable("HOME").into(), variable("DBUS_SESSION_BUS_ADDRESS")).await
    }

    async fn at(home: PathBuf, address: String) -> Self {
        let connecting = zbus::connection::Builder::address(address.as_str()).unwrap().build();
        let connection = within("the session bus", connecting).await.unwrap();
        Self { home, address, connection, _started: None }
    }

    /// Another connection to it, which has the name `name`.
    pub async fn connect_as(&self, name: &'static str) -> Connection {
        let builder = zbus::connection::Builder::address(self.address.as_str()).unwrap();
        within("the session bus", builder.name(name).unwrap().build()).await.unwrap()
    }

    /// A connection to it.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The folder that is home to the programs of this session.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What `XDG_RUNTIME_DIR` is here.
    pub fn runtime_folder(&self) -> PathBuf {
        self.home().join("XDG_RUNTIME_DIR")
    }

    /// Where it is found.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where the bus and who is on it are found, for processes that have a home of their own.
    pub fn addresses(&self) -> [(&'static str, OsString); 2] {
        [("DBUS_SESSION_BUS_ADDRESS", self.address.clone().into()), ("XDG_RUNTIME_DIR", self.runtime_folder().into())]
    }

    /// `program`, to be run in this session and to see nothing of any other.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home());
        command.envs(FOLDERS.map(|folder| (folder, self.home().join(folder)))).envs(self.addresses());
        // Nobody reads the screen aloud here, and who looks for a reader waits for one.
        command.env("NO_AT_BRIDGE", "1").current_dir(self.home());
        command
    }

    /// Starts a program that lasts as long as the session, or as long as it is held.
    pub fn begin(&self, command: Command) -> Child {
        let name = Path::new(command.as_std().get_program()).file_name().unwrap().to_string_lossy().into_owned();
        Child::start(&name, command, self.home())
    }

    /// Runs a program to its end, and hands on all that it said.
    pub async fn run(&self, program: &str, arguments: &[&str]) -> String {
        run(self.command(program).args(arguments)).await
    }

    /// Waits until somebody has the name `name`.
    pub async fn until_owned(&self, name: &str) {
        until(&format!("{name} on the bus"), async || is_owned(&self.connection, name).await.then_some(())).await;
    }
}

/// Whether somebody has the name `name` on `bus`. Nobody is started by being asked for.
pub async fn is_owned(bus: &Connection, name: &str) -> bool {
    let names = DBusProxy::new(bus).await.unwrap();
    within("the session bus", names.name_has_owner(name.try_into().unwrap())).await.unwrap()
}

/// Runs `command` to its end, and hands on all that it said.
pub async fn run(command: &mut Command) -> String {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).kill_on_drop(true);
    let ended = within(&program, command.output()).await;
    let ended = ended.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap()
}
