//! Carries out what the person asks for by menu or notice. What comes of it is told by a notice where it cannot be seen.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplighter_core::condition::HostTrouble;
use lamplighter_engine::api::WindowRequest;
use lamplighter_engine::engine::{ControlError, Handle, Reauthentication, SignIn, SignInOutcome};
use lamplighter_engine::host::Screen;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::browser;
use crate::host::Troubles;
use crate::notices::{Announce, Notice};
use crate::order::Order;
use crate::tray::menu::may_be_retried;
use crate::window::Window;

/// Carries out orders: cheap to clone.
#[derive(Clone)]
pub(crate) struct Errands(Arc<Inner>);

struct Inner {
    engine: Handle,
    window: Window,
    announce: Announce,
    troubles: Troubles,
    quit: CancellationToken,
    /// The sign-ins that an errand sees to its end, by workload, and what has the browser opened for it again.
    signing_in: Mutex<HashMap<String, Arc<Notify>>>,
}

impl Errands {
    pub(crate) fn new(
        engine: Handle,
        window: Window,
        announce: Announce,
        troubles: Troubles,
        quit: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner { engine, window, announce, troubles, quit, signing_in: Mutex::default() }))
    }

    /// Carries out `order`, to its end where that is soon; a sign-in is waited for.
    pub(crate) async fn run(&self, order: Order) {
        tracing::debug!(%order, "asked for");
        let engine = &self.0.engine;
        match order {
            Order::SignIn(name) => self.sign_in(&name).await,
            Order::CancelSignIn(name) => self.tell_if_refused(&name, engine.cancel_login(&name).await),
            Order::Retry(name) => self.tell_if_refused(&name, engine.retry(&name).await),
            Order::RetryAll => self.retry_all().await,
            Order::CopyAddress(name) => self.copy_address(&name).await,
            Order::Start(name) => self.tell_if_refused(&name, engine.start(&name).await),
            Order::Stop(name) => self.tell_if_refused(&name, engine.stop(&name).await),
            Order::Open(workload) => self.open(WindowRequest { workload, screen: None }).await,
            Order::AddServer => self.open(WindowRequest { workload: None, screen: Some(Screen::Add) }).await,
            Order::Settings => self.open(WindowRequest { workload: None, screen: Some(Screen::Settings) }).await,
            Order::Quit => self.0.quit.cancel(),
        }
    }

    /// Quietly where that may do, else in the browser; the outcome is told, once however often it is asked for meanwhile.
    async fn sign_in(&self, name: &str) {
        let again = match self.signing_in().entry(name.to_owned()) {
            Entry::Occupied(errand) => return errand.get().notify_waiters(),
            Entry::Vacant(none) => Arc::clone(none.insert(Arc::default())),
        };
        let told = match self.0.engine.reauthenticate(name).await {
            Ok(Reauthentication::SignedIn) => Some(Notice::signed_in(name)),
            Ok(Reauthentication::SignIn(sign_in)) => self.sign_in_with_browser(name, sign_in, &again).await,
            Err(error) => Some(refusal(name, &error)),
        };
        self.signing_in().remove(name);
        if let Some(told) = told {
            self.0.announce.send(told);
        }
    }

    /// What came of it; the browser is opened for it once more each time `again` says so.
    async fn sign_in_with_browser(&self, name: &str, mut sign_in: SignIn, again: &Notify) -> Option<Notice> {
        let ended = loop {
            self.open_browser(name, sign_in.authorization_url.clone().into()).await;
            tokio::select! {
                ended = sign_in.outcome.wait_for(Option::is_some) => break ended.ok()?.clone(),
                () = again.notified() => {}
            }
        };
        match ended? {
            SignInOutcome::SignedIn => Some(Notice::signed_in(name)),
            SignInOutcome::Failed(reason) => Some(Notice::not_signed_in(name, &reason)),
        }
    }

    async fn open_browser(&self, name: &str, address: String) {
        let no_browser = HostTrouble::NoBrowser;
        match browser::open(address).await {
            Ok(()) => {
                self.0.troubles.clear(&no_browser);
            }
            Err(error) => {
                tracing::warn!(workload = name, %error, "no browser could be opened");
                self.0.announce.send(Notice::of_condition(name, &no_browser.describe()));
                self.0.troubles.raise(no_browser);
            }
        }
    }

    fn signing_in(&self) -> MutexGuard<'_, HashMap<String, Arc<Notify>>> {
        self.0.signing_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn retry_all(&self) {
        for workload in &self.0.engine.snapshot().workloads {
            if may_be_retried(workload) {
                self.tell_if_refused(&workload.name, self.0.engine.retry(&workload.name).await);
            }
        }
    }

    async fn copy_address(&self, name: &str) {
        let endpoint = match self.0.engine.workload(name) {
            Ok(workload) => workload.endpoint,
            Err(error) => return self.refused(name, &error),
        };
        let window = self.0.window.clone();
        match tokio::task::spawn_blocking(move || window.copy(endpoint)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.0.announce.send(Notice::failed(name, &error)),
            Err(error) => tracing::error!(%error, "the clipboard broke down"),
        }
    }

    async fn open(&self, place: WindowRequest) {
        if let Err(error) = self.0.window.show(place).await {
            self.0.announce.send(Notice::no_window(&error));
        }
    }

    fn tell_if_refused(&self, name: &str, done: Result<(), ControlError>) {
        if let Err(error) = done {
            self.refused(name, &error);
        }
    }

    fn refused(&self, name: &str, error: &ControlError) {
        self.0.announce.send(refusal(name, error));
    }
}

fn refusal(name: &str, error: &ControlError) -> Notice {
    tracing::warn!(workload = name, %error, "not done");
    Notice::failed(name, error)
}
