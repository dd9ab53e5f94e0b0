//! A process that was started here: its lines are read, and it never outlives whoever started it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::patience::within;

/// A running process.
pub struct Child {
    name: String,
    process: tokio::process::Child,
    lines: Lines<BufReader<ChildStdout>>,
    errors: PathBuf,
}

impl Child {
    /// Starts `command`; what it says on standard error goes to a file in `folder`, and is shown if the test fails.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> Self {
        let errors = folder.join(format!("{name}.stderr"));
        let file = File::options().create(true).append(true).open(&errors).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).kill_on_drop(true);
        let mut process = command.spawn().unwrap_or_else(|error| {
            panic!("{name} cannot be started: {error} (`cargo xtask test` installs what is missing)")
        });
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { name: name.to_owned(), process, lines, errors }
    }

    /// The next line on its standard output.
    pub async fn line(&mut self) -> String {
        let what = format!("a line of {}", self.name);
        let line = within(&what, self.next_line()).await;
        line.unwrap_or_else(|| panic!("{} ended without saying more", self.name))
    }

    /// The next line on its standard output, however long that takes; `None` when there will be none.
    pub async fn next_line(&mut self) -> Option<String> {
        self.lines.next_line().await.unwrap()
    }

    /// All that it and its like before it have said on standard error.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap()
    }

    /// Kills it, as nobody can prevent (SIGKILL), and waits until it is gone.
    pub async fn kill(mut self) {
        self.strike();
        self.ended().await;
    }

    /// Kills it, and does not wait.
    pub fn strike(&mut self) {
        self.process.start_kill().unwrap();
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.process.id().unwrap()
    }

    /// Asks it to end (SIGTERM), and says how it did: having finished what was under way.
    pub async fn terminate(mut self) -> ExitStatus {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let ended = self.ended().await;
        let said = std::fs::read_to_string(&self.errors).unwrap();
        assert!(!said.contains("did not end within"), "{} left something undone:\n{said}", self.name);
        ended
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        within(&format!("the end of {}", self.name), self.process.wait()).await.unwrap()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        #[expect(clippy::print_stderr, reason = "it tells why the test failed")]
        if std::thread::panicking() {
            eprintln!("--- {} said:\n{}", self.name, std::fs::read_to_string(&self.errors).unwrap_or_default());
        }
    }
}
