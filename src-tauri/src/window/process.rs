//! The window's process, from its start to its end: what it is told, what it says, and who waits to see it. Whose wish
//! a closing window could not fulfil any more gets a new one.

use std::collections::BTreeMap;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use lamplighter_core::Moment;
use lamplighter_engine::ports::Clock;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc;

use super::{NO_DISPLAY, NotShown, Said, Told, Window, Wish};
use crate::clipboard::Clipboard;

/// How long a window may take until it can be seen.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The wishes whose fulfilment nobody has seen yet, by number, each with the time that it came.
#[derive(Default)]
struct Unseen {
    wishes: BTreeMap<u64, (Moment, Wish)>,
    last: u64,
}

/// Stays with `process`, which was started for the wish `first`, until it ends. `window`: where a new one is asked for.
pub(super) async fn attend(mut process: Child, first: Wish, mut wishes: mpsc::UnboundedReceiver<Wish>, window: Window) {
    let (Some(mut input), Some(output)) = (process.stdin.take(), process.stdout.take()) else { return };
    let clock = &*window.clock;
    let mut said = BufReader::new(output).lines();
    let mut unseen = Unseen::default();
    unseen.wishes.insert(0, (clock.now().moment, first));
    let mut was_seen = false;
    let ended = loop {
        let oldest = unseen.wishes.values().next().map(|(since, _)| *since);
        tokio::select! {
            // Processes of the webview may hold on to the output longer than the window lasts.
            ended = process.wait() => break judged(ended),
            Ok(Some(line)) = said.next_line() => match serde_json::from_str(&line) {
                Ok(Said::Shown(number)) => {
                    was_seen = true;
                    if let Some((_, wish)) = unseen.wishes.remove(&number) {
                        wish.end(Ok(()));
                    }
                }
                Ok(Said::Copy(text)) => drop(tokio::spawn(copy(window.clipboard.clone(), text))),
                Err(error) => tracing::error!(%error, "the window says something unknown"),
            },
            wish = wishes.recv() => {
                let Some(wish) = wish else {
                    // The resident ends, and the window with it: nobody is told that it cannot be seen.
                    drop(input);
                    let _ = judged(process.wait().await);
                    return unseen.end(Ok(()));
                };
                let place = wish.place.clone();
                let number = unseen.add(clock.now().moment, wish);
                tell(&mut input, &Told::Show { number, place }).await;
            }
            () = late(clock, oldest) => {
                tracing::error!("the window did not show itself in time");
                let _ = process.kill().await;
                break Err(NotShown::BrokeDown);
            }
        }
    };
    // From now on a wish finds none open.
    wishes.close();
    while let Ok(wish) = wishes.try_recv() {
        unseen.add(clock.now().moment, wish);
    }
    match ended {
        // It was closed just before it could do what was wished.
        Ok(()) if was_seen => unseen.ask_anew(&window),
        Ok(()) => unseen.end(Err(NotShown::BrokeDown)),
        Err(why) => unseen.end(Err(why)),
    }
}

impl Unseen {
    /// The number of `wish`, which came `now`.
    fn add(&mut self, now: Moment, wish: Wish) -> u64 {
        self.last += 1;
        self.wishes.insert(self.last, (now, wish));
        self.last
    }

    fn end(self, how: Result<(), NotShown>) {
        for (_, wish) in self.wishes.into_values() {
            wish.end(how);
        }
    }

    /// One window is enough for all: at the place that was wished for last.
    fn ask_anew(self, window: &Window) {
        let joined = self.wishes.into_values().map(|(_, wish)| wish).reduce(|mut earlier, last| {
            earlier.fulfilled.extend(last.fulfilled);
            Wish { place: last.place, ..earlier }
        });
        if let Some(wish) = joined {
            window.ask(wish);
        }
    }
}

/// Ready when what came at `since` has waited too long.
async fn late(clock: &dyn Clock, since: Option<Moment>) {
    match since {
        Some(since) => clock.sleep_until(since + PATIENCE).await,
        None => std::future::pending().await,
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

async fn tell(input: &mut ChildStdin, told: &Told) {
    let Ok(mut line) = serde_json::to_vec(told) else { return };
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
