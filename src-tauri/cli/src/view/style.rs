//! Colours, which only ever repeat what words and shapes say already.

/// How a piece of text looks where colours are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is.
    #[default]
    Plain,
    /// Set back.
    Faint,
    /// A heading.
    Bold,
    /// All well.
    Good,
    /// It mends itself.
    Warning,
    /// Something is asked of the person.
    Alarm,
}

impl Style {
    /// `text` with the escape sequences of ECMA-48 around it.
    pub(crate) fn paint(self, text: &str) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Faint => "2",
            Self::Bold => "1",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Alarm => "1;31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}
