//! What programs need of the system, as Debian names it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::{command, top};

/// What is looked for only when it is needed: the certificates of the authorities that servers are trusted by.
const READ: &str = "ca-certificates";

/// The libraries that `programs` are linked with, each in the oldest version that has what they use of it, and what they
/// read.
///
/// # Errors
/// Where this is no Debian, and when a program is not there.
pub(super) fn of(programs: &[&Path]) -> Result<Vec<String>> {
    let linked = shlibdeps(programs).context(
        "cannot tell which packages the programs need\n\
         hint: a .deb is made on Debian or Ubuntu, where the libraries come from packages",
    )?;
    Ok(linked.split(", ").chain([READ]).map(str::to_owned).collect())
}

fn shlibdeps(programs: &[&Path]) -> Result<String> {
    // It works on a source package.
    let source = top().join("target/bundle");
    fs::create_dir_all(source.join("debian"))?;
    fs::write(source.join("debian/control"), "Source: lamplighter\n\nPackage: lamplighter\nArchitecture: any\n")?;
    let mut asked = command("dpkg-shlibdeps", ["-O"]);
    // Kept from the person while all is well: it would have the programs lie elsewhere.
    let answer = asked.args(programs).current_dir(&source).output().context("cannot start dpkg-shlibdeps")?;
    let told = String::from_utf8_lossy(&answer.stdout);
    match told.trim().strip_prefix("shlibs:Depends=") {
        Some(packages) if answer.status.success() => Ok(packages.to_owned()),
        Some(_) | None => bail!("{}", String::from_utf8_lossy(&answer.stderr).trim()),
    }
}
