//! The window: a program of its own, so that everything a webview costs is given back when it is closed.
//!
//! Here is the resident's side: it starts the program, tells it through its standard input what to show, and takes from
//! its standard output what it says, as [`process`] has it. [`page`] is the other side.

mod page;
mod process;

use std::io;
use std::process::{ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use lamplighter_core::condition::HostTrouble;
use lamplighter_engine::api::WindowRequest;
use lamplighter_engine::ports::Clock;
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};

use crate::clipboard::Clipboard;
use crate::host::Troubles;
use crate::{give_up, program};

pub(crate) use self::page::run;

/// The code that the window's process ends with when it reaches no display.
const NO_DISPLAY: u8 = 4;

/// What the resident tells the window, a line of JSON each. The end of the stream ends the window.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    /// Come to the front, at this place, and say by the number when it can be seen.
    Show { number: u64, place: WindowRequest },
}

/// What the window tells the resident, a line of JSON each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// It can be seen, as it was told under this number; 0 is what it was started for.
    Shown(u64),
    /// Put this on the clipboard.
    Copy(String),
}

/// Why the window is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotShown {
    /// The display that this program was started on is gone.
    #[error("the display that Lamplighter was started on cannot be reached")]
    NoDisplay,
    /// Its process could not be started, ended at once, or shows nothing.
    #[error("its program does not run; the log says more")]
    BrokeDown,
}

/// The window, whether it is open or not.
#[derive(Clone)]
pub(crate) struct Window {
    clipboard: Clipboard,
    troubles: Troubles,
    clock: Arc<dyn Clock>,
    begin: Arc<Begin>,
    /// To the one that is open.
    open: Arc<Mutex<Option<mpsc::UnboundedSender<Wish>>>>,
}

/// Starts the window's process at a place.
type Begin = dyn Fn(&WindowRequest) -> io::Result<Child> + Send + Sync;

/// That the window be seen at a place.
struct Wish {
    place: WindowRequest,
    /// Who wait for it.
    fulfilled: Vec<oneshot::Sender<Result<(), NotShown>>>,
}

impl Wish {
    /// Tells everybody who waits.
    fn end(self, how: Result<(), NotShown>) {
        for fulfilled in self.fulfilled {
            // Whoever asked may have gone.
            let _ = fulfilled.send(how);
        }
    }
}

impl Window {
    /// A window that is not open. `troubles` hears of a display that is gone.
    pub(crate) fn new(troubles: Troubles, clock: Arc<dyn Clock>) -> Self {
        Self::begun_by(Arc::new(start), troubles, clock)
    }

    fn begun_by(begin: Arc<Begin>, troubles: Troubles, clock: Arc<dyn Clock>) -> Self {
        Self { clipboard: Clipboard::default(), troubles, clock, begin, open: Arc::default() }
    }

    /// Shows the window at `place`: opens it, or brings the open one to the front. Ready when it can be seen.
    ///
    /// # Errors
    /// When it cannot be shown.
    pub(crate) async fn show(&self, place: WindowRequest) -> Result<(), NotShown> {
        let (fulfilled, done) = oneshot::channel();
        self.ask(Wish { place, fulfilled: vec![fulfilled] });
        let shown = done.await.unwrap_or(Err(NotShown::BrokeDown));
        match shown {
            Ok(()) => self.troubles.clear(&HostTrouble::NoDisplay),
            Err(NotShown::NoDisplay) => self.troubles.raise(HostTrouble::NoDisplay),
            Err(NotShown::BrokeDown) => false,
        };
        shown
    }

    /// Closes the window, if it is open.
    pub(crate) fn close(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Puts `text` on the clipboard. May take a moment: not for the engine's thread.
    pub(crate) fn copy(&self, text: String) -> Result<(), arboard::Error> {
        self.clipboard.copy(text)
    }

    /// Passes `wish` on to the window that is open, or else to a new one.
    fn ask(&self, wish: Wish) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let wish = match open.as_ref() {
            Some(window) => match window.send(wish) {
                Ok(()) => return,
                Err(mpsc::error::SendError(wish)) => wish,
            },
            None => wish,
        };
        match (self.begin)(&wish.place) {
            Ok(process) => {
                let (window, wishes) = mpsc::unbounded_channel();
                tokio::spawn(process::attend(process, wish, wishes, self.clone()));
                *open = Some(window);
            }
            Err(error) => {
                tracing::error!(%error, "the window's process cannot be started");
                wish.end(Err(NotShown::BrokeDown));
            }
        }
    }
}

fn start(WindowRequest { workload, screen }: &WindowRequest) -> io::Result<Child> {
    let mut command = Command::new(program::window()?);
    command.arg("--attached");
    if let Some(workload) = workload {
        command.arg("--workload").arg(workload);
    }
    if let Some(screen) = screen {
        command.arg("--screen").arg(crate::args::word(*screen));
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()
}

/// Opens a window that no resident looks after, and stays until it is closed; answers as that one does.
pub(crate) fn open_alone() -> ExitCode {
    let ended = program::window().and_then(|program| std::process::Command::new(program).status());
    match ended.map(|status| status.code().and_then(|code| u8::try_from(code).ok())) {
        Ok(code) => code.map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => give_up(1, &format!("the window cannot be opened: {error}"), "install Lamplighter anew"),
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
