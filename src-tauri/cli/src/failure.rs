//! Why a command failed: a cause line, then what to do about it.

use std::io;

use lamplighter_client::Error;
use lamplighter_core::config::ConfigError;
use lamplighter_engine::api::{Problem, Word};

use crate::exit::ExitCode;
use crate::ports::Out;

/// A failure, told as `error: …` and `hint: …` lines on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// How the program ends.
    pub(crate) exit: ExitCode,
    /// What went wrong; `None` where nobody listens any more.
    cause: Option<String>,
    /// What to do.
    hints: Vec<String>,
}

impl Failure {
    pub(crate) fn new(exit: ExitCode, cause: impl Into<String>) -> Self {
        Self { exit, cause: Some(cause.into()), hints: Vec::new() }
    }

    pub(crate) fn failed(cause: impl Into<String>) -> Self {
        Self::new(ExitCode::Failed, cause)
    }

    /// No engine is there to be asked.
    pub(crate) fn no_engine(cause: impl Into<String>) -> Self {
        Self::new(ExitCode::NoEngine, cause).hint("start it with `lamplighter serve`")
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says it, and answers with how the program ends.
    pub(crate) fn tell(&self, out: &mut Out) -> ExitCode {
        if let Some(cause) = &self.cause {
            out.note(&format!("error: {cause}"));
        }
        for hint in &self.hints {
            out.note(&format!("hint: {hint}"));
        }
        self.exit
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(ExitCode::Usage, error.to_string()).hint(error.hint)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let cause = error.to_string();
        match error {
            Error::NoEngine | Error::Stopped => Self::no_engine(cause),
            Error::Unreadable { .. } => Self::failed(cause).hint(
                "see that LAMPLIGHTER_HOME, where it is set, names a folder; an engine that is restarted writes the file anew",
            ),
            Error::Silent { pid, .. } => Self::new(ExitCode::NoEngine, cause).hint(format!(
                "try again; if that does not help, end process {pid} and start `lamplighter serve`"
            )),
            Error::NoSuchName(_) => Self::new(ExitCode::NoSuchWorkload, cause)
                .hint("`lamplighter list --all` shows the names that there are"),
            Error::Refused(problem) => problem.into(),
            Error::Strange(_) => Self::failed(cause)
                .hint("engine and command may be of different versions: restart the engine"),
            Error::NotUnderstood(_) => {
                Self::failed(cause).hint("engine and command are of different versions: restart the engine")
            }
            Error::Unwritable(_) => Self::failed(cause),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let exit = match problem.code {
            Word::NoSuchWorkload => ExitCode::NoSuchWorkload,
            Word::Invalid | Word::TooLarge => ExitCode::Usage,
            Word::NotFound
            | Word::MethodNotAllowed
            | Word::Malformed
            | Word::NameTaken
            | Word::NoSuchFlow
            | Word::UnknownCallback
            | Word::SignInFailed
            | Word::NotApplicable
            | Word::ConfigNotWritten
            | Word::SecretStore
            | Word::Journal
            | Word::NoWebUi
            | Word::NoWindow
            | Word::NoSimulator => ExitCode::Failed,
        };
        Self { exit, cause: Some(problem.detail), hints: problem.hint.into_iter().collect() }
    }
}

impl From<io::Error> for Failure {
    /// An answer that could not be written. Whoever closed the pipe has read enough, and is told nothing.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { exit: ExitCode::Done, cause: None, hints: Vec::new() };
        }
        Self::failed(format!("the answer could not be written: {error}"))
    }
}
