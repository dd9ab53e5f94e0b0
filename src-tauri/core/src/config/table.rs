//! Reading TOML tables so that every error can say where it stands.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

use super::error::{ConfigError, Fault, nearest, quoted};

/// Words in a key that say that its value is a secret.
const SECRET: [&str; 7] = ["secret", "bearer", "password", "authorization", "access_token", "refresh_token", "api_key"];

/// The text of a settings file, and its name in errors.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text }
    }

    /// Parses the text; its tables then know where they stand.
    pub(super) fn document(&self) -> Result<Document<&'a str>, ConfigError> {
        Document::parse(self.text).map_err(|error| ConfigError {
            place: self.place(error.span()),
            // Only the parser's own words: its `Display` prints the line, and the line may hold anything.
            problem: format!("this is not TOML: {}", error.message()),
            hint: "a setting is written as key = value, text in double quotes; for example listen = \"127.0.0.1:4114\""
                .to_owned(),
            field: None,
        })
    }

    /// `file:line:column`, both counted from 1, columns in characters.
    pub(super) fn place(&self, span: Option<Range<usize>>) -> String {
        let before = span.and_then(|span| self.text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.file)
    }
}

/// One table, its keys known to be allowed.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    source: Source<'a>,
    table: &'a dyn TableLike,
    span: Option<usize>,
}

impl<'a> Section<'a> {
    /// A table whose keys are all among `known`; `title` is how it is written (`[token]`).
    pub(super) fn new(
        source: Source<'a>,
        title: &str,
        table: &'a dyn TableLike,
        span: Option<Range<usize>>,
        known: &[&str],
    ) -> Result<Self, ConfigError> {
        let section = Self { source, table, span: span.map(|span| span.start) };
        match table.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(section),
            Some((key, _)) => Err(ConfigError {
                place: section.place_of(key),
                problem: format!("{} is not a setting of {title}", quoted(key)),
                hint: hint_for_unknown(key, known),
                field: Some(key.to_owned()),
            }),
        }
    }

    /// Where the table begins.
    pub(super) fn place(&self) -> String {
        self.source.place(self.span.map(|start| start..start))
    }

    /// Where `key` stands.
    pub(super) fn place_of(&self, key: &str) -> String {
        self.source.place(self.table.key(key).and_then(toml_edit::Key::span))
    }

    /// What stands at `key`, read by `read`.
    pub(super) fn item<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Item) -> Result<T, Fault>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        read(item).map(Some).map_err(|fault| fault.in_file(self.place_of(key), key))
    }

    /// The text at `key`, read by `read`.
    pub(super) fn text<T>(
        &self,
        key: &str,
        example: &str,
        read: impl FnOnce(&'a str) -> Result<T, Fault>,
    ) -> Result<Option<T>, ConfigError> {
        self.item(key, |item| read(text(item, example)?))
    }

    /// The truth at `key`.
    pub(super) fn truth(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        self.item(key, |item| item.as_bool().ok_or_else(|| mistyped(item, "true or false", &format!("{key} = true"))))
    }

    /// The list of texts at `key`, each read by `read`; empty when there is none.
    pub(super) fn list<T>(
        &self,
        key: &str,
        example: &str,
        read: impl Fn(&'a str) -> Result<T, Fault>,
    ) -> Result<Vec<T>, ConfigError> {
        let array = self.item(key, |item| item.as_array().ok_or_else(|| mistyped(item, "a list", example).hidden()))?;
        let entry = |value: &'a Value| {
            let word =
                value.as_str().ok_or_else(|| Fault::unshown("holds something other than text", example_hint(example)));
            word.and_then(&read).map_err(|fault| fault.in_file(self.source.place(value.span()), key))
        };
        array.into_iter().flatten().map(entry).collect()
    }

    /// The table at `key`, with the keys `known`.
    pub(super) fn table(&self, key: &str, title: &str, known: &[&str]) -> Result<Option<Section<'a>>, ConfigError> {
        let Some(item) = self.table.get(key) else { return Ok(None) };
        let table = item
            .as_table_like()
            .ok_or_else(|| mistyped(item, "a table", title).hidden().in_file(self.place_of(key), key))?;
        Section::new(self.source, title, table, item.span(), known).map(Some)
    }

    /// The tables written as `[[key]]`, with the keys `known`.
    pub(super) fn tables(&self, key: &str, known: &[&str]) -> Result<Vec<Section<'a>>, ConfigError> {
        let title = format!("[[{key}]]");
        let tables = self.item(key, |item| {
            item.as_array_of_tables().ok_or_else(|| {
                Fault::unshown("is not written as tables of its own", format!("each one begins with a line {title}"))
            })
        })?;
        tables
            .into_iter()
            .flatten()
            .map(|table| Section::new(self.source, &title, table, table.span(), known))
            .collect()
    }
}

/// The text that `item` is.
pub(super) fn text<'a>(item: &'a Item, example: &str) -> Result<&'a str, Fault> {
    item.as_str().ok_or_else(|| mistyped(item, "text in quotes", example))
}

/// A value of the wrong type.
pub(super) fn mistyped(item: &Item, wanted: &str, example: &str) -> Fault {
    let predicate = format!("is {}, where {wanted} is needed", kind(item));
    let hint = example_hint(example);
    match item {
        Item::Value(Value::String(text)) => Fault::of(text.value(), predicate, hint),
        Item::Value(value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_))) => {
            Fault::literal(value.clone().decorated("", "").to_string(), predicate, hint)
        }
        Item::None | Item::Table(_) | Item::ArrayOfTables(_) | Item::Value(Value::Array(_) | Value::InlineTable(_)) => {
            Fault::unshown(predicate, hint)
        }
    }
}

fn kind(item: &Item) -> &'static str {
    match item {
        Item::Value(Value::String(_)) => "text",
        Item::Value(Value::Integer(_)) => "a whole number",
        Item::Value(Value::Float(_)) => "a number",
        Item::Value(Value::Boolean(_)) => "true or false",
        Item::Value(Value::Datetime(_)) => "a date or time",
        Item::Value(Value::Array(_)) => "a list",
        Item::Value(Value::InlineTable(_)) | Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "a list of tables",
        Item::None => "nothing",
    }
}

fn example_hint(example: &str) -> String {
    format!("for example {example}")
}

/// What is said of a key that is none of `known`.
pub(super) fn hint_for_unknown(key: &str, known: &[&str]) -> String {
    let plain = key.to_ascii_lowercase().replace('-', "_");
    if SECRET.iter().any(|word| plain.contains(word)) {
        return "secrets never stand in this file; lamplighter add takes them: --client-secret-stdin, --bearer-stdin, \
                --header K=V"
            .to_owned();
    }
    let allowed = known.join(", ");
    match nearest(&plain, known.iter().copied()) {
        Some(meant) => format!("did you mean {meant}? Allowed are {allowed}"),
        None => format!("allowed are {allowed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let source = Source::new("config.toml", "é = 1\r\nb = 2\n");
        assert_eq!(source.place(Some(0..2)), "config.toml:1:1");
        assert_eq!(source.place(Some(3..4)), "config.toml:1:3");
        assert_eq!(source.place(Some(8..9)), "config.toml:2:1");
        assert_eq!(source.place(Some(14..14)), "config.toml:3:1");
        assert_eq!(source.place(None), "config.toml:1:1");
        assert_eq!(source.place(Some(1..2)), "config.toml:1:1", "inside a character");
        assert_eq!(source.place(Some(99..100)), "config.toml:1:1", "beyond the end");
    }
}
