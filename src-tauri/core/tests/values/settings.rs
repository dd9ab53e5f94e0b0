//! Settings as a window shows and changes them.

use lamplighter_core::config::{
    Config, Desktop, Environment, SettingSource, Theme, TokenSetting, TokenValue, parse_token_setting,
};

fn parse(text: &str, variables: &[(&str, &str)]) -> Config {
    let environment: Environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::parse("config.toml", text, &environment).unwrap()
}

fn setting(config: &Config, key: &str) -> TokenSetting {
    config.token_settings.iter().find(|setting| setting.key == key).unwrap().clone()
}

#[test]
fn the_tray_app_has_settings_of_its_own() {
    assert_eq!(parse("", &[]).desktop, Desktop { notifications: true, theme: Theme::System });
    assert_eq!(parse("[desktop]\n", &[]).desktop, Desktop::default());
    for theme in [Theme::System, Theme::Light, Theme::Dark] {
        let text = format!("[desktop]\nnotifications = false\ntheme = {:?}\n", theme.as_str());
        assert_eq!(parse(&text, &[]).desktop, Desktop { notifications: false, theme });
    }
}

#[test]
fn a_setting_tells_who_said_it() {
    let text = "[token]\ncaller_wait = \"90s\"\nrefresh_max_tries = 3\ntrigger_settle = \"1s\"\n";
    let variables =
        [("TOOLHIVE_TOKEN_REFRESH_MAX_TRIES", "4"), ("LAMPLIGHTER_TRIGGER_SETTLE", "3s"), ("LAMPLIGHTER_LOG", "info")];
    let config = parse(text, &variables);
    let told = |key: &str, value: &str, default: &str, source, variable: &str| TokenSetting {
        key: key.to_owned(),
        value: value.to_owned(),
        default: default.to_owned(),
        source,
        variable: variable.to_owned(),
    };
    let waits = told("caller_wait", "1m30s", "10s", SettingSource::File, "LAMPLIGHTER_TOKEN_CALLER_WAIT");
    assert_eq!(setting(&config, "caller_wait"), waits);
    let tries = told("refresh_max_tries", "4", "5", SettingSource::Environment, "TOOLHIVE_TOKEN_REFRESH_MAX_TRIES");
    assert_eq!(setting(&config, "refresh_max_tries"), tries);
    assert_eq!(setting(&config, "trigger_settle").source, SettingSource::Environment);
    assert_eq!(setting(&config, "refresh_margin").source, SettingSource::Default);
}

#[test]
fn where_nobody_says_anything_every_setting_has_its_default() {
    let config = parse("", &[]);
    assert_eq!(config.token_settings, Config::default().token_settings);
    assert_eq!(config.token_settings.len(), 9);
    for setting in &config.token_settings {
        assert_eq!((&setting.value, setting.source), (&setting.default, SettingSource::Default), "{}", setting.key);
        assert!(setting.variable.starts_with("LAMPLIGHTER_"), "{}", setting.variable);
    }
}

#[test]
fn a_value_is_read_as_the_file_would() {
    assert_eq!(parse_token_setting("caller_wait", "1h30m"), Ok(TokenValue::Span("1h30m".to_owned())));
    assert_eq!(parse_token_setting("refresh_margin", "5m"), Ok(TokenValue::Span("5m".to_owned())));
    assert_eq!(parse_token_setting("refresh_max_tries", "7"), Ok(TokenValue::Count(7)));
    for (key, text) in [("caller_wait", ""), ("caller_wait", "7"), ("refresh_max_tries", "7s"), ("caler_wait", "7s")] {
        let error = parse_token_setting(key, text).unwrap_err();
        assert_eq!(error.field, Some(format!("token.{key}")), "{error}");
    }
    assert!(parse_token_setting("caler_wait", "7s").unwrap_err().hint.contains("did you mean caller_wait?"));
}
