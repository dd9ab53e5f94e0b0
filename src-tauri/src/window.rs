//! The window: a process of its own, so that everything a webview costs is given back when it is closed.
//!
//! Here is the resident's side: it starts the process, tells it through its standard input what to show, and takes from
//! its standard output what it wants copied. [`page`] is the other side.

mod page;

use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use lamplighter_engine::api::WindowRequest;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::clipboard::Clipboard;

pub(crate) use self::page::run;

/// What the resident tells the window, a line of JSON each. The end of the stream ends the window.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    /// Come to the front, at this place.
    Show(WindowRequest),
}

/// What the window asks of the resident, a line of JSON each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    /// Put this on the clipboard.
    Copy(String),
}

/// The window, whether it is open or not.
#[derive(Clone, Default)]
pub(crate) struct Window {
    clipboard: Clipboard,
    /// To the one that is open.
    open: Arc<Mutex<Option<mpsc::UnboundedSender<WindowRequest>>>>,
}

impl Window {
    /// Shows the window at `place`: opens it, or brings the open one to the front. To be called within the runtime.
    ///
    /// # Errors
    /// When its process cannot be started.
    pub(crate) fn show(&self, place: WindowRequest) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match open.as_ref().map(|window| window.send(place.clone())) {
            Some(Ok(())) => return Ok(()),
            Some(Err(mpsc::error::SendError(place))) => place,
            None => place,
        };
        let process = start(&place)?;
        let (window, places) = mpsc::unbounded_channel();
        tokio::spawn(attend(process, places, self.clipboard.clone()));
        *open = Some(window);
        Ok(())
    }

    /// Closes the window, if it is open.
    pub(crate) fn close(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Puts `text` on the clipboard. May take a moment: not for the engine's thread.
    pub(crate) fn copy(&self, text: String) -> Result<(), arboard::Error> {
        self.clipboard.copy(text)
    }
}

fn start(WindowRequest { workload, screen }: &WindowRequest) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("window").arg("--attached");
    if let Some(workload) = workload {
        command.arg("--workload").arg(workload);
    }
    if let Some(screen) = screen {
        command.arg("--screen").arg(crate::args::word(*screen));
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()
}

/// Stays with the window's process until it ends.
async fn attend(mut process: Child, mut places: mpsc::UnboundedReceiver<WindowRequest>, clipboard: Clipboard) {
    let (Some(mut input), Some(output)) = (process.stdin.take(), process.stdout.take()) else { return };
    // Processes of the webview may hold on to the output longer than the window lasts.
    let _listening = AbortOnDropHandle::new(tokio::spawn(listen(output, clipboard)));
    loop {
        tokio::select! {
            ended = process.wait() => {
                match ended {
                    Ok(status) if status.success() => tracing::debug!("the window was closed"),
                    Ok(status) => tracing::error!(%status, "the window broke down"),
                    Err(error) => tracing::error!(%error, "the window is lost"),
                }
                return;
            }
            place = places.recv() => match place {
                Some(place) => tell(&mut input, place).await,
                // The resident ends, and the window with it.
                None => break,
            },
        }
    }
    drop(input);
    let _ = process.wait().await;
}

async fn tell(input: &mut ChildStdin, place: WindowRequest) {
    let Ok(mut line) = serde_json::to_vec(&Told::Show(place)) else { return };
    line.push(b'\n');
    if let Err(error) = input.write_all(&line).await {
        tracing::debug!(%error, "the window is just closing");
    }
}

async fn listen(output: ChildStdout, clipboard: Clipboard) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Asked::Copy(text)) => {
                let clipboard = clipboard.clone();
                match tokio::task::spawn_blocking(move || clipboard.copy(text)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "the clipboard cannot be written"),
                    Err(error) => tracing::error!(%error, "the clipboard broke down"),
                }
            }
            Err(error) => tracing::error!(%error, "the window asks for something unknown"),
        }
    }
}
