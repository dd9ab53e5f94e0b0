//! The lamp in the tray and its menu: draws what [`lamp`] and [`menu`] decide, and only what has changed.

mod icon;
pub(crate) mod lamp;
pub(crate) mod menu;
#[cfg(test)]
mod samples;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lamplighter_core::Snapshot;
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;
use tauri::menu::{IsMenuItem, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Wry};
use tokio::sync::watch;

use self::lamp::Lamp;
use self::menu::{Entry, Menu, changes_at};
use crate::errands::Errands;
use crate::host::tray_library;
use crate::order::Order;

/// The tray is drawn once in this time at most: panels fetch what has changed piece by piece, and stumble over what goes
/// while they do.
const PACE: Duration = Duration::from_millis(150);

/// What the tray shows: equal as long as there is nothing to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Face {
    lamp: Lamp,
    menu: Menu,
}

/// The tray of this desktop.
pub(crate) struct Tray {
    desktop: AppHandle,
    drawn: Arc<Mutex<Drawn>>,
}

/// What has been drawn. Touched on the main thread only.
struct Drawn {
    icon: TrayIcon,
    /// Where the icons are drawn to, so that the desktop can fetch them.
    folder: PathBuf,
    lamp: Lamp,
    menu: tauri::menu::Menu<Wry>,
    entries: Vec<Entry>,
    items: Vec<Item>,
}

/// An entry of the menu, to be changed in place.
enum Item {
    Text(MenuItem<Wry>),
    Submenu(Submenu<Wry>, Vec<Item>),
    Separator(PredefinedMenuItem<Wry>),
}

/// Puts the lamp in the tray; `None` where this desktop cannot. On the main thread.
pub(crate) fn build(desktop: &AppHandle, profile: &Profile, errands: &Errands) -> Option<Tray> {
    if !tray_library() {
        return None;
    }
    match Drawn::new(desktop, profile, errands) {
        Ok(drawn) => Some(Tray { desktop: desktop.clone(), drawn: Arc::new(Mutex::new(drawn)) }),
        Err(error) => {
            tracing::error!(%error, "there is no lamp in the tray");
            None
        }
    }
}

impl Tray {
    /// Draws every change, and texts that count down when they change.
    pub(crate) async fn tend(self, snapshots: watch::Receiver<Arc<Snapshot>>, clock: Arc<dyn Clock>) {
        let Self { desktop, drawn } = self;
        follow(snapshots, clock, |face| {
            let (drawing, drawn) = (desktop.clone(), Arc::clone(&drawn));
            let done = desktop.run_on_main_thread(move || {
                let mut drawn = drawn.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = drawn.draw(&drawing, face) {
                    tracing::error!(%error, "the tray cannot be drawn");
                }
            });
            if let Err(error) = done {
                tracing::debug!(%error, "the desktop is gone");
            }
        })
        .await;
    }
}

impl Face {
    fn of(snapshot: &Snapshot, now: Timestamp) -> Self {
        Self { lamp: Lamp::of_all(snapshot), menu: Menu::of(snapshot, now) }
    }
}

/// Hands every new face to `draw`. Nothing runs while nothing changes and nothing counts down.
async fn follow(mut snapshots: watch::Receiver<Arc<Snapshot>>, clock: Arc<dyn Clock>, draw: impl Fn(Face)) {
    let mut jumps = clock.jumps();
    let mut shown = None;
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let now = clock.now();
        let face = Face::of(&snapshot, now.wall);
        if shown.as_ref() != Some(&face) {
            draw(face.clone());
            shown = Some(face);
            clock.sleep_until(now.moment + PACE).await;
        }
        let change = changes_at(&snapshot, now.wall).map(|wall| clock.sleep_until(now.moment_at(wall)));
        let counted_down = async {
            match change {
                Some(change) => change.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() { return },
            () = counted_down => {}
            // The wall clock was set: what counted down to a time counts anew.
            Ok(()) = jumps.changed() => {}
        }
    }
}

impl Drawn {
    fn new(desktop: &AppHandle, profile: &Profile, errands: &Errands) -> tauri::Result<Self> {
        let folder = profile.state_dir.join("tray");
        // What was drawn by one that was killed.
        let _ = std::fs::remove_dir_all(&folder);
        let lamp = Lamp::Unlit;
        let face = Face::of(&Snapshot::default(), Timestamp::UNIX_EPOCH);
        let items = items(desktop, &face.menu.entries)?;
        let menu = tauri::menu::Menu::with_items(desktop, &faces(&items))?;
        let errands = errands.clone();
        let icon = TrayIconBuilder::with_id("lamplighter")
            .temp_dir_path(folder.join(lamp.word()))
            .icon(icon::of(lamp))
            .icon_as_template(true)
            .tooltip("Lamplighter")
            .menu(&menu)
            .show_menu_on_left_click(true)
            .on_menu_event(move |_, event| match event.id().as_ref().parse::<Order>() {
                Ok(order) => {
                    let errands = errands.clone();
                    tauri::async_runtime::spawn(async move { errands.run(order).await });
                }
                Err(error) => tracing::error!(%error, "the menu has an entry that does nothing"),
            })
            .build(desktop)?;
        Ok(Self { icon, folder, lamp, menu, entries: face.menu.entries, items })
    }

