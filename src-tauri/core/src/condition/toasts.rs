//! The words of desktop notices.

use super::remedies::sign_in;
use super::{Cause, capitalised, lacking};
use crate::config::GrantKind;

/// As many workloads are named at most: nobody reads more, and thousands may share a toast.
const NAMED: usize = 5;

/// What a toast says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The first line.
    pub title: String,
    /// One or two sentences.
    pub body: String,
}

/// The person asked for `name` to be signed in, and it is.
#[must_use]
pub fn signed_in(name: &str) -> Words {
    Words { title: format!("{name} is signed in"), body: "Clients can use it again.".to_owned() }
}

/// The person asked for `name` to be signed in, and it is not; `reason` is a sentence without a full stop.
#[must_use]
pub fn not_signed_in(name: &str, reason: &str) -> Words {
    Words { title: format!("{name} is not signed in"), body: format!("{}.", capitalised(reason)) }
}

/// What the person asked for `name` was not done; `reason` is a sentence without a full stop.
#[must_use]
pub fn failed(name: &str, reason: &str) -> Words {
    Words { title: format!("{name}: that did not work"), body: format!("{}.", capitalised(reason)) }
}

/// The person asked for the window, and it cannot be shown; `reason` is a sentence without a full stop.
#[must_use]
pub fn no_window(reason: &str) -> Words {
    Words { title: "The window cannot be shown".to_owned(), body: format!("{}.", capitalised(reason)) }
}

pub(crate) fn retrying(names: &[String], cause: &Cause) -> Words {
    Words {
        title: format!("{} trying again", subject(names, "is", "are")),
        body: format!("{} Nothing to do: it goes on by itself.", statement(names, &cause.sentence())),
    }
}

pub(crate) fn recovered(names: &[String], waiting: &[String]) -> Words {
    let body = if waiting.is_empty() {
        match names {
            [_] => "The login was renewed; nothing was lost.".to_owned(),
            _ => format!("{}: every login was renewed; nothing was lost.", list(names)),
        }
    } else {
        format!("{} still being tried.", subject_listed(waiting))
    };
    Words { title: format!("{} again", subject(names, "works", "work")), body }
}

/// The words where no button signs in end with what to do, as far as one workload is spoken of.
pub(crate) fn sign_in_needed(names: &[String], grant: GrantKind, cause: &Cause) -> Words {
    let title = match (grant, names) {
        (_, [only]) => format!("{only} {}", lacking(grant)),
        (GrantKind::AuthorizationCode, _) => format!("{} servers need you to sign in", names.len()),
        (GrantKind::ClientCredentials, _) => format!("{} servers are not signed in", names.len()),
        (GrantKind::Bearer, _) => format!("{} servers need a new token", names.len()),
    };
    let body = statement(names, &cause.sentence());
    match (grant, names) {
        (GrantKind::ClientCredentials | GrantKind::Bearer, [only]) => {
            Words { title, body: format!("{body} {}", sign_in(only, grant, Some(cause))) }
        }
        (GrantKind::AuthorizationCode | GrantKind::ClientCredentials | GrantKind::Bearer, _) => Words { title, body },
    }
}

pub(crate) fn not_stored(names: &[String]) -> Words {
    let title = match names {
        [only] => format!("{only}: login not saved yet"),
        _ => format!("{} logins not saved yet", names.len()),
    };
    let body = "the renewed login works, but could not be saved; it is tried again until it holds";
    Words { title, body: statement(names, body) }
}

/// `linear is`, or `3 servers are`.
fn subject(names: &[String], one: &str, many: &str) -> String {
    match names {
        [only] => format!("{only} {one}"),
        _ => format!("{} servers {many}", names.len()),
    }
}

/// `linear is`, or `linear and notion are`.
fn subject_listed(names: &[String]) -> String {
    format!("{} {}", list(names), if names.len() == 1 { "is" } else { "are" })
}

/// The sentence, with the names before it where the title does not name them.
fn statement(names: &[String], sentence: &str) -> String {
    match names {
        [_] => format!("{}.", capitalised(sentence)),
        _ => format!("{}: {sentence}.", list(names)),
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., last] if names.len() <= NAMED => format!("{} and {last}", others.join(", ")),
        [_, _, ..] => format!("{} and {} others", names[..NAMED - 1].join(", "), names.len() - (NAMED - 1)),
    }
}
