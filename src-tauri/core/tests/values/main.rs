//! What has no state, or little: verdicts, words, notices, times.
#![cfg(test)]

mod notices;
mod time;
mod verdicts;
mod words;
