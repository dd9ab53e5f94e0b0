//! What has no state, or little: verdicts, words, notices, times.
#![cfg(test)]

mod history;
mod lookout;
mod notices;
mod settings;
mod shared;
mod time;
mod verdicts;
mod words;
