//! Notices on the desktop. Which are due is decided in core; here they are shown, put in each other's place, and what
//! the person clicks is passed on. One that cannot be shown is no reason not to try the next.

#[cfg(target_os = "linux")]
mod bus;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod notice;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use lamplighter_core::Snapshot;
use lamplighter_core::condition::HostTrouble;
use lamplighter_engine::clock::within;
use lamplighter_engine::engine::Handle;
use lamplighter_engine::ports::Clock;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::errands::Errands;
use crate::host::Troubles;
use crate::order::Order;
use crate::tray::lamp::Lamp;

pub(crate) use self::notice::{Notice, Stays};

/// How long the desktop may take to show one.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a notice that asks for a sign-in stays when none is needed any more: long enough for the outcome to take its
/// place, where it was asked for here.
const ANSWERED: Duration = Duration::from_secs(1);

/// As many notices are remembered, so that they can be replaced and clicked.
const REMEMBERED: usize = 32;

/// Who shows notices.
pub(crate) trait Board: Send + Sync + 'static {
    /// Shows `notice`, in place of the one that it called `replaced`.
    fn show<'a>(&'a self, notice: &'a Notice, replaced: Option<u32>) -> BoxFuture<'a, Result<Shown, NotShown>>;

    /// Takes down the notice that it called `number`, if it is still there.
    fn take_down(&self, number: u32) -> BoxFuture<'_, ()>;
}

/// A notice that is being shown.
pub(crate) struct Shown {
    /// What the desktop calls it.
    pub(crate) number: u32,
    /// Ready when the person clicks it, or it is gone (`None`).
    pub(crate) clicked: BoxFuture<'static, Option<Click>>,
}

/// What the person clicks.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "notices tell of clicks on Linux alone"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Click {
    /// The notice itself.
    Body,
    /// Its Sign in button.
    SignIn,
}

/// Why a notice was not shown.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotShown(pub(crate) Box<dyn std::error::Error + Send + Sync>);

/// The board of this desktop.
pub(crate) fn system() -> Arc<dyn Board> {
    #[cfg(target_os = "linux")]
    let board = bus::Bus;
    #[cfg(not(target_os = "linux"))]
    let board = elsewhere::Elsewhere;
    Arc::new(board)
}

/// Asks for notices beside those of the engine.
#[derive(Clone)]
pub(crate) struct Announce(mpsc::UnboundedSender<Notice>);

impl Announce {
    pub(crate) fn send(&self, notice: Notice) {
        // Without anybody to show it, it has been logged at least.
        let _ = self.0.send(notice);
    }
}

/// Shows notices one after the other.
pub(crate) struct Notices {
    board: Arc<dyn Board>,
    asked: mpsc::UnboundedReceiver<Notice>,
    troubles: Troubles,
    clock: Arc<dyn Clock>,
    shown: VecDeque<Remembered>,
}

/// A notice that was shown, and may be still.
struct Remembered {
    notice: Notice,
    number: u32,
    _waiting: AbortOnDropHandle<()>,
}

impl Notices {
    pub(crate) fn new(board: Arc<dyn Board>, troubles: Troubles, clock: Arc<dyn Clock>) -> (Self, Announce) {
        let (announce, asked) = mpsc::unbounded_channel();
        (Self { board, asked, troubles, clock, shown: VecDeque::new() }, Announce(announce))
    }

    /// Shows the notices of `engine` as they fall due, and those that are asked for, as long as there is an engine.
    pub(crate) async fn run(mut self, engine: Handle, errands: Errands) {
        let mut toasts = engine.toasts();
        let mut snapshots = engine.subscribe();
        let settings = engine.desktop_settings();
        let mut answered = None;
        loop {
            let look = answered.map(|moment| self.clock.sleep_until(moment));
            let notice = tokio::select! {
                Ok(()) = snapshots.changed(), if answered.is_none() => {
                    answered = Some(self.clock.now().moment + ANSWERED);
                    continue;
                }
                () = maybe(look) => {
                    answered = None;
                    let snapshot = Arc::clone(&snapshots.borrow_and_update());
                    self.take_down_answered(&snapshot).await;
                    continue;
                }
                toast = toasts.recv() => match toast {
                    Ok(toast) => Notice::from(toast),
                    Err(RecvError::Lagged(missed)) => {
                        tracing::warn!(missed, "the desktop is slow, and notices were left out");
                        continue;
                    }
                    Err(RecvError::Closed) => return,
                },
                Some(notice) = self.asked.recv() => notice,
            };
            let wanted = settings.borrow().notifications;
            if wanted {
                self.show(notice, &errands).await;
            }
        }
    }

    async fn show(&mut self, notice: Notice, errands: &Errands) {
        let replaced = self.forget(&notice);
        let shown = within(&*self.clock, PATIENCE, self.board.show(&notice, replaced)).await;
        let trouble = HostTrouble::NoNotificationDaemon;
        match shown.unwrap_or_else(|| Err(NotShown("the desktop does not answer".into()))) {
            Ok(Shown { number, clicked }) => {
                if self.troubles.clear(&trouble) {
                    tracing::info!("this desktop shows notifications now");
                }
                self.remember(notice, number, clicked, errands.clone());
            }
            Err(error) => {
                if self.troubles.raise(trouble) {
                    tracing::warn!(%error, "this desktop shows no notifications");
                }
            }
        }
    }

    /// Takes down what asks for a person whom nothing that it speaks of needs any more: they may have answered elsewhere.
    async fn take_down_answered(&mut self, snapshot: &Snapshot) {
        let needed = |name: &String| {
            snapshot.workloads.iter().any(|workload| workload.name == *name && Lamp::of(workload) == Lamp::NeedsYou)
        };
        let mut answered = Vec::new();
        self.shown.retain(|Remembered { notice, number, .. }| {
            let stays = match notice.stays {
                Stays::UntilAnswered => notice.workloads.iter().any(needed),
                Stays::Awhile | Stays::UntilSeen => true,
            };
            if !stays {
                answered.push(*number);
            }
            stays
        });
        for number in answered {
            let _ = within(&*self.clock, PATIENCE, self.board.take_down(number)).await;
        }
    }

    /// What the desktop calls the notice that `notice` takes the place of. Nobody waits for a click on that one from now on.
    fn forget(&mut self, notice: &Notice) -> Option<u32> {
        let index = self.shown.iter().rposition(|shown| notice.replaces(&shown.notice))?;
        Some(self.shown.remove(index)?.number)
    }

    fn remember(&mut self, notice: Notice, number: u32, clicked: BoxFuture<'static, Option<Click>>, errands: Errands) {
        let (asked, opens) = (notice.sign_in.clone(), notice.opens());
        let waiting = tokio::spawn(async move {
            let order = match (clicked.await, asked) {
                (Some(Click::SignIn), Some(name)) => Order::SignIn(name),
                (Some(Click::Body | Click::SignIn), _) => Order::Open(opens),
                (None, _) => return,
            };
            // In a task of its own: a notice that takes this one's place must not cut it short.
            tokio::spawn(async move { errands.run(order).await });
        });
        if self.shown.len() == REMEMBERED {
            self.shown.pop_front();
        }
        self.shown.push_back(Remembered { notice, number, _waiting: AbortOnDropHandle::new(waiting) });
    }
}

/// Ready when `wait` is; never where there is none.
async fn maybe(wait: Option<BoxFuture<'static, ()>>) {
    match wait {
        Some(wait) => wait.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
