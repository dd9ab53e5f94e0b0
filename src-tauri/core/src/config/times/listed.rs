//! The token settings one by one, as a window lists and changes them.

use serde::{Deserialize, Serialize};

use super::{Origin, SETTINGS, Setting, Slot, Times, keys};
use crate::config::duration;
use crate::config::error::{ConfigError, Fault};
use crate::config::table::hint_for_unknown;
use crate::policy::Policy;

/// The margin where nobody says one.
const MARGIN: &str = "20% of the lifetime, 5m at most";

/// One token setting as it is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenSetting {
    /// Its key in `[token]`.
    pub key: String,
    /// Its value, written as in the environment.
    pub value: String,
    /// Its value where nobody says another.
    pub default: String,
    /// Who said it.
    pub source: SettingSource,
    /// The environment variable that says it, or would.
    pub variable: String,
}

/// Who said a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// Nobody.
    Default,
    /// `config.toml`.
    File,
    /// The environment, which beats the file.
    Environment,
}

/// A value that `[token]` may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenValue {
    /// A duration.
    Span(String),
    /// A number of tries.
    Count(u32),
}

/// Parses `text` as the value of `key` in `[token]`.
///
/// # Errors
/// When there is no such key, or the value is not one of its own; whether it contradicts another is not seen here.
pub fn parse_token_setting(key: &str, text: &str) -> Result<TokenValue, ConfigError> {
    let place = format!("token.{key}");
    let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
        let fault = Fault::of(key, "is not a setting of [token]", hint_for_unknown(key, &keys()));
        return Err(fault.in_argument(&place, &place));
    };
    let mut policy = Policy::default();
    setting.read_text(text, &setting.as_toml(), &mut policy).map_err(|fault| fault.in_argument(&place, &place))?;
    Ok(match setting.slot {
        Slot::Count(slot) => TokenValue::Count(*slot(&mut policy)),
        Slot::Span(_) | Slot::OptionalSpan(_) => TokenValue::Span(text.to_owned()),
    })
}

impl Times {
    /// Every setting as these times have it.
    pub(in crate::config) fn settings(&self) -> Vec<TokenSetting> {
        let described = |setting: &Setting| {
            let (source, variable) = match self.said(setting.key).map(|mention| &mention.source) {
                None => (SettingSource::Default, None),
                Some(Origin::File { .. }) => (SettingSource::File, None),
                Some(Origin::Environment { variable }) => (SettingSource::Environment, Some(variable.clone())),
            };
            TokenSetting {
                key: setting.key.to_owned(),
                value: setting.shown(self.policy),
                default: setting.shown(Policy::default()),
                source,
                variable: variable.unwrap_or_else(|| format!("LAMPLIGHTER_{}", setting.variable)),
            }
        };
        SETTINGS.iter().map(described).collect()
    }
}

impl Setting {
    /// Its value in `policy`, as people read it.
    fn shown(&self, mut policy: Policy) -> String {
        match self.slot {
            Slot::Span(slot) => duration::format(*slot(&mut policy)),
            Slot::OptionalSpan(slot) => slot(&mut policy).map_or_else(|| MARGIN.to_owned(), duration::format),
            Slot::Count(slot) => slot(&mut policy).to_string(),
        }
    }
}
