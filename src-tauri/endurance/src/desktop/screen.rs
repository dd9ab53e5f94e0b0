//! The screen: an X server without one, a window manager, a panel with a tray.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::process::Command;
use zbus::Proxy;
use zbus::proxy::SignalStream;

use crate::bus::{SessionBus, run};
use crate::child::Child;
use crate::patience::{pause, until};

/// Who knows the trays of a session, by the specification of `StatusNotifierItem`.
pub(super) const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// A panel of nothing but a tray.
const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"#;

/// Where Debian keeps the panel's settings daemon, below the folder of the architecture's libraries.
const SETTINGS_DAEMON: &str = "xfce4/xfconf/xfconfd";

/// An X server and a window manager.
pub struct Screen {
    name: String,
    server: Child,
    _manager: Child,
}

/// A part of the screen, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// From the left of the screen.
    pub left: u32,
    /// From its top.
    pub top: u32,
    /// How wide it is.
    pub width: u32,
    /// How high it is.
    pub height: u32,
}

/// A panel with a tray.
pub struct Panel {
    _settings: Child,
    process: Child,
    watcher: Proxy<'static>,
}

impl Screen {
    /// Starts a screen of a size that laptops have.
    pub async fn start(bus: &SessionBus) -> Self {
        let name = new_name();
        let mut command = bus.command("Xvfb");
        command.args([&name, "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-wr"]);
        let mut server = bus.begin(command);
        server.line().await;
        let mut command = bus.command("openbox");
        command.env("DISPLAY", &name);
        Self { name, server, _manager: bus.begin(command) }
    }

    /// What `DISPLAY` is on it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes the screen away, as when the session's server breaks down.
    pub fn tear_away(&mut self) {
        self.server.strike();
    }

    /// The windows with this title that can be seen, by their numbers.
    pub async fn windows(&self, title: &str) -> Vec<String> {
        let mut search = self.command("xdotool");
        let found = run(search.args(["search", "--onlyvisible", "--name", &format!("^{title}$")])).await;
        found.lines().filter(|line| line.parse::<u64>().is_ok()).map(str::to_owned).collect()
    }

    /// The window with this title, once it can be seen.
    pub async fn until_window(&self, title: &str) -> String {
        until(&format!("a window called {title}"), async || self.windows(title).await.into_iter().next()).await
    }

    /// The class of a window, by which desktops find the program's entry in their menu.
    pub async fn class(&self, window: &str) -> String {
        let told = run(self.command("xprop").args(["-id", window, "WM_CLASS"])).await;
        told.split('"').nth(1).unwrap_or_else(|| panic!("{told}")).to_owned()
    }

    /// Closes a window as a person does who has no mouse, and waits until it is gone.
    pub async fn close(&self, window: &str) {
        until("the window to close", async || {
            // Keys go to whoever has the focus, which comes a moment after it was asked for.
            run(self.command("xdotool").args(["windowactivate", window, "sleep", "0.3", "key", "alt+F4"])).await;
            pause(Duration::from_millis(200)).await;
            run(self.command("xwininfo").args(["-id", window])).await.contains("error").then_some(())
        })
        .await;
    }

    /// Presses the right button on the tray's only icon.
    pub async fn click_on_panel(&self) {
        run(self.command("xdotool").args([
            "search",
            "--class",
            "xfce4-panel",
            "mousemove",
            "--window",
            "%@",
            "16",
            "16",
        ]))
        .await;
        run(self.command("xdotool").args(["click", "3"])).await;
    }

    /// Puts what is seen in `region` into `file`.
    pub async fn picture(&self, region: Region, file: &Path) {
        let Region { left, top, width, height } = region;
        let area = format!("{left},{top},{width},{height}");
        run(self.command("scrot").args(["--overwrite", "--autoselect", &area]).arg(file)).await;
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.name);
        command
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.server.strike();
        let number = self.name.trim_start_matches(':');
        for left in [format!("/tmp/.X{number}-lock"), format!("/tmp/.X11-unix/X{number}")] {
            // It may have been taken away before.
            let _ = std::fs::remove_file(left);
        }
    }
}

/// A name that no other screen has, nor will have: whoever looks for one that is gone must not find another.
fn new_name() -> String {
    static SCREENS: AtomicU32 = AtomicU32::new(0);
    // Clients in Rust take numbers of 16 bits.
    let first = 100 + std::process::id() % 600 * 100;
    format!(":{}", first + SCREENS.fetch_add(1, Ordering::Relaxed))
}

impl Panel {
    /// Starts one, and waits until it takes tray icons.
    pub async fn start(bus: &SessionBus, screen: &Screen) -> Self {
        let folder = bus.home().join("XDG_CONFIG_HOME/xfce4/xfconf/xfce-perchannel-xml");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("xfce4-panel.xml"), PANEL).unwrap();
        let settings = bus.begin(bus.command(&library_program(SETTINGS_DAEMON)));
        bus.until_owned("org.xfce.Xfconf").await;
        let mut command = bus.command("xfce4-panel");
        command.arg("--disable-wm-check").env("DISPLAY", screen.name());
        let process = bus.begin(command);
        bus.until_owned(WATCHER).await;
        let watcher = Proxy::new(bus.connection(), WATCHER, "/StatusNotifierWatcher", WATCHER).await.unwrap();
        until("a tray", async || {
            let registered = watcher.get_property("IsStatusNotifierHostRegistered").await.unwrap_or(false);
            registered.then_some(())
        })
        .await;
        Self { _settings: settings, process, watcher }
    }

    /// Tells of every tray icon that comes from now on.
    pub async fn registrations(&self) -> SignalStream<'static> {
        self.watcher.receive_signal("StatusNotifierItemRegistered").await.unwrap()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Takes the panel away, and the tray with it.
    pub async fn end(self) {
        self.process.terminate().await;
    }
}

/// A program that Debian keeps at `place` below the folder of the architecture's libraries.
pub(super) fn library_program(place: &str) -> String {
    let libraries = std::fs::read_dir("/usr/lib").unwrap().filter_map(|folder| Some(folder.ok()?.path()));
    let found = libraries.map(|folder| folder.join(place)).find(|program| program.is_file());
    let found = found.unwrap_or_else(|| panic!("{place} is missing: `cargo xtask test` installs it"));
    found.to_str().unwrap().to_owned()
}
