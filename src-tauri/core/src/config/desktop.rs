//! `[desktop]`: how the tray app shows itself.

use serde::{Deserialize, Serialize};

use super::error::ConfigError;
use super::table::Section;
use super::word;

pub(super) const KEYS: [&str; 2] = ["notifications", "theme"];

/// How the tray app shows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Desktop {
    /// Whether notices are shown by the desktop.
    pub notifications: bool,
    /// The colours of the window.
    pub theme: Theme,
}

/// The colours of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Those that the desktop prefers.
    #[default]
    System,
    /// Light ones.
    Light,
    /// Dark ones.
    Dark,
}

impl Theme {
    /// The word for it in `config.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Default for Desktop {
    fn default() -> Self {
        Self { notifications: true, theme: Theme::default() }
    }
}

impl Desktop {
    pub(super) fn read(section: Option<Section<'_>>) -> Result<Self, ConfigError> {
        let Some(section) = section else { return Ok(Self::default()) };
        let default = Self::default();
        Ok(Self {
            notifications: section.truth("notifications")?.unwrap_or(default.notifications),
            theme: section.text("theme", "theme = \"dark\"", word::theme)?.unwrap_or(default.theme),
        })
    }
}
