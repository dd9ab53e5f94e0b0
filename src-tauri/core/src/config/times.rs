//! The token settings: each from the table of one workload, the environment, the table of all, or the design.

mod listed;

use std::time::Duration;

use toml_edit::Item;

use super::Environment;
use super::duration;
use super::error::{ConfigError, Fault, quoted};
use super::table::{Section, mistyped, text};
use crate::policy::Policy;

pub use self::listed::{SettingSource, TokenSetting, TokenValue, parse_token_setting};

/// One token setting: how it is called, and where its value goes.
struct Setting {
    /// Its key in `[token]` and `[workload.token]`.
    key: &'static str,
    /// Its environment variable without the prefix.
    variable: &'static str,
    /// Whether the prefix `TOOLHIVE` is read too.
    inherited: bool,
    /// A value that is allowed, as TOML.
    example: &'static str,
    slot: Slot,
}

/// The place of a setting in a [`Policy`].
enum Slot {
    Span(fn(&mut Policy) -> &mut Duration),
    OptionalSpan(fn(&mut Policy) -> &mut Option<Duration>),
    Count(fn(&mut Policy) -> &mut u32),
}

const FIRST_WAIT: &str = "refresh_initial_retry_interval";
const LONGEST_WAIT: &str = "refresh_max_retry_interval";
const TICK: &str = "auth_retrying_tick_interval";
const CEILING: &str = "auth_retrying_max_elapsed";

const SETTINGS: [Setting; 9] = [
    Setting {
        key: FIRST_WAIT,
        variable: "TOKEN_REFRESH_INITIAL_RETRY_INTERVAL",
        inherited: true,
        example: "\"10s\"",
        slot: Slot::Span(|policy| &mut policy.initial_retry_interval),
    },
    Setting {
        key: LONGEST_WAIT,
        variable: "TOKEN_REFRESH_MAX_RETRY_INTERVAL",
        inherited: true,
        example: "\"2m\"",
        slot: Slot::Span(|policy| &mut policy.max_retry_interval),
    },
    Setting {
        key: "refresh_max_tries",
        variable: "TOKEN_REFRESH_MAX_TRIES",
        inherited: true,
        example: "5",
        slot: Slot::Count(|policy| &mut policy.max_tries),
    },
    Setting {
        key: "refresh_max_elapsed_time",
        variable: "TOKEN_REFRESH_MAX_ELAPSED_TIME",
        inherited: true,
        example: "\"5m\"",
        slot: Slot::Span(|policy| &mut policy.max_elapsed_time),
    },
    Setting {
        key: TICK,
        variable: "TOKEN_AUTH_RETRYING_TICK_INTERVAL",
        inherited: true,
        example: "\"10m\"",
        slot: Slot::Span(|policy| &mut policy.auth_retrying_tick_interval),
    },
    Setting {
        key: CEILING,
        variable: "TOKEN_AUTH_RETRYING_MAX_ELAPSED",
        inherited: true,
        example: "\"24h\"",
        slot: Slot::Span(|policy| &mut policy.auth_retrying_max_elapsed),
    },
    Setting {
        key: "refresh_margin",
        variable: "TOKEN_REFRESH_MARGIN",
        inherited: false,
        example: "\"5m\"",
        slot: Slot::OptionalSpan(|policy| &mut policy.refresh_margin),
    },
    Setting {
        key: "caller_wait",
        variable: "TOKEN_CALLER_WAIT",
        inherited: false,
        example: "\"10s\"",
        slot: Slot::Span(|policy| &mut policy.caller_wait),
    },
    Setting {
        key: "trigger_settle",
        variable: "TRIGGER_SETTLE",
        inherited: false,
        example: "\"2s\"",
        slot: Slot::Span(|policy| &mut policy.trigger_settle),
    },
];

/// The keys of `[token]`, in the order of the design.
pub(super) fn keys() -> Vec<&'static str> {
    SETTINGS.iter().map(|setting| setting.key).collect()
}

/// The environment variables of all token settings, without their prefix.
pub(super) fn variables() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.variable)
}

/// A [`Policy`] in the making, which remembers who said what.
#[derive(Clone, Default)]
pub(super) struct Times {
    policy: Policy,
    mentions: Vec<Mention>,
}

/// Where a value was read, the newest last.
#[derive(Clone)]
struct Mention {
    key: &'static str,
    source: Origin,
    shown: String,
}

#[derive(Clone)]
enum Origin {
    File { place: String },
    Environment { variable: String },
}

impl Times {
    /// Lays the values of `[token]` or `[workload.token]` over these.
    pub(super) fn with_table(mut self, section: Option<Section<'_>>) -> Result<Self, ConfigError> {
        let Some(section) = section else { return Ok(self) };
        for setting in &SETTINGS {
            let read = |item| setting.read_item(item, &mut self.policy);
            if let Some(shown) = section.item(setting.key, read)? {
                let source = Origin::File { place: section.place_of(setting.key) };
                self.mentions.push(Mention { key: setting.key, source, shown });
            }
        }
        Ok(self)
    }

