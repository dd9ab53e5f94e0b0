//! What the authorization server and the engine wrote down of each exchange, on the one clock that all processes share.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::patience::{pause, within};

/// A moment on the monotonic clock, since the machine was started.
#[must_use]
pub(super) fn monotonic() -> Duration {
    read(ClockId::Monotonic)
}

fn read(clock: ClockId) -> Duration {
    clock_gettime(clock).try_into().unwrap()
}

/// One request to the token endpoint, as the server saw it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) number: u64,
    /// When it came.
    pub(super) came: Duration,
    /// The status of the answer, and when that was handed to the system, from where it is with the client at once.
    pub(super) answered: Option<(u64, Duration)>,
}

/// What the server tells, as it tells it.
pub(super) struct Server {
    told: UnboundedReceiver<String>,
    exchanges: Vec<Exchange>,
}

impl Server {
    pub(super) fn new(told: UnboundedReceiver<String>) -> Self {
        Self { told, exchanges: Vec::new() }
    }

    /// The newest exchange so far.
    pub(super) fn last(&mut self) -> u64 {
        while let Ok(line) = self.told.try_recv() {
            self.note(&line);
        }
        self.exchanges.last().map_or(0, |exchange| exchange.number)
    }

    /// The first exchange after the one numbered `after`, as soon as it has come.
    pub(super) async fn arrival(&mut self, after: u64) -> Exchange {
        self.first(after, |_| true).await
    }

    /// The first exchange after the one numbered `after`, as soon as it has been answered.
    pub(super) async fn answer(&mut self, after: u64) -> Exchange {
        self.first(after, |exchange| exchange.answered.is_some()).await
    }

    /// The newest exchange after the one numbered `after`, if there is one.
    pub(super) fn newest(&self, after: u64) -> Option<Exchange> {
        self.exchanges.last().filter(|exchange| exchange.number > after).copied()
    }

    async fn first(&mut self, after: u64, is_so: impl Fn(&Exchange) -> bool) -> Exchange {
        loop {
            let found = self.exchanges.iter().find(|exchange| exchange.number > after && is_so(exchange));
            if let Some(found) = found {
                return *found;
            }
            let line = within("a request to the token endpoint", self.told.recv()).await.unwrap();
            self.note(&line);
        }
    }

    fn note(&mut self, line: &str) {
        let line: Value = serde_json::from_str(line).unwrap();
        let number = line["exchange"].as_u64().unwrap();
        let at = Duration::from_micros(line["at"].as_u64().unwrap());
        match line["status"].as_u64() {
            None => self.exchanges.push(Exchange { number, came: at, answered: None }),
            Some(status) => {
                let exchange = self.exchanges.iter_mut().find(|exchange| exchange.number == number);
                if let Some(exchange) = exchange {
                    exchange.answered = Some((status, at));
                }
            }
        }
    }
}

/// The engine's log, read as it grows.
pub(super) struct Log {
    file: PathBuf,
    read: u64,
    /// When the newest answer of the token endpoint was read.
    answered: Option<Timestamp>,
    /// When what it held lay beside what it was to replace, where a store says so.
    written: Option<Timestamp>,
}

/// The window of one answer: when the engine had read it, and when no end of the process could lose it any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    /// On the monotonic clock.
    pub(super) read: Duration,
    /// On the monotonic clock.
    pub(super) safe: Duration,
    /// When the store had answered for it, on the monotonic clock.
    pub(super) stored: Duration,
}

impl Log {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, read: 0, answered: None, written: None }
    }

    /// The next answer that the engine stored.
    pub(super) async fn stored(&mut self) -> Stored {
        let looking = async {
            loop {
                if let Some(stored) = self.news().pop() {
                    return stored;
                }
                pause(Duration::from_millis(2)).await;
            }
        };
        within("a token to be stored", looking).await
    }

    /// What was stored since this was last asked, oldest first.
    pub(super) fn news(&mut self) -> Vec<Stored> {
        let mut file = File::open(&self.file).unwrap();
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        // A line that is being written is read when it is whole.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        let ahead = read(ClockId::Realtime).checked_sub(monotonic()).unwrap();
        let mut found = Vec::new();
        for line in text[..whole].lines() {
            let Some(at) = line.split(' ').next().and_then(|time| time.parse::<Timestamp>().ok()) else { continue };
            if line.contains("the token endpoint answered") {
                (self.answered, self.written) = (Some(at), None);
            } else if line.contains("lies whole beside the one that it replaces") {
                self.written = Some(at);
            } else if line.contains("what the token endpoint gave is stored")
                && let Some(answered) = self.answered.take()
            {
                assert!(line.contains("ok=true"), "{line}");
                let since = |at: Timestamp| Duration::try_from(at.as_duration()).unwrap().checked_sub(ahead).unwrap();
                let safe = since(self.written.take().unwrap_or(at));
                found.push(Stored { read: since(answered), safe, stored: since(at) });
            }
        }
        found
    }
}
