//! The files of a `.deb` that belong to whoever administers the machine, which Tauri's bundler does not mark as theirs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process::{command, output, run, top};

/// What is changed or taken away in these is kept by an upgrade; a purge takes them too.
const CONFFILES: &str = "/etc/xdg/autostart/lamplighter.desktop\n";

/// Marks them in the package that lies below `folder`.
///
/// # Errors
/// When there is no package, or it cannot be written anew.
pub(super) fn mark(folder: &Path) -> Result<()> {
    let architecture = output(&mut command("dpkg", ["--print-architecture"]))?;
    let name = format!("Lamplighter_{}_{}.deb", env!("CARGO_PKG_VERSION"), architecture.trim());
    let package = folder.join("bundle/deb").join(name);

    let control = top().join("target/bundle/control");
    if control.exists() {
        fs::remove_dir_all(&control).context("cannot begin anew")?;
    }
    run(command("dpkg-deb", ["--control"]).args([&package, &control]))?;
    fs::write(control.join("conffiles"), CONFFILES)?;
    let member = control.with_file_name("control.tar.gz");
    let of_root = ["--create", "--gzip", "--owner=0", "--group=0", "--numeric-owner", "--file"];
    run(command("tar", of_root).arg(&member).arg("--directory").arg(&control).arg("."))?;
    run(command("ar", ["rD"]).args([&package, &member]))
}
