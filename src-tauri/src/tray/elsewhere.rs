//! The lamp on macOS and Windows, as Tauri draws it there.

use std::sync::Arc;

use lamplighter_core::Snapshot;
use lamplighter_core::condition::HostTrouble;
use lamplighter_engine::ports::Clock;
use tauri::image::Image;
use tauri::menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Wry};
use tokio::sync::watch;

use super::menu::Entry;
use super::{Face, follow, picture};
use crate::errands::Errands;
use crate::host::Troubles;
use crate::order::Order;

/// Shows the lamp as long as there is an engine.
pub(crate) async fn tend(
    desktop: AppHandle,
    errands: Errands,
    troubles: Troubles,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Arc<dyn Clock>,
) {
    let icon = match build(&desktop, errands) {
        Ok(icon) => icon,
        Err(error) => {
            tracing::error!(%error, "there is no lamp in the tray");
            troubles.raise(HostTrouble::NoTrayHost);
            return;
        }
    };
    let draw = |face| {
        let (drawing, icon) = (desktop.clone(), icon.clone());
        let done = desktop.run_on_main_thread(move || {
            if let Err(error) = draw(&drawing, &icon, &face) {
                tracing::error!(%error, "the tray cannot be drawn");
            }
        });
        if let Err(error) = done {
            tracing::debug!(%error, "the desktop is gone");
        }
        std::future::ready(())
    };
    follow(snapshots, clock, draw).await;
}

fn build(desktop: &AppHandle, errands: Errands) -> tauri::Result<TrayIcon> {
    TrayIconBuilder::with_id("lamplighter")
        .icon_as_template(true)
        .show_menu_on_left_click(true)
        .on_menu_event(move |_, event| match event.id().as_ref().parse::<Order>() {
            Ok(order) => {
                let errands = errands.clone();
                tauri::async_runtime::spawn(async move { errands.run(order).await });
            }
            Err(error) => tracing::error!(%error, "the menu has an entry that does nothing"),
        })
        .build(desktop)
}

fn draw(desktop: &AppHandle, icon: &TrayIcon, face: &Face) -> tauri::Result<()> {
    let picture::Pixels { width, height, rgba } = picture::of(face.lamp).map_err(std::io::Error::other)?;
    icon.set_icon_with_as_template(Some(Image::new_owned(rgba, width, height)), true)?;
    icon.set_tooltip(face.menu.entries.first().map(Entry::text))?;
    let items = items(desktop, &face.menu.entries)?;
    icon.set_menu(Some(Menu::with_items(desktop, &faces(&items))?))
}

fn items(desktop: &AppHandle, entries: &[Entry]) -> tauri::Result<Vec<Box<dyn IsMenuItem<Wry>>>> {
    entries.iter().map(|entry| item(desktop, entry)).collect()
}

fn item(desktop: &AppHandle, entry: &Entry) -> tauri::Result<Box<dyn IsMenuItem<Wry>>> {
    Ok(match entry {
        Entry::Line(text) => Box::new(MenuItem::new(desktop, plain(text), false, None::<&str>)?),
        Entry::Button { text, order } => {
            Box::new(MenuItem::with_id(desktop, order.to_string(), plain(text), true, None::<&str>)?)
        }
        Entry::Submenu { text, entries } => {
            Box::new(Submenu::with_items(desktop, plain(text), true, &faces(&items(desktop, entries)?))?)
        }
        Entry::Separator => Box::new(PredefinedMenuItem::separator(desktop)?),
    })
}

fn faces(items: &[Box<dyn IsMenuItem<Wry>>]) -> Vec<&dyn IsMenuItem<Wry>> {
    items.iter().map(AsRef::as_ref).collect()
}

/// `text` without anything that menus read as a mnemonic.
fn plain(text: &str) -> String {
    text.replace('&', "&&")
}
