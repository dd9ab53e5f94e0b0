//! A command line that cannot be understood, said like every other failure; and help, where that was asked for.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::ports::Out;

/// Help and version go to standard output; a mistake becomes a cause and hints.
pub(crate) fn told(error: &clap::Error, out: &mut Out) -> Result<ExitCode, Failure> {
    let text = error.render();
    if error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Err(mistake(error, &text.to_string()));
    }
    let text = if out.terminal().colour { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        out.note(text.trim_end());
        return Ok(ExitCode::Usage);
    }
    out.line(text.trim_end())?;
    Ok(ExitCode::Done)
}

/// The first paragraph of clap's text is the cause; what it suggests, and the usage, are hints.
fn mistake(error: &clap::Error, text: &str) -> Failure {
    let paragraph = text.split("\n\n").next().unwrap_or(text);
    let cause = paragraph.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let suggested = suggested.into_iter().find_map(|kind| words(error.get(kind)?));
    let usage = error.get(ContextKind::Usage).and_then(words);
    let usage = usage.and_then(|usage| Some(usage.lines().next()?.trim_start_matches("Usage: ").to_owned()));
    let mut failure = Failure::new(ExitCode::Usage, cause);
    if let Some(suggested) = suggested {
        failure = failure.hint(format!("did you mean `{suggested}`?"));
    }
    match usage {
        Some(usage) => failure.hint(format!("usage: {usage}; `--help` tells more")),
        None => failure.hint("`lamplighter --help` tells how it is written"),
    }
}

fn words(value: &ContextValue) -> Option<String> {
    match value {
        ContextValue::String(text) => Some(text.clone()),
        // The likeliest is the last.
        ContextValue::Strings(texts) => texts.last().cloned(),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::None | ContextValue::Bool(_) | ContextValue::StyledStrs(_) | ContextValue::Number(_) | _ => None,
    }
}
