use std::fs;

use lamplighter_core::config::{Theme, TokenValue};

use super::super::{ConfigFile, EditError};
use super::*;
use crate::settings::ChangedDesktop;

/// What `text` becomes by these changes.
fn changed(text: &str, token: &[(&str, Option<TokenValue>)], desktop: ChangedDesktop) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    let token = token.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    ConfigFile::at(&path).change(&SettingsEdit { token, desktop }).unwrap();
    fs::read_to_string(path).unwrap()
}

fn timed(text: &str, key: &str, value: Option<&str>) -> String {
    changed(text, &[(key, value.map(|value| TokenValue::Span(value.to_owned())))], ChangedDesktop::default())
}

const LINEAR: &str = "[[workload]]\nname = \"linear\"\nurl = \"https://mcp.linear.app/mcp\"\n";

#[test]
fn a_table_is_made_where_there_is_none() {
    let token = "[token]\ncaller_wait = \"7s\"\n";
    assert_eq!(timed("", "caller_wait", Some("7s")), token);
    assert_eq!(timed("# mine\n", "caller_wait", Some("7s")), format!("# mine\n\n{token}"));
    assert_eq!(timed(LINEAR, "caller_wait", Some("7s")), format!("{LINEAR}\n{token}"));
    let count = [("refresh_max_tries", Some(TokenValue::Count(3)))];
    let desktop = ChangedDesktop { notifications: Some(false), theme: Some(Theme::Dark) };
    assert_eq!(
        changed(LINEAR, &count, desktop),
        format!("{LINEAR}\n[token]\nrefresh_max_tries = 3\n\n[desktop]\nnotifications = false\ntheme = \"dark\"\n")
    );
}

#[test]
fn what_stands_around_a_value_stays() {
    let text = "# times\n[token] # of all\n# patience\ncaller_wait = '8s' # enough\n\n# Linear.\n";
    assert_eq!(timed(text, "caller_wait", Some("7s")), text.replace("'8s'", "\"7s\""));
    let more = text.replace("# enough\n", "# enough\ntrigger_settle = \"1s\"\n");
    assert_eq!(timed(text, "trigger_settle", Some("1s")), more);
}

#[test]
fn inline_tables_and_dotted_keys_are_edited_as_they_are() {
    assert_eq!(
        timed("token = { caller_wait = \"8s\" } # t\n", "caller_wait", Some("7s")),
        "token = { caller_wait = \"7s\" } # t\n"
    );
    assert_eq!(timed("token.caller_wait = \"8s\"\n", "caller_wait", Some("7s")), "token.caller_wait = \"7s\"\n");
    let both = "token.caller_wait = \"8s\"\ntoken.trigger_settle = \"1s\"\n";
    assert_eq!(timed("token.caller_wait = \"8s\"\n", "trigger_settle", Some("1s")), both);
    assert_eq!(timed("token.caller_wait = \"8s\"\n", "caller_wait", None), "");
    assert_eq!(timed("token = { caller_wait = \"8s\" }\n", "caller_wait", None), "");
}

#[test]
fn a_key_goes_with_its_own_comments_and_an_empty_table_with_it() {
    let text = format!("{LINEAR}\n[token]\n# patience\ncaller_wait = \"8s\" # enough\n");
    assert_eq!(timed(&text, "caller_wait", None), LINEAR);
    assert_eq!(timed(LINEAR, "caller_wait", None), LINEAR, "what is not there is gone already");
    let kept = "[token]\ntrigger_settle = \"1s\"\n";
    assert_eq!(timed(&format!("{kept}caller_wait = \"8s\"\n"), "caller_wait", None), kept);
}

#[test]
fn comments_that_are_about_something_else_stay() {
    let text = "# times of all\n[token]\ncaller_wait = \"8s\"\n";
    assert_eq!(timed(text, "caller_wait", None), "# times of all\n[token]\n");
    let text = "[token] # of all\ncaller_wait = \"8s\"\n";
    assert_eq!(timed(text, "caller_wait", None), "[token] # of all\n");
    let text = "[token]\n# not this\n\n# but this\ncaller_wait = \"8s\"\ntrigger_settle = \"1s\"\n";
    assert_eq!(timed(text, "caller_wait", None), "[token]\n# not this\n\ntrigger_settle = \"1s\"\n");
    let text = format!("[token]\ntrigger_settle = \"1s\"\n# not this\n\ncaller_wait = \"8s\"\n\n{LINEAR}");
    let left = format!("[token]\ntrigger_settle = \"1s\"\n# not this\n\n{LINEAR}");
    assert_eq!(timed(&text, "caller_wait", None), left);
    let text = format!("# head\n\n[token]\ncaller_wait = \"8s\"\n\n{LINEAR}");
    assert_eq!(timed(&text, "caller_wait", None), format!("# head\n\n{LINEAR}"));
}

#[test]
fn a_contradiction_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, LINEAR).unwrap();
    let token = vec![("auth_retrying_max_elapsed".to_owned(), Some(TokenValue::Span("1m".to_owned())))];
    let refused = ConfigFile::at(&path).change(&SettingsEdit { token, desktop: ChangedDesktop::default() });
    assert!(
        matches!(&refused, Err(EditError::Invalid(error)) if error.field.as_deref() == Some("auth_retrying_max_elapsed"))
    );
    assert_eq!(fs::read_to_string(path).unwrap(), LINEAR);
}
