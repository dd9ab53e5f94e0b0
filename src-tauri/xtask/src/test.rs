//! The proof, from nothing: what is needed, the checks, the rules on their own, then everything.

use anyhow::Result;

use crate::process::{cargo, run, say};
use crate::{check, tools};

/// Installs, checks and tests; needs nobody at the keyboard.
///
/// # Errors
/// With the first step that fails.
pub(crate) fn test() -> Result<()> {
    say("1/4  what the tests need: a keyring, a session bus, and servers made by others");
    tools::prepare_tests()?;
    say("2/4  checks: form, lints, documentation, dependencies");
    check::check()?;
    say("3/4  the rules on their own, without an async runtime");
    run(&mut cargo(["test", "--package", "lamplighter-core"]))?;
    say("4/4  everything else, up to the whole product against the servers made by others");
    run(&mut cargo(["test", "--workspace", "--exclude", "lamplighter-core"]))?;
    say("All checks and all tests passed.");
    Ok(())
}
