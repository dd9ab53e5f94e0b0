//! What the engine wrote down of each exchange, on the clock of [`crate::exchanges`].

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use crate::exchanges::monotonic;
use crate::patience::{pause, within};

/// The engine's log, read as it grows.
pub(super) struct Log {
    file: PathBuf,
    read: u64,
    /// When the newest answer of the token endpoint was read.
    answered: Option<Timestamp>,
    /// When what it held lay beside what it was to replace, where a store says so.
    written: Option<Timestamp>,
}

/// What the engine wrote down of one answer, on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted {
    /// When it had read it.
    pub(super) read: Duration,
    /// When no end of the process could lose it any more.
    pub(super) safe: Duration,
    /// When the store had answered for it.
    pub(super) stored: Duration,
}

impl Log {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, read: 0, answered: None, written: None }
    }

    /// Passes over what was written down so far.
    pub(super) fn skip(&mut self) {
        self.news();
        (self.answered, self.written) = (None, None);
    }

    /// Whether the newest answer since the last [skip](Self::skip) was written so that no end of the process loses it.
    pub(super) fn says_safe(&mut self) -> bool {
        !self.news().is_empty() || (self.answered.is_some() && self.written.is_some())
    }

    /// The next answer that the engine stored.
    pub(super) async fn stored(&mut self) -> Noted {
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

    /// What was stored since the file was last read, oldest first.
    fn news(&mut self) -> Vec<Noted> {
        let mut file = File::open(&self.file).unwrap();
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        // A line that is being written is read when it is whole.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        let ahead = Duration::try_from(clock_gettime(ClockId::Realtime)).unwrap().checked_sub(monotonic()).unwrap();
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
                found.push(Noted { read: since(answered), safe, stored: since(at) });
            }
        }
        found
    }
}
