//! What is wrong with a setting, said so that it can be put right. Must never hold a secret.

/// What is wrong with a setting: where, what, what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    /// The file with line and column, or the environment variable, or the argument.
    pub place: String,
    /// The setting that is wrong, with its value.
    pub problem: String,
    /// What is allowed, an example, what to do.
    pub hint: String,
    /// The key at fault (`url`, `name`, …).
    pub field: Option<String>,
}

/// What is wrong with a value, wherever it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The value as it may be shown; `None` where showing it could give a secret away.
    shown: Option<String>,
    /// The rest of the sentence that begins with the value.
    predicate: String,
    /// What is allowed, an example, what to do.
    hint: String,
}

impl Fault {
    /// A value that may be shown.
    pub(crate) fn of(value: &str, predicate: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { shown: Some(quoted(value)), predicate: predicate.into(), hint: hint.into() }
    }

    /// A value that may not be shown: it could hold a secret.
    pub(crate) fn unshown(predicate: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { shown: None, predicate: predicate.into(), hint: hint.into() }
    }

    /// A value that is written as `literal` and not in quotes.
    pub(crate) fn literal(literal: String, predicate: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { shown: Some(literal), predicate: predicate.into(), hint: hint.into() }
    }

    /// The same without the value: it could hold a secret.
    pub(crate) fn hidden(self) -> Self {
        Self { shown: None, ..self }
    }

    /// The value belongs to `key`, and stands at `place` of a file.
    pub(crate) fn in_file(self, place: String, key: &str) -> ConfigError {
        let subject = self.shown.map_or_else(|| key.to_owned(), |shown| format!("{key} = {shown}"));
        let problem = format!("{subject} {}", self.predicate);
        ConfigError { place, problem, hint: self.hint, field: Some(key.to_owned()) }
    }

    /// The value of `key` was read from the environment variable `variable`.
    pub(crate) fn in_environment(self, variable: &str, key: &str) -> ConfigError {
        self.alone(format!("environment variable {variable}"), key)
    }

    /// The value of `key` was given as `argument`.
    pub(crate) fn in_argument(self, argument: &str, key: &str) -> ConfigError {
        self.alone(format!("argument {argument}"), key)
    }

    fn alone(self, place: String, key: &str) -> ConfigError {
        let subject = self.shown.unwrap_or_else(|| "the value".to_owned());
        let problem = format!("{subject} {}", self.predicate);
        ConfigError { place, problem, hint: self.hint, field: Some(key.to_owned()) }
    }
}

/// `value` in quotes, on one line, and of a length that fits there.
pub(crate) fn quoted(value: &str) -> String {
    const LONGEST: usize = 80;
    match value.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{:?}…", &value[..cut]),
        None => format!("{value:?}"),
    }
}

/// The one of `known` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.6;
    known
        .into_iter()
        .map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}
