//! What people install: the tray app, the command line, and what starts the app with the session.
//!
//! What a package holds and how it is described is said by `src-tauri/tauri.conf.json` and `src-tauri/bundle`; here is
//! added what is known only once the programs are built.

mod conffiles;
mod dependencies;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::json;

use crate::process::{cargo, command, output, run, top};
use crate::{tools, ui};

/// How programs were built.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Profile {
    /// For development.
    Debug,
    /// For people.
    Release,
}

/// Makes the package of this platform: of the programs that are there, where their profile is given, else of new ones.
///
/// # Errors
/// With the first step that fails.
pub(crate) fn bundle(as_built: Option<Profile>) -> Result<()> {
    tools::prepare_bundle()?;
    let (folder, bundler_flag) = match as_built {
        Some(Profile::Debug) => ("target/debug", Some("--debug")),
        Some(Profile::Release) => ("target/release", None),
        None => {
            build()?;
            ("target/release", None)
        }
    };
    let folder = top().join(folder);
    let program = |name: &str| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let [app, window, command_line] = ["lamplighter-desktop", "lamplighter-window", "lamplighter"].map(program);

    let mut settings = json!({ "bundle": { "externalBin": [beside_the_app(&command_line)?] } });
    if cfg!(target_os = "linux") {
        settings["bundle"]["linux"]["deb"]["depends"] = dependencies::of(&[&app, &window, &command_line])?.into();
    }
    run(bundler().args(bundler_flag).arg("--config").arg(settings.to_string()))?;
    if cfg!(target_os = "linux") { conffiles::mark(&folder) } else { Ok(()) }
}

fn build() -> Result<()> {
    tools::prepare_build()?;
    ui::build()?;
    let packages = ["lamplighter-desktop", "lamplighter-cli"].map(|package| format!("--package={package}"));
    run(cargo(["build", "--release", "--locked"]).args(packages))
}

/// Tauri's, which here makes packages of programs that are built, and leaves those as they are.
fn bundler() -> Command {
    let program = "src-tauri/bundle/node_modules/@tauri-apps/cli/tauri.js";
    command("node", [program, "bundle", "--ci", "--no-binary-patching"])
}

/// Puts `program` where the bundler looks for one that is to lie beside the app: under the name of the platform. Answers
/// with what the bundler calls it, seen from its settings.
fn beside_the_app(program: &Path) -> Result<&'static str> {
    let rustc = output(&mut command("rustc", ["--version", "--verbose"]))?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let folder = top().join("target/bundle");
    let copy = folder.join(format!("lamplighter-{host}{}", std::env::consts::EXE_SUFFIX));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::copy(program, copy))
        .with_context(|| format!("cannot copy {}\nhint: `cargo xtask bundle` builds it", program.display()))?;
    Ok("../target/bundle/lamplighter")
}
