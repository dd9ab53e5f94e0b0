//! `lamplighter` as its user has it: the program, run in a profile of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::child::Child;
use crate::foreign::browser;
use crate::patience::{until, within};

/// The one workload of these tests.
pub const NAME: &str = "tools";

/// What its user has on the disk.
#[derive(Clone, Copy, Debug)]
pub enum Program {
    /// `lamplighter`.
    CommandLine,
    /// `lamplighter-desktop`.
    App,
    /// `lamplighter-window`.
    Window,
}

/// A profile, and the program to use it with.
pub struct Product {
    home: TempDir,
    environment: BTreeMap<&'static str, OsString>,
    /// Where the programs are, if not where they were built.
    installed: Option<PathBuf>,
    /// What the shell does first that becomes the program.
    preamble: String,
}

/// How a command ended.
#[derive(Debug)]
pub struct Run {
    /// Its exit code.
    pub code: i32,
    /// What it answered.
    pub stdout: String,
    /// What it remarked.
    pub stderr: String,
}

impl Product {
    /// A new profile that keeps its secrets in `secret_store`; waits are short.
    pub fn new(secret_store: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut environment = BTreeMap::from([
            ("PATH", std::env::var_os("PATH").unwrap()),
            ("BROWSER", browser().into()),
            ("LAMPLIGHTER_HOME", home.path().join("lamplighter").into()),
            ("LAMPLIGHTER_LISTEN", "127.0.0.1:0".into()),
            ("LAMPLIGHTER_SECRET_STORE", secret_store.into()),
            ("LAMPLIGHTER_TOKEN_REFRESH_INITIAL_RETRY_INTERVAL", "100ms".into()),
            ("LAMPLIGHTER_TOKEN_REFRESH_MAX_RETRY_INTERVAL", "500ms".into()),
            ("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "2".into()),
            ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "1s".into()),
            ("LAMPLIGHTER_TOKEN_CALLER_WAIT", "30s".into()),
        ]);
        for folder in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            let path = home.path().join(folder);
            std::fs::create_dir(&path).unwrap();
            environment.insert(folder, path.into());
        }
        Self { home, environment, installed: None, preamble: String::new() }
    }

    /// Sets an environment variable of all runs from now on.
    pub fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.environment.insert(name, value.into());
    }

    /// Uses the programs in `folder` from now on, and finds them on the search path, in place of those that were built.
    pub fn install(&mut self, folder: &Path) {
        let path = &self.environment["PATH"];
        let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(path));
        let path = std::env::join_paths(folders).unwrap();
        self.set("PATH", path);
        self.installed = Some(folder.to_owned());
    }

    /// Has the shell do `preamble` before it becomes the program (`"$0" "$@"`).
    #[must_use]
    pub fn after(self, preamble: impl Into<String>) -> Self {
        Self { preamble: preamble.into(), ..self }
    }

    /// Where the program keeps its files.
    pub fn profile(&self) -> PathBuf {
        self.home.path().join("lamplighter")
    }

    /// What this environment variable, the name of a folder, stands for.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.environment[name].clone().into()
    }

    /// What the engines of this profile said on standard error so far.
    pub fn log(&self) -> PathBuf {
        self.home.path().join("lamplighter.stderr")
    }

    /// `engine.json` of the running engine.
    pub fn engine_file(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.profile().join("engine.json")).unwrap()).unwrap()
    }

    /// Starts the engine, and waits until it is ready.
    pub async fn serve(&self) -> Child {
        let mut engine = self.begin(&["serve"]);
        let ready = engine.line().await;
        assert!(ready.starts_with("lamplighter is ready at http://127.0.0.1:"), "{ready}");
        engine
    }

    /// Starts a command.
    pub fn begin(&self, arguments: &[&str]) -> Child {
        self.begin_program(Program::CommandLine, arguments)
    }

    /// Starts the desktop app.
    pub fn desktop(&self, arguments: &[&str]) -> Child {
        self.begin_program(Program::App, arguments)
    }

    /// Starts a program of the product.
    pub fn begin_program(&self, program: Program, arguments: &[&str]) -> Child {
        Child::start(program.name(), self.command(program, arguments), self.home.path())
    }

    /// Where a program of the product is.
    pub fn program(&self, program: Program) -> PathBuf {
        self.installed.as_ref().map_or_else(|| program.built(), |folder| folder.join(program.name()))
    }

    /// `program` of others, where it finds what this profile's programs find.
    pub fn in_its_environment(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.home.path()).env_clear().envs(&self.environment);
        command
    }

    /// Starts such a program; what it says goes where that of this profile's programs goes.
    pub fn begin_command(&self, name: &str, command: Command) -> Child {
        Child::start(name, command, self.home.path())
    }

    /// Waits until there is an engine that can be asked.
    pub async fn until_engine(&self) {
        let file = self.profile().join("engine.json");
        until("an engine", async || file.is_file().then_some(())).await;
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(Program::CommandLine, arguments);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let ended = within(&format!("{arguments:?}"), command.output()).await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = ended.status.code().unwrap_or_else(|| panic!("{arguments:?} was ended by a signal"));
        Run { code, stdout: text(ended.stdout), stderr: text(ended.stderr) }
    }

    /// Runs a command that must succeed, and hands on what it answers.
    pub async fn done(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments).await;
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.stdout
    }

    /// Adds the workload and signs in to it.
    pub async fn sign_in(&self, url: &str) {
        self.done(&["add", NAME, url]).await;
        self.done(&["login", NAME]).await;
    }

    /// Where clients reach the workload `name`.
    pub async fn address(&self, name: &str) -> String {
        let endpoint: Value = serde_json::from_str(&self.done(&["endpoint", name, "--json"]).await).unwrap();
        endpoint["url"].as_str().unwrap().to_owned()
    }

    /// What `status --json` says of the workload.
    pub async fn status(&self) -> Value {
        let run = self.run(&["status", NAME, "--json"]).await;
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
    }

    /// Waits until `status` is as it should be.
    pub async fn until_status(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let looking = until(what, async || {
            last = self.status().await;
            is_so(&last).then(|| last.clone())
        });
        looking.await
    }

    /// Has the token refreshed now, and waits until the workload runs with it.
    pub async fn refresh(&self) -> Value {
        let before = self.until_status("it to run", |now| now["status"] == "running").await;
        let before = &before["last_success_at"];
        self.done(&["retry", NAME]).await;
        self.until_status("a refresh", |now| now["status"] == "running" && now["last_success_at"] != *before).await
    }

    /// How often the journal tells that `reason` was one to try.
    pub async fn triggers(&self, reason: &str) -> usize {
        let journal: Value = serde_json::from_str(&self.done(&["events", NAME, "--json"]).await).unwrap();
        let rows = journal["events"].as_array().unwrap().iter();
        rows.filter(|row| row["kind"] == "trigger" && row["reason_code"] == reason).count()
    }

    fn command(&self, program: Program, arguments: &[&str]) -> Command {
        // Under the loosest umask: what is private is so by the program's own doing.
        let mut command = self.in_its_environment("/bin/sh");
        command.arg("-c").arg(format!(r#"umask 000; {}exec "$0" "$@""#, self.preamble));
        command.arg(self.program(program)).args(arguments);
        command
    }
}

/// Whether a workload has the condition called `code`.
pub fn has(status: &Value, code: &str) -> bool {
    status["conditions"].as_array().unwrap().iter().any(|condition| condition["code"] == code)
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::CommandLine => "lamplighter",
            Self::App => "lamplighter-desktop",
            Self::Window => "lamplighter-window",
        }
    }

    const fn package(self) -> &'static str {
        match self {
            Self::CommandLine => "lamplighter-cli",
            Self::App | Self::Window => "lamplighter-desktop",
        }
    }

    /// Where it was built, beside this program; built now where it is missing.
    pub fn built(self) -> PathBuf {
        let own = std::env::current_exe().unwrap();
        let folder = own.parent().unwrap();
        let folder = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
        let program = folder.join(self.name());
        if !program.is_file() {
            let release = folder.ends_with("release").then_some("--release");
            let mut build = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            build.args(["build", "--quiet", "--package", self.package()]).args(release);
            let done = build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).status().unwrap();
            assert!(done.success() && program.is_file(), "{self:?} was not built at {}", program.display());
        }
        program
    }
}
