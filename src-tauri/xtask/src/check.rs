//! What must hold before anything is run: form, lints, documentation, bindings, dependencies.

use anyhow::{Result, bail};

use crate::process::{cargo, command, output, run, say, status};
use crate::{bindings, tools, ui};

/// Checks everything, the quickest first.
///
/// # Errors
/// With the first check that fails.
pub(crate) fn check() -> Result<()> {
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    core_is_pure()?;
    tools::prepare_build()?;
    ui::built()?;
    run(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    // The private rooms too, and links to them: nobody reads these pages but who works on them.
    let doc = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    run(cargo(doc).env("RUSTDOCFLAGS", "-Dwarnings -Arustdoc::private_intra_doc_links"))?;
    bindings::check()?;
    dependencies()
}

/// The rules build, test and run without an async runtime: that is what keeps I/O out of them.
fn core_is_pure() -> Result<()> {
    let tree = output(&mut cargo(["tree", "--package", "lamplighter-core", "--target", "all", "--prefix", "none"]))?;
    if let Some(line) = tree.lines().find(|line| line.split(' ').next() == Some("tokio")) {
        bail!(
            "lamplighter-core depends on {line}\n\
             hint: cargo tree --package lamplighter-core --target all --invert tokio"
        );
    }
    Ok(())
}

/// Bans, licences and sources always; advisories where their database can be had.
fn dependencies() -> Result<()> {
    let deny = tools::cargo_deny()?;
    run(&mut command(&deny, ["--workspace", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))?;
    if status(&mut command(&deny, ["fetch", "db"]))?.success() {
        run(&mut command(&deny, ["--workspace", "check", "--disable-fetch", "advisories"]))
    } else {
        say("Security advisories were NOT checked: their database cannot be fetched from here.");
        Ok(())
    }
}
