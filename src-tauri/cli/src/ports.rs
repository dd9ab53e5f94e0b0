//! The doors of a command to the outside world: what tests replace.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use lamplighter_core::config::Environment;
use lamplighter_engine::clock::SystemClock;
use lamplighter_engine::launch;
use lamplighter_engine::ports::Clock;
use tokio::io::AsyncRead;

/// What a command may ask the outside world for.
pub struct Ports {
    /// Environment variables.
    pub environment: Environment,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The zone in which people read times.
    pub zone: TimeZone,
    /// Standard input.
    pub input: Box<dyn AsyncRead + Send + Unpin>,
    /// Opens an address for the person.
    pub browser: Box<dyn Browser>,
    /// Ready when the person or the system asks the command to end.
    pub interrupted: BoxFuture<'static, ()>,
}

/// Opens an address for the person.
pub trait Browser: Send + Sync {
    /// Opens `address`.
    ///
    /// # Errors
    /// When there is no browser, or it could not be started.
    fn open(&self, address: &str) -> io::Result<()>;
}

/// Where a command says things.
pub struct Out {
    answers: Box<dyn Write + Send>,
    notes: Box<dyn Write + Send>,
    terminal: Terminal,
    /// Whether the last note is a line that the next one replaces.
    live: bool,
}

/// How things are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Columns, where standard output is a terminal.
    pub width: Option<usize>,
    /// Whether standard output shows colours.
    pub colour: bool,
    /// Whether standard error is a terminal, so that a line can be rewritten.
    pub live: bool,
}

impl Ports {
    /// The doors of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            environment: launch::environment(),
            clock: Arc::new(SystemClock::new()),
            zone: TimeZone::system(),
            input: Box::new(tokio::io::stdin()),
            browser: Box::new(SystemBrowser),
            interrupted: Box::pin(launch::interrupted()),
        }
    }
}

/// The person's browser; `$BROWSER` is honoured.
struct SystemBrowser;

impl Browser for SystemBrowser {
    fn open(&self, address: &str) -> io::Result<()> {
        webbrowser::open(address)
    }
}

impl Out {
    /// Says things to these two.
    #[must_use]
    pub fn new(answers: Box<dyn Write + Send>, notes: Box<dyn Write + Send>, terminal: Terminal) -> Self {
        Self { answers, notes, terminal, live: false }
    }

    /// Says things to standard output and standard error.
    #[must_use]
    pub fn of_process() -> Self {
        let terminal = Terminal::of_process();
        Self::new(Box::new(io::stdout()), Box::new(io::stderr()), terminal)
    }

    /// How things are shown.
    #[must_use]
    pub fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// Answers with one line (or several) on standard output, at once.
    ///
    /// # Errors
    /// When nobody takes it.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.answers, "{text}")?;
        self.answers.flush()
    }

    /// Remarks something on standard error.
    pub fn note(&mut self, text: &str) {
        // Nobody is left to be told that nobody listens.
        let _ = writeln!(self.notes, "{}{text}", self.erase());
        let _ = self.notes.flush();
        self.live = false;
    }

    /// Shows progress on standard error: a line that the next one replaces. Silent where that is no terminal.
    pub fn progress(&mut self, text: &str) {
        if self.terminal.live {
            let _ = write!(self.notes, "{}{text}", self.erase());
            let _ = self.notes.flush();
            self.live = true;
        }
    }

    /// What takes the line of progress away.
    fn erase(&self) -> &'static str {
        if self.live { "\r\u{1b}[2K" } else { "" }
    }
}

impl Terminal {
    fn of_process() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let shown = io::stdout().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            width: if shown { terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) } else { None },
            // https://no-color.org
            colour: shown && !set("NO_COLOR") && !dumb,
            live: io::stderr().is_terminal() && !dumb,
        }
    }

    /// Columns to wrap help at.
    pub(crate) fn columns(self) -> usize {
        self.width.unwrap_or(100)
    }
}
