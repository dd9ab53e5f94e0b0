//! The exit codes that programs may rely on.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Bad usage or a bad setting.
    Usage = 2,
    /// No engine is running.
    NoEngine = 3,
    /// No such workload.
    NoSuchWorkload = 4,
    /// Another engine holds the profile.
    Held = 5,
    /// The workload is trying again: not the person's turn.
    TryingAgain = 10,
    /// The workload needs the person.
    NeedsYou = 11,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
