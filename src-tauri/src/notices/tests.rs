use std::collections::BTreeMap;
use std::sync::Mutex;

use lamplighter_core::config::{GrantKind, Resource};
use lamplighter_core::notice::{News, Toast};
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::engine::{Engine, NewWorkload};
use lamplighter_engine::settings::{ChangedDesktop, ChangedSettings};
use lamplighter_simulator::World;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::notice::Slot;
use super::*;
use crate::samples;
use crate::window::Window;

/// A notification daemon that does as it is told.
#[derive(Default)]
struct Daemon {
    /// What was shown, and in place of what.
    shown: Mutex<Vec<(String, Option<u32>)>>,
    /// Clicks on what was shown, by its number from 1.
    clicks: Mutex<Vec<Option<oneshot::Sender<Option<Click>>>>>,
    /// The numbers of those that were taken down.
    taken_down: Mutex<Vec<u32>>,
    mood: Mutex<Mood>,
}

#[derive(Clone, Copy, Default)]
enum Mood {
    #[default]
    Well,
    Away,
    Hanging,
}

impl Board for Daemon {
    fn show<'a>(&'a self, notice: &'a Notice, replaced: Option<u32>) -> BoxFuture<'a, Result<Shown, NotShown>> {
        let mood = *self.mood.lock().unwrap();
        Box::pin(async move {
            match mood {
                Mood::Well => {}
                Mood::Away => return Err(NotShown("nobody is there".into())),
                Mood::Hanging => return std::future::pending().await,
            }
            self.shown.lock().unwrap().push((notice.title.clone(), replaced));
            let (click, clicked) = oneshot::channel();
            let mut clicks = self.clicks.lock().unwrap();
            clicks.push(Some(click));
            let number = u32::try_from(clicks.len()).unwrap();
            Ok(Shown { number, clicked: Box::pin(async move { clicked.await.ok().flatten() }) })
        })
    }

    fn take_down(&self, number: u32) -> BoxFuture<'_, ()> {
        self.taken_down.lock().unwrap().push(number);
        Box::pin(std::future::ready(()))
    }
}

struct Stage {
    engine: Engine,
    daemon: Arc<Daemon>,
    announce: Announce,
    clock: VirtualClock,
    servers: World,
    _home: TempDir,
}

impl Stage {
    async fn set() -> Self {
        let home = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new();
        let engine = samples::engine(home.path(), &clock).await;
        let daemon = Arc::new(Daemon::default());
        let handle = engine.handle();
        let troubles = Troubles::new(handle.clone(), Vec::new());
        let (notices, announce) = Notices::new(daemon.clone(), troubles.clone(), Arc::new(clock.clone()));
        let errands = Errands::new(
            handle.clone(),
            Window::new(troubles.clone(), Arc::new(clock.clone())),
            announce.clone(),
            troubles,
            CancellationToken::new(),
        );
        tokio::spawn(notices.run(handle, errands));
        Self { engine, daemon, announce, clock, servers: World::new(), _home: home }
    }

    /// Everything that can happen now has happened.
    async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    async fn announce(&self, notice: Notice) {
        self.announce.send(notice);
        self.settle().await;
    }

    /// Something changes, and so the engine tells of everything.
    async fn change(&self) {
        self.engine.handle().set_host_conditions(vec![HostTrouble::NoBrowser]);
        self.settle().await;
    }

    /// Adds a server under `name` that needs a sign-in.
    async fn add(&self, name: &str) {
        let workload = NewWorkload {
            name: name.parse().unwrap(),
            url: self.servers.server(name).unwrap().mcp_url(),
            client_id: None,
            client_secret: None,
            scopes: Vec::new(),
            resource: Resource::default(),
            issuer: None,
            grant: GrantKind::default(),
            bearer: None,
            headers: BTreeMap::new(),
        };
        let engine = self.engine.handle();
        engine.add(workload).await.unwrap();
        let needs_you = |all: &Arc<Snapshot>| all.workloads.iter().any(|one| Lamp::of(one) == Lamp::NeedsYou);
        engine.subscribe().wait_for(needs_you).await.unwrap();
        self.settle().await;
    }

    fn mood(&self, mood: Mood) {
        *self.daemon.mood.lock().unwrap() = mood;
    }

    async fn click(&self, number: usize, click: Click) {
        let sender = self.daemon.clicks.lock().unwrap()[number - 1].take().unwrap();
        let _ = sender.send(Some(click));
        self.settle().await;
    }

    fn shown(&self) -> Vec<(String, Option<u32>)> {
        self.daemon.shown.lock().unwrap().clone()
    }

    fn conditions(&self) -> Vec<String> {
        self.engine.handle().snapshot().conditions.iter().map(|condition| condition.code.clone()).collect()
    }
}

/// A toast that asks to sign in to `workloads`.
fn asking(workloads: &[&str]) -> Notice {
    let workloads: Vec<_> = workloads.iter().map(|&name| name.to_owned()).collect();
    let sign_in = if let [only] = workloads.as_slice() { Some(only.clone()) } else { None };
    let (title, body) = ("a sign-in is needed".to_owned(), "The server ended this login.".to_owned());
    Notice::from(Toast { id: 7, title, body, workloads, sign_in, news: News::SignInNeeded })
}

#[tokio::test]
async fn a_later_notice_takes_the_place_of_an_earlier_one_in_its_slot() {
    let stage = Stage::set().await;
    stage.announce(Notice::not_signed_in("linear", "the sign-in was cancelled")).await;
    stage.announce(Notice::signed_in("notion")).await;
    stage.announce(Notice::signed_in("linear")).await;
    let titles = |title: &str, replaced| (title.to_owned(), replaced);
    assert_eq!(
        stage.shown(),
        [
            titles("linear is not signed in", None),
            titles("notion is signed in", None),
            titles("linear is signed in", Some(1))
        ]
    );
    stage.engine.stop().await;
}

