//! Evidence, and what is searched for in it. Knows nothing of where either comes from.

use std::backtrace::Backtrace;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::Outcome;

/// Everything that was logged, at every level, of every crate, spans and their fields included.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What every thread of this process logs from now on, and says when it panics.
    pub(crate) fn of_the_process() -> Outcome<Self> {
        let log = Self::default();
        log.subscriber().try_init()?;
        let (panics, before) = (log.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            let text = format!("{panic}\nstack backtrace:\n{}\n", Backtrace::force_capture());
            panics.bytes().extend_from_slice(text.as_bytes());
            before(panic);
        }));
        Ok(log)
    }

    /// What writes into this log.
    pub(crate) fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish()
    }

    /// All of it so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Texts from everywhere, and the secrets that must not be in them.
#[derive(Default)]
pub(crate) struct Evidence {
    /// What they are called, and what they are.
    secrets: Vec<(&'static str, String)>,
    /// Which secret belongs where.
    allowed: Vec<(&'static str, &'static str)>,
    texts: Vec<(String, String)>,
}

impl Evidence {
    /// `text` must be found nowhere.
    pub(crate) fn secret(&mut self, called: &'static str, text: &str) {
        assert!(!text.is_empty(), "{called} is nothing that could be found");
        self.secrets.push((called, text.to_owned()));
    }

    /// The secret `called` belongs into `place`.
    pub(crate) fn allow(&mut self, called: &'static str, place: &'static str) {
        self.allowed.push((called, place));
    }

    /// A text from `place`.
    pub(crate) fn add(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.texts.push((place.into(), text.into()));
    }

    /// Every file in `folder` and below, under its path from there.
    pub(crate) fn add_files(&mut self, folder: &Path) -> Outcome {
        let mut folders = vec![folder.to_owned()];
        while let Some(inner) = folders.pop() {
            for entry in fs::read_dir(inner)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = match fs::read(&path) {
                    Ok(text) => text,
                    // A temporary file of the engine, which is running.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error.into()),
                };
                let place = path.strip_prefix(folder)?.display().to_string();
                self.add(place, String::from_utf8_lossy(&text));
            }
        }
        Ok(())
    }

    /// Whether there is a text from `place`.
    pub(crate) fn covers(&self, place: &str) -> bool {
        self.texts.iter().any(|(known, _)| known == place)
    }

    /// Which secret was found where, and the first line that has it: nothing here is anybody's.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let mut leaks = Vec::new();
        for (place, text) in &self.texts {
            for (called, secret) in &self.secrets {
                let allowed = self.allowed.iter().any(|(known, at)| known == called && at == place);
                if !allowed && let Some(line) = text.lines().find(|line| line.contains(secret)) {
                    leaks.push(format!("{called} in {place}: {line}"));
                }
            }
        }
        leaks
    }
}
