//! What holds of everything foreign that is parsed, whatever its bytes are: one function for each kind of input, which
//! panics where a property does not hold. `cargo xtask fuzz` looks for inputs that make one panic; `tests/replay.rs`
//! runs those kept in `corpus/`, which are text as far as their kind allows, so that a person can read and write them.
//!
//! Knows the public faces only, and nothing of libFuzzer.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a fuzzer hears that a property does not hold"
)]

mod admission;
mod answer;
mod api;
mod callback;
mod challenge;
mod config;
mod documents;
mod proxy;
mod retry_after;
mod sign_in;
mod token;
mod words;

/// One kind of input: its name, and what is run on it.
pub type Target = (&'static str, fn(&[u8]));

/// Every kind of input.
pub const TARGETS: [Target; 14] = [
    ("admission", admission::admission),
    ("api_body", api::api_body),
    ("callback", callback::callback),
    ("challenge", challenge::challenge),
    ("config", config::config),
    ("device", sign_in::device),
    ("discovery", sign_in::discovery),
    ("profile_file", documents::profile_file),
    ("proxy_fields", proxy::proxy_fields),
    ("proxy_target", proxy::proxy_target),
    ("registration", sign_in::registration),
    ("retry_after", retry_after::retry_after),
    ("stored_document", documents::stored_document),
    ("token_answer", token::token_answer),
];

/// Runs `input` as the kind that is called `target`.
///
/// # Panics
/// When there is no such kind, or something that must hold does not.
pub fn run(target: &str, input: &[u8]) {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    run(input);
}
