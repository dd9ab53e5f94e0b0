//! The lamp on Linux: an item of the `StatusNotifier` specification, told over the session's bus. It takes neither toolkit
//! nor display, so that neither can end the program.

use std::path::PathBuf;
use std::sync::Arc;

use ksni::menu::{MenuItem, StandardItem, SubMenu};
use ksni::{OfflineReason, ToolTip, TrayMethods as _};
use lamplighter_core::Snapshot;
use lamplighter_core::condition::HostTrouble;
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use tokio::sync::watch;

use super::menu::Entry;
use super::{Face, follow, picture};
use crate::errands::Errands;
use crate::host::Troubles;
use crate::order::Order;

/// Shows the lamp wherever there is a tray for it, as long as there is an engine.
pub(crate) async fn tend(
    profile: Profile,
    errands: Errands,
    troubles: Troubles,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Arc<dyn Clock>,
) {
    let pictures = profile.state_dir.join("tray");
    if let Err(error) = picture::put_into(&pictures) {
        tracing::warn!(%error, "the tray gets its pictures without files");
    }
    let item = Item { face: Face::default(), turned: false, pictures, errands, troubles: troubles.clone() };
    // A desktop that shows no tray icons may begin to: the item waits for it.
    match item.assume_sni_available(true).spawn().await {
        Ok(item) => {
            let draw = |face| {
                let item = item.clone();
                async move {
                    item.update(|item| item.show(face)).await;
                }
            };
            follow(snapshots, clock, draw).await;
        }
        Err(error) => {
            tracing::warn!(%error, "there is no lamp in the tray");
            troubles.raise(HostTrouble::NoTrayHost);
        }
    }
}

/// What panels ask about.
struct Item {
    face: Face,
    /// Turns whenever entries come to do something else.
    turned: bool,
    /// Where the lamps lie as files.
    pictures: PathBuf,
    errands: Errands,
    troubles: Troubles,
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "lamplighter".to_owned()
    }

    fn title(&self) -> String {
        "Lamplighter".to_owned()
    }

    fn icon_name(&self) -> String {
        let file = picture::file(&self.pictures, self.face.lamp);
        // Where there is none, panels take the pixels.
        if file.is_file() { file.to_str().map(str::to_owned).unwrap_or_default() } else { String::new() }
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        picture::pixels(self.face.lamp).into_iter().collect()
    }

    fn tool_tip(&self) -> ToolTip {
        let status = self.face.menu.entries.first().map_or("", Entry::text);
        ToolTip { title: "Lamplighter".to_owned(), description: status.to_owned(), ..ToolTip::default() }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.face.menu.entries.iter().map(drawn).chain([hidden(self.turned)]).collect()
    }

    fn activate(&mut self, _: i32, _: i32) {
        self.obey(Order::Open(None));
    }

    fn watcher_online(&self) {
        self.troubles.clear(&HostTrouble::NoTrayHost);
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        if self.troubles.raise(HostTrouble::NoTrayHost) {
            tracing::info!(?reason, "this desktop shows no tray icons; the lamp waits until it does");
        }
        true
    }
}

impl Item {
    fn show(&mut self, face: Face) {
        self.turned ^= self.face.menu.orders() != face.menu.orders();
        self.face = face;
    }

    fn obey(&self, order: Order) {
        let errands = self.errands.clone();
        tokio::spawn(async move { errands.run(order).await });
    }
}

fn drawn(entry: &Entry) -> MenuItem<Item> {
    match entry {
        Entry::Line(text) => StandardItem { label: plain(text), enabled: false, ..StandardItem::default() }.into(),
        Entry::Button { text, order } => {
            let order = order.clone();
            let activate = Box::new(move |item: &mut Item| item.obey(order.clone()));
            StandardItem { label: plain(text), activate, ..StandardItem::default() }.into()
        }
        Entry::Submenu { text, entries } => {
            let submenu = entries.iter().map(drawn).collect();
            SubMenu { label: plain(text), submenu, ..SubMenu::default() }.into()
        }
        Entry::Separator => MenuItem::Separator,
    }
}

/// An entry that nobody sees. Panels press an entry by its number, and numbers stay while a menu is built the same way,
/// whatever its entries do by then: as this one turns, all numbers become new ones, and a press of what an open menu still
/// shows is refused.
fn hidden(turned: bool) -> MenuItem<Item> {
    let submenu = Vec::from_iter(turned.then_some(MenuItem::Separator));
    SubMenu { visible: false, submenu, ..SubMenu::default() }.into()
}

/// `text` without anything that menus read as the key that presses an entry.
fn plain(text: &str) -> String {
    text.replace('_', "__")
}
