//! External commands: shown before they run, run at the top of the repository.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `program`, to be run at the top of the repository.
pub(crate) fn command<I: IntoIterator<Item: AsRef<OsStr>>>(program: impl AsRef<OsStr>, arguments: I) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(top());
    command
}

/// The cargo that runs this task.
pub(crate) fn cargo<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// Node.js's package manager, which on Windows is a script.
pub(crate) fn npm<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Command {
    command(if cfg!(windows) { "npm.cmd" } else { "npm" }, arguments)
}

/// Runs `command` and waits for its end.
///
/// # Errors
/// When it cannot be started or does not end well.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs `command` and waits for its end, good or bad.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    say(&format!("$ {}", shown(command)));
    command.status().with_context(|| format!("cannot start {}", shown(command)))
}

/// Runs `command` for what it prints.
///
/// # Errors
/// When it cannot be started or does not end well.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} printed something other than text", shown(command)))
}

/// The file that `program` names: on the search path, unless it is a path itself.
pub(crate) fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|file| file.is_file())
}

/// One line for the person who watches; standard output belongs to what is run.
pub(crate) fn say(line: &str) {
    // Nobody watches any more: that ends nothing.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn shown(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        Some(format!("{}={value}", name.to_string_lossy()))
    });
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy().into_owned());
    set.chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut doc = command("/somewhere/cargo", ["doc", "--no-deps"]);
        assert_eq!(shown(doc.env("RUSTDOCFLAGS", "-Dwarnings")), "RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps");
    }

    #[test]
    fn a_command_that_fails_is_named() {
        let error = run(&mut cargo(["no-such-subcommand"])).unwrap_err();
        assert!(error.to_string().starts_with("cargo no-such-subcommand ended with "), "{error}");
    }

    #[test]
    fn only_programs_that_are_there_are_found() {
        assert!(found("rustc").is_some());
        assert!(found("no-such-program-anywhere").is_none());
    }
}