    /// Lays the values of the environment over these.
    pub(super) fn with_environment(mut self, environment: &Environment) -> Result<Self, ConfigError> {
        for setting in &SETTINGS {
            let Some((variable, value)) = setting.find(environment) else { continue };
            setting
                .read_text(value, &setting.as_variable(), &mut self.policy)
                .map_err(|fault| fault.in_environment(&variable, setting.key))?;
            let shown = quoted(value);
            self.mentions.push(Mention { key: setting.key, source: Origin::Environment { variable }, shown });
        }
        Ok(self)
    }

    /// The times, when none contradicts another.
    pub(super) fn policy(&self) -> Result<Policy, ConfigError> {
        let Policy { initial_retry_interval, max_retry_interval, .. } = self.policy;
        let Policy { auth_retrying_tick_interval, auth_retrying_max_elapsed, .. } = self.policy;
        self.ordered((FIRST_WAIT, initial_retry_interval), (LONGEST_WAIT, max_retry_interval))?;
        self.ordered((TICK, auth_retrying_tick_interval), (CEILING, auth_retrying_max_elapsed))?;
        Ok(self.policy)
    }

    fn ordered(&self, (small, low): (&str, Duration), (large, high): (&str, Duration)) -> Result<(), ConfigError> {
        if low <= high {
            return Ok(());
        }
        let [low, high] = [low, high].map(duration::format);
        let hint = |example: String| {
            format!("{small} is at most as long as {large}: lower the one or raise the other, for example {example}")
        };
        // The defaults agree with each other, so one of the two was said by someone.
        Err(match (self.said(small), self.said(large)) {
            (Some(said), other) => {
                let other = other.map_or_else(|| "by default".to_owned(), |other| other.source.told());
                let predicate = format!("is longer than {large}, which is {high:?} {other}");
                said.contradiction(predicate, hint(format!("{small} = {high:?}")))
            }
            (None, Some(said)) => {
                let predicate = format!("is shorter than {small}, which is {low:?} by default");
                said.contradiction(predicate, hint(format!("{large} = {low:?}")))
            }
            (None, None) => return Ok(()),
        })
    }

    fn said(&self, key: &str) -> Option<&Mention> {
        self.mentions.iter().rev().find(|mention| mention.key == key)
    }
}

impl Mention {
    fn contradiction(&self, predicate: String, hint: String) -> ConfigError {
        let fault = Fault::literal(self.shown.clone(), predicate, hint);
        match &self.source {
            Origin::File { place } => fault.in_file(place.clone(), self.key),
            Origin::Environment { variable } => fault.in_environment(variable, self.key),
        }
    }
}

impl Origin {
    fn told(&self) -> String {
        match self {
            Self::File { place } => format!("at {place}"),
            Self::Environment { variable } => format!("by {variable}"),
        }
    }
}

impl Setting {
    /// The variable that names it, and its value: ours before the inherited one.
    fn find<'a>(&self, environment: &'a Environment) -> Option<(String, &'a str)> {
        let prefixes: &[&str] = if self.inherited { &["LAMPLIGHTER", "TOOLHIVE"] } else { &["LAMPLIGHTER"] };
        prefixes.iter().find_map(|prefix| {
            let variable = format!("{prefix}_{}", self.variable);
            let value = environment.get(&variable)?;
            Some((variable, value.as_str()))
        })
    }

    /// Reads a value of a file into `policy`; answers how it is shown.
    fn read_item(&self, item: &Item, policy: &mut Policy) -> Result<String, Fault> {
        match self.slot {
            Slot::Count(slot) => {
                let number = item.as_integer().ok_or_else(|| mistyped(item, "a whole number", &self.as_toml()))?;
                *slot(policy) = u32::try_from(number).ok().filter(|count| *count > 0).ok_or_else(|| {
                    Fault::literal(number.to_string(), out_of_range(), hint_for_count(&self.as_toml()))
                })?;
                Ok(number.to_string())
            }
            Slot::Span(_) | Slot::OptionalSpan(_) => {
                let text = text(item, &self.as_toml())?;
                self.read_text(text, &self.as_toml(), policy)?;
                Ok(quoted(text))
            }
        }
    }

    /// Reads a text into `policy`.
    fn read_text(&self, text: &str, example: &str, policy: &mut Policy) -> Result<(), Fault> {
        match self.slot {
            Slot::Span(slot) => *slot(policy) = duration::parse(text, example)?,
            Slot::OptionalSpan(slot) => *slot(policy) = Some(duration::parse(text, example)?),
            Slot::Count(slot) => {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                let count = text.parse().ok().filter(|count| digits && *count > 0);
                *slot(policy) = count.ok_or_else(|| Fault::of(text, out_of_range(), hint_for_count(example)))?;
            }
        }
        Ok(())
    }

    fn as_toml(&self) -> String {
        format!("{} = {}", self.key, self.example)
    }

    fn as_variable(&self) -> String {
        format!("LAMPLIGHTER_{}={}", self.variable, self.example.trim_matches('"'))
    }
}

fn out_of_range() -> String {
    format!("is not a whole number from 1 to {}", u32::MAX)
}

fn hint_for_count(example: &str) -> String {
    format!("the first try is counted too; for example {example}")
}
