//! The tray as a panel sees it: an item of the `StatusNotifier` specification, and its menu over `com.canonical.dbusmenu`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use zbus::proxy::SignalStream;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Proxy};

use crate::desktop::screen::WATCHER;
use crate::patience::{until, within};

const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// The pictures that `icons/tray` has for trays, by the word for each.
pub const LAMPS: [&str; 5] = ["unlit", "lit", "retrying", "offline", "needs-you"];

/// The one item of a tray.
pub struct Tray {
    item: Proxy<'static>,
    menu: Proxy<'static>,
}

/// An entry of the menu, as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    id: i32,
    /// What it says; nothing where it only keeps others apart.
    pub label: String,
    /// Whether it can be pressed.
    pub enabled: bool,
    /// What it leads to.
    pub entries: Vec<Entry>,
}

/// Number, properties and what is below, each in a variant.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Tray {
    /// The first item that registers.
    pub async fn of(bus: &Connection) -> Self {
        let watcher = proxy(bus, WATCHER, "/StatusNotifierWatcher", WATCHER).await;
        let item = until("a lamp in the tray", async || {
            let items: Vec<String> = watcher.get_property("RegisteredStatusNotifierItems").await.ok()?;
            items.into_iter().next()
        })
        .await;
        // A name on the bus, and the path of the item there, where it is not the usual one.
        let (name, path) = item.find('/').map_or((&*item, "/StatusNotifierItem"), |at| item.split_at(at));
        let item = proxy(bus, name, path, ITEM).await;
        let menu: OwnedObjectPath = item.get_property("Menu").await.unwrap();
        let menu = proxy(bus, name, menu.as_str(), MENU).await;
        Self { item, menu }
    }

    /// Whether the item is still there.
    pub async fn is_there(&self) -> bool {
        self.icon().await.is_some()
    }

    /// Which lamp is shown, by the name of the item's icon: a file, and the picture of that lamp in `icons/tray` pixel by
    /// pixel.
    pub async fn lamp(&self) -> &'static str {
        let shown = until("a picture in the tray", async || pixels(&self.icon().await?)).await;
        let same = LAMPS.into_iter().find(|lamp| pixels(&drawn(lamp)).as_ref() == Some(&shown));
        same.unwrap_or_else(|| panic!("the picture in the tray is none of the lamps"))
    }

    /// Waits until that lamp is shown.
    pub async fn until_lamp(&self, lamp: &str) {
        until(&format!("the lamp {lamp}"), async || (self.lamp().await == lamp).then_some(())).await;
    }

    /// Tells of every other picture that is shown from now on.
    pub async fn changes(&self) -> SignalStream<'static> {
        self.item.receive_signal("NewIcon").await.unwrap()
    }

    /// The menu, from its first entry to the last.
    pub async fn menu(&self) -> Vec<Entry> {
        let everything = (0_i32, -1_i32, Vec::<String>::new());
        let asked = self.menu.call("GetLayout", &everything);
        let (_, (_, _, entries)): (u32, Layout) = within("the menu", asked).await.unwrap();
        entries.into_iter().filter_map(Entry::read).collect()
    }

    /// The first line of the menu.
    pub async fn status_line(&self) -> String {
        self.menu().await.into_iter().next().map_or_else(String::new, |entry| entry.label)
    }

    /// Waits until the first line of the menu reads like this.
    pub async fn until_status_line(&self, line: &str) {
        let mut last = String::new();
        let what = format!("the menu to begin with {line:?}");
        until(&what, async || {
            last = self.status_line().await;
            (last == line).then_some(())
        })
        .await;
    }

    /// Presses the entry that `path` leads to, once it is there: the beginning of what each entry on the way says. Where it
    /// is drawn anew just then, as a person does who looks again.
    pub async fn press(&self, path: &[&str]) {
        until(&format!("a press of {path:?}"), async || {
            let entry = self.entry(path).await;
            self.press_drawn(&entry).await.ok()
        })
        .await;
    }

    /// The entry that `path` leads to as in [`Tray::press`], once it is there.
    pub async fn entry(&self, path: &[&str]) -> Entry {
        until(&format!("the entry {path:?}"), async || {
            let (last, before) = path.split_last()?;
            let mut entries = self.menu().await;
            for beginning in before {
                entries = found(entries, beginning)?.entries;
            }
            found(entries, last)
        })
        .await
    }

    /// Presses `entry` as it was drawn when it was looked at.
    ///
    /// # Errors
    /// When it has been drawn anew since.
    pub async fn press_drawn(&self, entry: &Entry) -> zbus::Result<()> {
        let pressed = (entry.id, "clicked", Value::from(0_i32), 0_u32);
        within("the press", self.menu.call("Event", &pressed)).await
    }

    /// Clicks the lamp itself.
    pub async fn click(&self) {
        within("the click", self.item.call::<_, _, ()>("Activate", &(0_i32, 0_i32))).await.unwrap();
    }

    async fn icon(&self) -> Option<PathBuf> {
        self.item.get_property::<String>("IconName").await.ok().map(PathBuf::from)
    }
}

impl Entry {
    /// What `layout` tells of; nothing where nobody sees it.
    fn read(layout: OwnedValue) -> Option<Self> {
        let (id, mut properties, entries) = Layout::try_from(layout).unwrap();
        let visible = properties.remove("visible").is_none_or(|visible| bool::try_from(visible).unwrap());
        let label = properties.remove("label").map_or_else(String::new, |label| String::try_from(label).unwrap());
        let enabled = properties.remove("enabled").is_none_or(|enabled| bool::try_from(enabled).unwrap());
        // An underscore names the key that presses an entry; two stand for one.
        let label = label.replace("__", "\0").replace('_', "").replace('\0', "_");
        visible.then(|| Self { id, label, enabled, entries: entries.into_iter().filter_map(Self::read).collect() })
    }
}

/// The one of `entries` that can be pressed and says something with that `beginning`.
fn found(entries: Vec<Entry>, beginning: &str) -> Option<Entry> {
    entries.into_iter().find(|entry| entry.enabled && entry.label.starts_with(beginning))
}

/// Nothing is kept of what a property was: each look is at what it is.
async fn proxy(bus: &Connection, name: &str, path: &str, interface: &str) -> Proxy<'static> {
    let builder = zbus::proxy::Builder::new(bus).destination(name.to_owned()).unwrap().path(path.to_owned()).unwrap();
    let builder = builder.interface(interface.to_owned()).unwrap();
    builder.cache_properties(zbus::proxy::CacheProperties::No).build().await.unwrap()
}

/// The picture of a lamp as it lies in the repository.
fn drawn(lamp: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../icons/tray/{lamp}-44.png"))
}

/// Width, height and every pixel; nothing while the file is not there whole.
fn pixels(picture: &Path) -> Option<(u32, u32, Vec<u8>)> {
    let file = std::io::BufReader::new(std::fs::File::open(picture).ok()?);
    let mut reader = png::Decoder::new(file).read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    pixels.truncate(frame.buffer_size());
    Some((frame.width, frame.height, pixels))
}
