//! Settings: what is read from where, and who wins.

#![expect(clippy::unwrap_used, reason = "what fails here fails a test")]

use std::time::Duration;

use lamplighter_core::Policy;
use lamplighter_core::config::{
    Config, ConfigError, Environment, GrantKind, Name, Resource, SecretStoreKind, parse_grant,
};
use proptest::prelude::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::parse("config.toml", text, &environment(variables))
}

fn token(text: &str, variables: &[(&str, &str)]) -> Policy {
    parse(text, variables).unwrap().token
}

/// The times of the one workload.
fn workload_token(text: &str, variables: &[(&str, &str)]) -> Policy {
    parse(text, variables).unwrap().workloads[0].token
}

const LINEAR: &str = "[[workload]]\nname = \"linear\"\nurl = \"https://mcp.linear.app/mcp\"\n";

#[test]
fn nothing_said_is_the_design() {
    let config = parse("", &[]).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.listen, "127.0.0.1:4114".parse().unwrap());
    assert_eq!(config.token, Policy::default());
}

#[test]
fn every_setting_is_read() {
    let text = r#"
        listen = "[::1]:0"
        secret_store = "file"
        client_metadata_url = "https://example.com/lamplighter.json"

        [token]
        refresh_initial_retry_interval = "1s"
        refresh_max_retry_interval = "2s"
        refresh_max_tries = 3
        refresh_max_elapsed_time = "4s"
        auth_retrying_tick_interval = "5s"
        auth_retrying_max_elapsed = "6s"
        refresh_margin = "7s"
        caller_wait = "8s"
        trigger_settle = "9ms"

        [[workload]]
        name = "linear"
        url = "https://mcp.linear.app/mcp"
        client_id = "lamplighter"
        scopes = ["read", "write"]
        resource = "https://mcp.linear.app"
        issuer = "https://auth.linear.app"
        grant = "client_credentials"
        headers = ["X-Api-Key"]
        stopped = true
        token.caller_wait = "1m"
    "#;
    let Config { listen, secret_store, client_metadata_url, token, mut workloads, .. } = parse(text, &[]).unwrap();
    assert_eq!(listen, "[::1]:0".parse().unwrap());
    assert_eq!(secret_store, SecretStoreKind::File);
    assert_eq!(client_metadata_url.unwrap().as_str(), "https://example.com/lamplighter.json");
    let all = Policy {
        initial_retry_interval: Duration::from_secs(1),
        max_retry_interval: Duration::from_secs(2),
        max_tries: 3,
        max_elapsed_time: Duration::from_secs(4),
        auth_retrying_tick_interval: Duration::from_secs(5),
        auth_retrying_max_elapsed: Duration::from_secs(6),
        refresh_margin: Some(Duration::from_secs(7)),
        caller_wait: Duration::from_secs(8),
        trigger_settle: Duration::from_millis(9),
    };
    assert_eq!(token, all);
    let workload = workloads.remove(0);
    assert!(workloads.is_empty());
    assert_eq!(workload.name.as_str(), "linear");
    assert_eq!(workload.url.as_str(), "https://mcp.linear.app/mcp");
    assert_eq!(workload.client_id.as_deref(), Some("lamplighter"));
    assert_eq!(workload.scopes, ["read", "write"]);
    assert_eq!(workload.resource, Resource::Fixed("https://mcp.linear.app".to_owned()));
    assert_eq!(workload.issuer.unwrap().as_str(), "https://auth.linear.app/");
    assert_eq!(workload.grant, GrantKind::ClientCredentials);
    assert_eq!(workload.headers, ["X-Api-Key"]);
    assert!(workload.stopped);
    assert_eq!(workload.token, Policy { caller_wait: Duration::from_mins(1), ..all });
}

#[test]
fn a_workload_needs_a_name_and_an_address_alone() {
    let workload = parse(LINEAR, &[]).unwrap().workloads.remove(0);
    assert_eq!(workload.client_id, None);
    assert_eq!(workload.resource, Resource::Discovered);
    assert_eq!(workload.issuer, None);
    assert_eq!(workload.grant, GrantKind::AuthorizationCode);
    assert!(workload.scopes.is_empty() && workload.headers.is_empty() && !workload.stopped);
    assert_eq!(workload.token, Policy::default());
}

#[test]
fn no_resource_is_sent_where_false_is_said() {
    let workload = parse(&format!("{LINEAR}resource = false\n"), &[]).unwrap().workloads.remove(0);
    assert_eq!(workload.resource, Resource::Omitted);
}

#[test]
fn workloads_keep_the_order_of_the_file() {
    let text: String =
        ["c", "a", "b"].map(|name| format!("[[workload]]\nname = \"{name}\"\nurl = \"https://x.example\"\n")).concat();
    let workloads = parse(&text, &[]).unwrap().workloads;
    assert_eq!(workloads.iter().map(|workload| workload.name.as_str()).collect::<Vec<_>>(), ["c", "a", "b"]);
}