#[tokio::test]
async fn a_desktop_that_shows_no_notices_is_told_of_and_tried_again() {
    let stage = Stage::set().await;
    stage.mood(Mood::Away);
    stage.announce(Notice::signed_in("linear")).await;
    assert_eq!(stage.conditions(), ["no_notification_daemon"]);
    stage.mood(Mood::Well);
    stage.announce(Notice::signed_in("notion")).await;
    assert_eq!(stage.shown(), [("notion is signed in".to_owned(), None)]);
    assert!(stage.conditions().is_empty());
    stage.engine.stop().await;
}

#[tokio::test]
async fn one_that_hangs_does_not_keep_the_next_from_being_shown() {
    let stage = Stage::set().await;
    stage.mood(Mood::Hanging);
    stage.announce(Notice::signed_in("linear")).await;
    stage.mood(Mood::Well);
    stage.announce(Notice::signed_in("notion")).await;
    assert!(stage.shown().is_empty());
    stage.clock.advance(PATIENCE);
    stage.settle().await;
    assert_eq!(stage.shown(), [("notion is signed in".to_owned(), None)]);
    stage.engine.stop().await;
}

#[tokio::test]
async fn nothing_is_shown_while_the_settings_say_so() {
    let stage = Stage::set().await;
    let switch = async |on| {
        let desktop = ChangedDesktop { notifications: Some(on), theme: None };
        let changes = ChangedSettings { desktop: Some(desktop), ..ChangedSettings::default() };
        stage.engine.handle().change_settings(changes).await.unwrap();
    };
    switch(false).await;
    stage.announce(Notice::signed_in("linear")).await;
    assert!(stage.shown().is_empty());
    switch(true).await;
    stage.announce(Notice::signed_in("notion")).await;
    assert_eq!(stage.shown(), [("notion is signed in".to_owned(), None)]);
    stage.engine.stop().await;
}

#[tokio::test]
async fn its_button_signs_in_and_the_outcome_takes_its_place() {
    let stage = Stage::set().await;
    stage.announce(Notice::not_signed_in("linear", "the sign-in was cancelled")).await;
    stage.click(1, Click::SignIn).await;
    let shown = stage.shown();
    assert_eq!(shown[1], ("linear: that did not work".to_owned(), Some(1)), "there is no such workload");
    stage.engine.stop().await;
}

#[tokio::test]
async fn a_click_on_one_that_was_replaced_does_nothing() {
    let stage = Stage::set().await;
    stage.announce(Notice::not_signed_in("linear", "the sign-in was cancelled")).await;
    stage.announce(Notice::signed_in("linear")).await;
    stage.click(1, Click::SignIn).await;
    assert_eq!(stage.shown().len(), 2);
    stage.engine.stop().await;
}

#[tokio::test]
async fn the_outcome_of_a_sign_in_takes_the_place_of_what_asked_for_it() {
    let stage = Stage::set().await;
    stage.announce(asking(&["linear"])).await;
    stage.announce(Notice::signed_in("linear")).await;
    assert_eq!(stage.shown()[1], ("linear is signed in".to_owned(), Some(1)));
    stage.engine.stop().await;
}

#[tokio::test]
async fn what_asks_for_a_sign_in_is_taken_down_when_none_is_needed_any_more() {
    let stage = Stage::set().await;
    stage.announce(asking(&["linear"])).await;
    stage.announce(Notice::signed_in("notion")).await;
    // Something changes, and there is no linear that needs a sign-in.
    stage.change().await;
    assert!(stage.daemon.taken_down.lock().unwrap().is_empty(), "the outcome may be about to take its place");
    stage.clock.advance(ANSWERED);
    stage.settle().await;
    assert_eq!(*stage.daemon.taken_down.lock().unwrap(), [1]);
    stage.announce(Notice::signed_in("linear")).await;
    assert_eq!(stage.shown()[2], ("linear is signed in".to_owned(), None));
    stage.engine.stop().await;
}

#[tokio::test]
async fn the_word_on_a_sign_in_that_failed_is_not_taken_down_where_none_is_needed() {
    let stage = Stage::set().await;
    stage.announce(Notice::not_signed_in("linear", "the sign-in was cancelled")).await;
    stage.change().await;
    stage.clock.advance(ANSWERED);
    stage.settle().await;
    assert!(stage.daemon.taken_down.lock().unwrap().is_empty(), "a server that is only tried again is not signed in");
    stage.engine.stop().await;
}

#[tokio::test]
async fn what_asks_for_several_or_has_no_button_is_taken_down_when_none_needs_it_any_more() {
    let stage = Stage::set().await;
    stage.announce(asking(&["linear", "notion"])).await;
    let pasted = Notice { slot: Slot::Toast(8), sign_in: None, ..asking(&["sentry"]) };
    stage.announce(pasted).await;
    stage.add("notion").await;
    stage.clock.advance(ANSWERED);
    stage.settle().await;
    assert_eq!(*stage.daemon.taken_down.lock().unwrap(), [2], "notion needs the person still");
    stage.engine.handle().remove("notion").await.unwrap();
    stage.settle().await;
    stage.clock.advance(ANSWERED);
    stage.settle().await;
    assert_eq!(*stage.daemon.taken_down.lock().unwrap(), [2, 1]);
    stage.engine.stop().await;
}
