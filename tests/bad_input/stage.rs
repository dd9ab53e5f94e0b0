//! Command lines as people type them, and everything that they then read.

use std::future::{pending, ready};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use lamplighter_cli::{Browser, Out, Ports, Terminal};
use lamplighter_core::config::Environment;
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::profile::Profile;
use tokio::io::AsyncRead;

use crate::support::{Outcome, soon};

/// A command line and what surrounds it.
pub(crate) struct Typed {
    pub(crate) line: String,
    pub(crate) environment: Environment,
    pub(crate) input: Box<dyn AsyncRead + Send + Unpin>,
    /// Whether Ctrl-C comes as soon as it is waited for.
    pub(crate) interrupted: bool,
    /// With what standard output fails, where it does.
    pub(crate) fails: Option<io::ErrorKind>,
    clock: VirtualClock,
    said: Shared,
}

impl Typed {
    /// `line` without the name of the program, to be run in `profile`. Quotes hold a word that is empty.
    pub(crate) fn new(line: &str, profile: &Profile, clock: &VirtualClock) -> Self {
        let home = profile.config_dir.display().to_string();
        Self {
            line: line.to_owned(),
            environment: Environment::from([("LAMPLIGHTER_HOME".to_owned(), home)]),
            input: Box::new(tokio::io::empty()),
            // Whoever serves is told to stop as soon as it is ready.
            interrupted: line == "serve",
            fails: None,
            clock: clock.clone(),
            said: Shared::default(),
        }
    }

    /// Where what it says can be read while it runs.
    pub(crate) fn said(&self) -> Shared {
        self.said.clone()
    }

    /// Runs it to its end: the line, all that was said, and the exit code.
    pub(crate) async fn run(self) -> Outcome<String> {
        let words = self.line.split(' ').filter(|word| !word.is_empty()).map(|word| word.trim_matches('\'').to_owned());
        let arguments = std::iter::once("lamplighter".to_owned()).chain(words).map(Into::into).collect();
        let ports = Ports {
            environment: self.environment,
            clock: Arc::new(self.clock),
            zone: TimeZone::UTC,
            input: self.input,
            browser: Box::new(NoBrowser),
            interrupted: if self.interrupted { Box::pin(ready(())) } else { Box::pin(pending()) },
        };
        let answers: Box<dyn io::Write + Send> = match self.fails {
            Some(why) => Box::new(Refusing(why)),
            None => Box::new(self.said.clone()),
        };
        let out = Out::new(answers, Box::new(self.said.clone()), Terminal::default());
        let code = soon("the command ends", Box::pin(lamplighter_cli::run(arguments, ports, out))).await?;
        Ok(format!("$ lamplighter {}\n{}= {}\n", self.line, self.said.text(), code as u8))
    }
}

struct NoBrowser;

impl Browser for NoBrowser {
    fn open(&self, _address: &str) -> io::Result<()> {
        Ok(())
    }
}

/// Waits until `words` have been said.
pub(crate) async fn before(said: &Shared, words: &str) -> Outcome {
    let spoken = async {
        while !said.text().contains(words) {
            tokio::task::yield_now().await;
        }
    };
    soon(words, spoken).await
}

/// Takes nothing, for this reason.
struct Refusing(io::ErrorKind);

impl io::Write for Refusing {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

/// Somewhere to write that can be read at any time.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
