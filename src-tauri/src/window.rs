//! The window: a program of its own, so that everything a webview costs is given back when it is closed.
//!
//! Here is the resident's side: it starts the program, tells it through its standard input what to show, and takes from
//! its standard output what it says. [`page`] is the other side.

mod page;

use std::io;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use lamplighter_core::condition::HostTrouble;
use lamplighter_engine::api::WindowRequest;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
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
    /// Come to the front, at this place.
    Show(WindowRequest),
}

/// What the window tells the resident, a line of JSON each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// It can be seen.
    Shown,
    /// Put this on the clipboard.
    Copy(String),
}

/// Why the window is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotShown {
    /// The display that this program was started on is gone.
    #[error("the display that Lamplighter was started on cannot be reached")]
    NoDisplay,
    /// Its process could not be started, or ended at once.
    #[error("its program does not run; the log says more")]
    BrokeDown,
}

/// The window, whether it is open or not.
#[derive(Clone)]
pub(crate) struct Window {
    clipboard: Clipboard,
    troubles: Troubles,
    /// To the one that is open.
    open: Arc<Mutex<Option<mpsc::UnboundedSender<Wish>>>>,
}

/// That the window be seen at a place.
struct Wish {
    place: WindowRequest,
    fulfilled: oneshot::Sender<Result<(), NotShown>>,
}

impl Window {
    /// A window that is not open. `troubles` hears of a display that is gone.
    pub(crate) fn new(troubles: Troubles) -> Self {
        Self { clipboard: Clipboard::default(), troubles, open: Arc::default() }
    }

    /// Shows the window at `place`: opens it, or brings the open one to the front. Ready when it can be seen.
    ///
    /// # Errors
    /// When it cannot be shown.
    pub(crate) async fn show(&self, place: WindowRequest) -> Result<(), NotShown> {
        let (fulfilled, done) = oneshot::channel();
        let asked = self.ask(Wish { place, fulfilled }).map_err(|error| {
            tracing::error!(%error, "the window's process cannot be started");
            NotShown::BrokeDown
        });
        let shown = match asked {
            Ok(()) => done.await.unwrap_or(Err(NotShown::BrokeDown)),
            Err(error) => Err(error),
        };
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
    fn ask(&self, wish: Wish) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let wish = match open.as_ref() {
            Some(window) => match window.send(wish) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::SendError(wish)) => wish,
            },
            None => wish,
        };
        let process = start(&wish.place)?;
        let (window, wishes) = mpsc::unbounded_channel();
        tokio::spawn(attend(process, wish, wishes, self.clipboard.clone()));
        *open = Some(window);
        Ok(())
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

/// Stays with the window's process until it ends.
async fn attend(mut process: Child, first: Wish, mut wishes: mpsc::UnboundedReceiver<Wish>, clipboard: Clipboard) {
    let (Some(mut input), Some(output)) = (process.stdin.take(), process.stdout.take()) else { return };
    let mut said = BufReader::new(output).lines();
    // Who waits to see it; nobody does from the moment that it can be seen.
    let mut waiting = Some(vec![first.fulfilled]);
    let ended = loop {
        tokio::select! {
            // Processes of the webview may hold on to the output longer than the window lasts.
            ended = process.wait() => break ended,
            Ok(Some(line)) = said.next_line() => match serde_json::from_str(&line) {
                Ok(Said::Shown) => {
                    for fulfilled in waiting.take().into_iter().flatten() {
                        let _ = fulfilled.send(Ok(()));
                    }
                }
                Ok(Said::Copy(text)) => drop(tokio::spawn(copy(clipboard.clone(), text))),
                Err(error) => tracing::error!(%error, "the window says something unknown"),
            },
            wish = wishes.recv() => {
                let Some(Wish { place, fulfilled }) = wish else {
                    // The resident ends, and the window with it.
                    drop(input);
                    break process.wait().await;
                };
                tell(&mut input, place).await;
                match &mut waiting {
                    Some(waiting) => waiting.push(fulfilled),
                    None => drop(fulfilled.send(Ok(()))),
                }
            }
        }
    };
    if let Err(why) = judged(ended) {
        for fulfilled in waiting.into_iter().flatten() {
            let _ = fulfilled.send(Err(why));
        }
    }
}

/// How the window's process ended.
fn judged(ended: io::Result<ExitStatus>) -> Result<(), NotShown> {
    match ended {
        Ok(status) if status.success() => {
            tracing::debug!("the window was closed");
            Ok(())
        }
        Ok(status) if status.code() == Some(NO_DISPLAY.into()) => {
            tracing::warn!("the window cannot be shown: no display can be reached");
            Err(NotShown::NoDisplay)
        }
        // The toolkit ends it when its display goes away, and says no more than that it failed.
        Ok(status) => {
            tracing::error!(%status, "the window broke down");
            Err(NotShown::BrokeDown)
        }
        Err(error) => {
            tracing::error!(%error, "the window is lost");
            Err(NotShown::BrokeDown)
        }
    }
}

async fn tell(input: &mut ChildStdin, place: WindowRequest) {
    let Ok(mut line) = serde_json::to_vec(&Told::Show(place)) else { return };
    line.push(b'\n');
    if let Err(error) = input.write_all(&line).await {
        tracing::debug!(%error, "the window is just closing");
    }
}

async fn copy(clipboard: Clipboard, text: String) {
    match tokio::task::spawn_blocking(move || clipboard.copy(text)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the clipboard cannot be written"),
        Err(error) => tracing::error!(%error, "the clipboard broke down"),
    }
}