    fn draw(&mut self, desktop: &AppHandle, Face { lamp, menu: Menu { entries } }: Face) -> tauri::Result<()> {
        if lamp != self.lamp {
            // The name of the lamp is in the path of the icon, for whoever sees no colours.
            self.icon.set_temp_dir_path(Some(self.folder.join(lamp.word())))?;
            self.icon.set_icon_with_as_template(Some(icon::of(lamp)), true)?;
            self.lamp = lamp;
        }
        if let Some(status) = entries.first() {
            self.icon.set_tooltip(Some(status.text()))?;
        }
        self.redraw(desktop, entries)
    }

    /// Changes texts in place, and puts in and takes out only what is shaped differently: somebody may be reading it, and
    /// panels are known to break over menus that are changed whole.
    fn redraw(&mut self, desktop: &AppHandle, entries: Vec<Entry>) -> tauri::Result<()> {
        let (head, tail) = kept(&self.entries, &entries);
        let (old_end, new_end) = (self.entries.len() - tail, entries.len() - tail);
        amend(&self.items[..head], &self.entries[..head], &entries[..head])?;
        amend(&self.items[old_end..], &self.entries[old_end..], &entries[new_end..])?;
        let new = items(desktop, &entries[head..new_end])?;
        for item in faces(&self.items[head..old_end]) {
            self.menu.remove(item)?;
        }
        self.menu.insert_items(&faces(&new), head)?;
        self.items.splice(head..old_end, new);
        self.entries = entries;
        Ok(())
    }
}

/// How many entries are shaped alike at the beginning of `before` and `now`, and how many of the others at their ends.
fn kept(before: &[Entry], now: &[Entry]) -> (usize, usize) {
    let alike = |(one, other): &(&Entry, &Entry)| one.is_shaped_like(other);
    let head = before.iter().zip(now).take_while(alike).count();
    let tail = before[head..].iter().rev().zip(now[head..].iter().rev()).take_while(alike).count();
    (head, tail)
}

/// Changes the texts that differ between `before` and `now`, which are shaped alike.
fn amend(items: &[Item], before: &[Entry], now: &[Entry]) -> tauri::Result<()> {
    for (item, (before, now)) in items.iter().zip(before.iter().zip(now)) {
        let text = (before.text() != now.text()).then(|| plain(now.text()));
        match item {
            Item::Text(item) => text.map_or(Ok(()), |text| item.set_text(text))?,
            Item::Submenu(item, items) => {
                text.map_or(Ok(()), |text| item.set_text(text))?;
                if let (Entry::Submenu { entries: before, .. }, Entry::Submenu { entries: now, .. }) = (before, now) {
                    amend(items, before, now)?;
                }
            }
            Item::Separator(_) => {}
        }
    }
    Ok(())
}

fn items(desktop: &AppHandle, entries: &[Entry]) -> tauri::Result<Vec<Item>> {
    entries.iter().map(|entry| item(desktop, entry)).collect()
}

fn item(desktop: &AppHandle, entry: &Entry) -> tauri::Result<Item> {
    Ok(match entry {
        Entry::Line(text) => Item::Text(MenuItem::new(desktop, plain(text), false, None::<&str>)?),
        Entry::Button { text, order } => {
            Item::Text(MenuItem::with_id(desktop, order.to_string(), plain(text), true, None::<&str>)?)
        }
        Entry::Submenu { text, entries } => {
            let items = items(desktop, entries)?;
            Item::Submenu(Submenu::with_items(desktop, plain(text), true, &faces(&items))?, items)
        }
        Entry::Separator => Item::Separator(PredefinedMenuItem::separator(desktop)?),
    })
}

fn faces(items: &[Item]) -> Vec<&dyn IsMenuItem<Wry>> {
    items
        .iter()
        .map(|item| -> &dyn IsMenuItem<Wry> {
            match item {
                Item::Text(item) => item,
                Item::Submenu(item, _) => item,
                Item::Separator(item) => item,
            }
        })
        .collect()
}

