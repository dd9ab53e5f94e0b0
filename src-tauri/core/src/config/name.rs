//! The name of a workload: a word that stands in a path, a file and a sentence.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use super::error::{ConfigError, Fault};

/// Words that name something else on our port.
pub const RESERVED: [&str; 7] = ["api", "mcp", "callback", "signin", "healthz", "metrics", "assets"];

const LONGEST: usize = 40;

/// A workload's name: `[a-z0-9-]{1,40}` and none of the [`RESERVED`] words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Parses a name.
    ///
    /// # Errors
    /// When it is empty, too long, reserved, or has other characters.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::read(text).map_err(|fault| fault.in_argument("NAME", "name"))
    }

    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let refused = |predicate: &str| {
            let hint = format!(
                "a name has 1 to {LONGEST} of the characters a-z, 0-9 and -, and is none of {}; for example {:?}",
                RESERVED.join(", "),
                suggestion(text),
            );
            Err(Fault::of(text, predicate, hint))
        };
        if text.is_empty() {
            return refused("is empty");
        }
        if !text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
            return refused("has a character that a name cannot have");
        }
        if text.len() > LONGEST {
            return refused("is too long for a name");
        }
        if RESERVED.contains(&text) {
            return refused("is a word that Lamplighter needs for itself");
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The allowed name that comes nearest to `text`.
fn suggestion(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .take(LONGEST)
        .collect();
    match plain.trim_matches('-') {
        "" => "linear".to_owned(),
        reserved if RESERVED.contains(&reserved) => format!("my-{reserved}"),
        plain => plain.to_owned(),
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Name {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        Self::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn good_names_are_taken_as_they_are() {
        for text in ["linear", "a", "0", "-", "my-server-2", &"x".repeat(40)] {
            assert_eq!(Name::parse(text).map(String::from), Ok(text.to_owned()));
        }
    }

    #[test]
    fn other_names_are_refused() {
        for text in ["", "Linear", "a b", "a_b", "a/b", "..", "é", "a\n", &"x".repeat(41)] {
            assert!(Name::parse(text).is_err(), "{text:?}");
        }
        for text in RESERVED {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_found_by_its_text() {
        let name = Name("linear".into());
        assert_eq!(name.as_ref(), "linear");
        assert!(std::collections::BTreeSet::from([name]).contains("linear"));
    }

    #[test]
    fn json_holds_only_valid_names() {
        assert_eq!(
            serde_json::from_str::<Name>("\"linear\"").map_err(|error| error.to_string()),
            Ok(Name("linear".into()))
        );
        assert!(serde_json::from_str::<Name>("\"api\"").is_err());
        assert_eq!(serde_json::to_value(Name("linear".into())).map_err(|error| error.to_string()), Ok("linear".into()));
    }

    proptest! {
        #[test]
        fn every_suggestion_is_a_name(text in "\\PC*") {
            prop_assert!(Name::parse(&suggestion(&text)).is_ok());
        }
    }
}