#[test]
fn environment_beats_file() {
    let text = "listen = \"127.0.0.1:1\"\nsecret_store = \"file\"\nclient_metadata_url = \"https://a.example/a\"\n";
    let variables = [
        ("LAMPLIGHTER_LISTEN", "127.0.0.1:2"),
        ("LAMPLIGHTER_SECRET_STORE", "memory"),
        ("LAMPLIGHTER_CLIENT_METADATA_URL", "https://b.example/b"),
        ("LAMPLIGHTER_LOG", "debug"),
    ];
    let config = parse(text, &variables).unwrap();
    assert_eq!(config.listen, "127.0.0.1:2".parse().unwrap());
    assert_eq!(config.secret_store, SecretStoreKind::Memory);
    assert_eq!(config.client_metadata_url.unwrap().as_str(), "https://b.example/b");
    assert_eq!(config.log.as_deref(), Some("debug"));
    assert!(config.warnings.is_empty());
}

#[test]
fn each_token_setting_has_its_variable() {
    type Read = fn(&Policy) -> Duration;
    let settings: [(&str, Read); 8] = [
        ("LAMPLIGHTER_TOKEN_REFRESH_INITIAL_RETRY_INTERVAL", |policy| policy.initial_retry_interval),
        ("LAMPLIGHTER_TOKEN_REFRESH_MAX_RETRY_INTERVAL", |policy| policy.max_retry_interval),
        ("LAMPLIGHTER_TOKEN_REFRESH_MAX_ELAPSED_TIME", |policy| policy.max_elapsed_time),
        ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", |policy| policy.auth_retrying_tick_interval),
        ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_MAX_ELAPSED", |policy| policy.auth_retrying_max_elapsed),
        ("LAMPLIGHTER_TOKEN_REFRESH_MARGIN", |policy| policy.refresh_margin.unwrap()),
        ("LAMPLIGHTER_TOKEN_CALLER_WAIT", |policy| policy.caller_wait),
        ("LAMPLIGHTER_TRIGGER_SETTLE", |policy| policy.trigger_settle),
    ];
    let variables = settings.map(|(variable, _)| (variable, "11m"));
    let config = parse("", &variables).unwrap();
    assert!(config.warnings.is_empty());
    for (variable, read) in settings {
        assert_eq!(read(&config.token), Duration::from_mins(11), "{variable}");
    }
    assert_eq!(token("", &[("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "7")]).max_tries, 7);
}

#[test]
fn the_first_six_have_a_second_prefix_and_the_first_prefix_wins() {
    let variables = [
        ("TOOLHIVE_TOKEN_REFRESH_INITIAL_RETRY_INTERVAL", "1s"),
        ("TOOLHIVE_TOKEN_REFRESH_MAX_RETRY_INTERVAL", "2s"),
        ("TOOLHIVE_TOKEN_REFRESH_MAX_TRIES", "3"),
        ("TOOLHIVE_TOKEN_REFRESH_MAX_ELAPSED_TIME", "4s"),
        ("TOOLHIVE_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "5s"),
        ("TOOLHIVE_TOKEN_AUTH_RETRYING_MAX_ELAPSED", "6s"),
        ("TOOLHIVE_TOKEN_REFRESH_MARGIN", "7s"),
        ("TOOLHIVE_TOKEN_CALLER_WAIT", "8s"),
        ("TOOLHIVE_TRIGGER_SETTLE", "9s"),
    ];
    let inherited = Policy {
        initial_retry_interval: Duration::from_secs(1),
        max_retry_interval: Duration::from_secs(2),
        max_tries: 3,
        max_elapsed_time: Duration::from_secs(4),
        auth_retrying_tick_interval: Duration::from_secs(5),
        auth_retrying_max_elapsed: Duration::from_secs(6),
        ..Policy::default()
    };
    assert_eq!(token("", &variables), inherited);

    // What is not used is not judged either.
    let both = [
        ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "3m"),
        ("TOOLHIVE_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "soon"),
    ];
    assert_eq!(token("", &both).auth_retrying_tick_interval, Duration::from_mins(3));
}

#[test]
fn one_workload_beats_environment_beats_all() {
    let text = format!("[token]\ncaller_wait = \"1s\"\n{LINEAR}[workload.token]\ncaller_wait = \"3s\"\n");
    let variables = [("LAMPLIGHTER_TOKEN_CALLER_WAIT", "2s")];
    assert_eq!(token(&text, &[]).caller_wait, Duration::from_secs(1));
    assert_eq!(token(&text, &variables).caller_wait, Duration::from_secs(2));
    assert_eq!(workload_token(&text, &variables).caller_wait, Duration::from_secs(3));

    let plain = format!("[token]\ncaller_wait = \"1s\"\n{LINEAR}");
    assert_eq!(workload_token(&plain, &variables).caller_wait, Duration::from_secs(2));
    assert_eq!(workload_token(&plain, &[]).caller_wait, Duration::from_secs(1));
}

#[test]
fn times_that_agree_in_the_end_are_no_contradiction() {
    let text = "[token]\nauth_retrying_tick_interval = \"48h\"\n";
    assert!(parse(text, &[]).is_err());
    assert!(parse(text, &[("LAMPLIGHTER_TOKEN_AUTH_RETRYING_MAX_ELAPSED", "48h")]).is_ok(), "equal is not longer");
    assert!(parse(text, &[("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "1h")]).is_ok());
}

#[test]
fn an_unknown_variable_is_a_warning() {
    let variables = [
        ("LAMPLIGHTER_LISTN", "s3cret"),
        ("LAMPLIGHTER_ZZZ", "s3cret"),
        ("LAMPLIGHTER_TOKEN_TRIGGER_SETTLE", "5s"),
        ("LAMPLIGHTER_HOME", "/home"),
        ("LAMPLIGHTER_EXTRA_CA_CERTS", "/ca.pem"),
        ("TOOLHIVE_ANYTHING", "1"),
        ("LAMPLIGHTERS", "1"),
        ("PATH", "/bin"),
    ];
    let warnings = parse("", &variables).unwrap().warnings;
    assert_eq!(
        warnings,
        [
            "environment variable LAMPLIGHTER_LISTN means nothing and is not used; did you mean LAMPLIGHTER_LISTEN?",
            "environment variable LAMPLIGHTER_TOKEN_TRIGGER_SETTLE means nothing and is not used; did you mean \
             LAMPLIGHTER_TRIGGER_SETTLE?",
            "environment variable LAMPLIGHTER_ZZZ means nothing and is not used",
        ]
    );
}

#[test]
fn what_windows_editors_leave_is_read() {
    let config = parse("\u{feff}listen = \"127.0.0.1:1\"\r\n\r\n[token]\r\ncaller_wait = \"1s\"\r\n", &[]).unwrap();
    assert_eq!(config.listen.port(), 1);
    assert_eq!(config.token.caller_wait, Duration::from_secs(1));
}

#[test]
fn the_word_for_a_grant_is_read_again() {
    for grant in [GrantKind::AuthorizationCode, GrantKind::ClientCredentials, GrantKind::Bearer] {
        assert_eq!(parse_grant(grant.as_str()), Ok(grant));
    }
}

#[test]
fn names_are_shown_as_they_are() {
    let name: Name = "linear".parse().unwrap();
    assert_eq!(format!("{name} {name:>8}"), "linear   linear");
}

/// Text that comes near to a settings file.
fn settings() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "listen",
        "secret_store",
        "client_metadata_url",
        "token",
        "workload",
        "name",
        "url",
        "client_id",
        "scopes",
        "resource",
        "issuer",
        "grant",
        "headers",
        "stopped",
        "refresh_max_tries",
        "caller_wait",
        "token.caller_wait",
    ]);
    let value = prop_oneof![
        "\"\\PC{0,12}\"",
        "\"(https?|api)://[a-z@:#?/\\[\\]0-9.%]{0,20}\"",
        "\"[0-9]{0,20}(h|m|s|ms)\"",
        "-?[0-9]{1,20}",
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("[]".to_owned()),
        Just("[\"a\", 1]".to_owned()),
        Just("{ caller_wait = \"1s\" }".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("1e999".to_owned()),
    ];
    let header = prop::sample::select(vec!["[token]", "[[workload]]", "[workload.token]", "[[token]]", "[workload]"]);
    let line = prop_oneof![
        4 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => header.prop_map(str::to_owned),
    ];
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*", value in "\\PC*") {
        let _ = parse(&text, &[("LAMPLIGHTER_LISTEN", &value), ("LAMPLIGHTER_TOKEN_CALLER_WAIT", &value)]);
    }

    #[test]
    fn no_settings_panic_and_every_error_says_where_and_what_to_do(text in settings()) {
        match parse(&text, &[]) {
            Ok(config) => {
                prop_assert!(config.listen.ip().is_loopback());
                prop_assert!(config.token.initial_retry_interval <= config.token.max_retry_interval);
            }
            Err(error) => {
                prop_assert!(error.place.starts_with("config.toml:"));
                prop_assert!(!error.problem.is_empty() && !error.hint.is_empty());
                prop_assert!(!error.to_string().contains('\n'));
            }
        }
    }

    #[test]
    fn a_password_in_an_address_is_never_shown(
        key in prop::sample::select(vec!["url", "issuer", "resource"]),
        scheme in "https?|ftp|",
        before in "[a-z:/?#@%]{0,6}",
        after in "[a-z:/?#@%\\[\\] ]{0,6}",
    ) {
        let url = if key == "url" { "" } else { "url = \"https://mcp.linear.app/mcp\"\n" };
        let address = format!("{scheme}://{before}s3cret{after}@mcp.example.com/");
        let text = format!("[[workload]]\nname = \"linear\"\n{url}{key} = \"{address}\"\n");
        if let Err(error) = parse(&text, &[]) {
            prop_assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        }
    }
}