/// `text` without anything that menus read as a mnemonic.
fn plain(text: &str) -> String {
    text.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use lamplighter_core::Phase;
    use lamplighter_engine::clock::VirtualClock;
    use tokio::sync::mpsc;

    use super::samples::{snapshot, workload};
    use super::*;

    struct Followed {
        snapshots: watch::Sender<Arc<Snapshot>>,
        clock: VirtualClock,
        faces: mpsc::UnboundedReceiver<Face>,
    }

    fn followed(first: Snapshot) -> Followed {
        let clock = VirtualClock::new();
        let (snapshots, changes) = watch::channel(Arc::new(first));
        let (drawn, faces) = mpsc::unbounded_channel();
        tokio::spawn(follow(changes, Arc::new(clock.clone()), move |face| drawn.send(face).unwrap()));
        Followed { snapshots, clock, faces }
    }

    async fn settle() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    impl Followed {
        /// What was drawn since it was last asked.
        async fn drawn(&mut self) -> Vec<Face> {
            settle().await;
            std::iter::from_fn(|| self.faces.try_recv().ok()).collect()
        }
    }

    #[tokio::test]
    async fn only_what_changes_is_drawn() {
        let mut tray = followed(snapshot([workload("notion", Phase::Running)]));
        assert_eq!(tray.drawn().await.len(), 1);
        let mut renewed = workload("notion", Phase::Running);
        renewed.expires_at = Some(Timestamp::UNIX_EPOCH);
        tray.snapshots.send_replace(Arc::new(snapshot([renewed])));
        tray.clock.advance(PACE);
        assert_eq!(tray.drawn().await, [], "what the tray does not show is no change of it");
        tray.snapshots.send_replace(Arc::new(snapshot([workload("notion", Phase::Unauthenticated)])));
        let drawn = tray.drawn().await;
        assert_eq!(drawn.iter().map(|face| face.lamp).collect::<Vec<_>>(), [Lamp::NeedsYou]);
        tray.clock.advance(Duration::from_hours(24));
        assert_eq!(tray.drawn().await, [], "nothing counts down");
    }

    #[tokio::test]
    async fn a_burst_of_changes_is_drawn_as_its_end() {
        let mut tray = followed(snapshot([workload("notion", Phase::Running)]));
        assert_eq!(tray.drawn().await.len(), 1);
        for phase in [Phase::Unauthenticated, Phase::Starting, Phase::Stopped] {
            tray.snapshots.send_replace(Arc::new(snapshot([workload("notion", phase)])));
            assert_eq!(tray.drawn().await, []);
        }
        tray.clock.advance(PACE);
        assert_eq!(tray.drawn().await, [Face::of(&tray.snapshots.borrow(), tray.clock.now().wall)]);
    }

    #[test]
    fn only_what_is_shaped_differently_is_put_in_anew() {
        let entries = |all: &Snapshot| Menu::of(all, Timestamp::UNIX_EPOCH).entries;
        let before = entries(&snapshot([workload("a", Phase::Running), workload("b", Phase::Running)]));
        let stopped = entries(&snapshot([workload("a", Phase::Running), workload("b", Phase::Stopped)]));
        // The status, a separator and a; then a separator, three buttons, a separator and Quit.
        assert_eq!(kept(&before, &stopped), (3, 6));
        assert_eq!(kept(&before, &before), (before.len(), 0));
        let more = entries(&snapshot(["a", "b", "c"].map(|name| workload(name, Phase::Running))));
        assert_eq!(kept(&before, &more), (4, 6), "what is new lies between");
    }

    #[tokio::test]
    async fn a_text_that_counts_down_is_drawn_once_a_minute() {
        let mut retrying = workload("sentry", Phase::AuthRetrying);
        let clock = VirtualClock::new();
        retrying.next_attempt_at = Some(clock.now().wall + Duration::from_secs(150));
        let mut tray = followed(snapshot([retrying]));
        let text = |face: &Face| face.menu.entries[3].text().to_owned();
        assert_eq!(tray.drawn().await.iter().map(text).collect::<Vec<_>>(), ["~ sentry — next try in 3 min"]);
        tray.clock.advance(Duration::from_millis(29_999));
        assert_eq!(tray.drawn().await, []);
        tray.clock.advance(Duration::from_millis(1));
        assert_eq!(tray.drawn().await.iter().map(text).collect::<Vec<_>>(), ["~ sentry — next try in 2 min"]);
        tray.clock.advance(Duration::from_mins(1));
        assert_eq!(tray.drawn().await.iter().map(text).collect::<Vec<_>>(), ["~ sentry — next try in a minute"]);
        tray.clock.advance(Duration::from_mins(1));
        assert_eq!(tray.drawn().await.iter().map(text).collect::<Vec<_>>(), ["~ sentry — trying now"]);
        tray.clock.advance(Duration::from_hours(1));
        assert_eq!(tray.drawn().await, []);
    }
}
