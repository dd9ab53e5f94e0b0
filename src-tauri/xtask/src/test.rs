//! The proof, from nothing: what is needed, the web UI, the checks, the rules on their own, then everything.

use anyhow::Result;

use crate::process::{cargo, run, say};
use crate::{check, life, tools, ui};

/// Installs, checks and tests; needs nobody at the keyboard.
///
/// # Errors
/// With the first step that fails.
pub(crate) fn test() -> Result<()> {
    say("1/6  what build and tests need: a desktop's libraries and programs, and servers made by others");
    tools::prepare_build()?;
    tools::prepare_tests()?;
    say("2/6  the web UI: installed, checked, tested, built");
    ui::ui()?;
    say("3/6  checks: form, lints, documentation, bindings, dependencies");
    check::check()?;
    say("4/6  the rules on their own, without an async runtime; then months of weather in virtual time");
    run(&mut cargo(["test", "--package", "lamplighter-core"]))?;
    life::test()?;
    say("5/6  everything else, up to the whole product against the servers made by others");
    run(&mut cargo(["test", "--workspace", "--exclude", "lamplighter-core"]))?;
    say("6/6  the page in a real browser, against the real engine");
    ui::pages()?;
    say("All checks and all tests passed.");
    Ok(())
}
