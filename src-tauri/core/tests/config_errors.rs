//! Every sentence that a wrong setting gets, as people read it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails a test")]

use std::fmt::Write as _;

use lamplighter_core::config::{self, Config, ConfigError, Environment, Name};

/// The sentences for each case, as the command line prints them; `s3cret` is in none of them.
fn story(cases: impl IntoIterator<Item = (String, Result<(), ConfigError>)>) -> String {
    let mut story = String::new();
    for (case, outcome) in cases {
        let error = outcome.expect_err(&case);
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        let field = error.field.as_deref().unwrap_or("-");
        writeln!(story, "{case}\n    error: {error}\n    hint: {}\n    field: {field}\n", error.hint).unwrap();
    }
    story
}

fn files(texts: &[&str]) -> String {
    let parse = |text: &str| Config::parse("config.toml", text, &Environment::new()).map(drop);
    story(texts.iter().map(|text| ((*text).to_owned(), parse(text))))
}

/// One line of a workload that is right otherwise.
fn workload_lines(lines: &[&str]) -> String {
    let parse = |line: &str| {
        let url = if line.starts_with("url") { "" } else { "url = \"https://mcp.linear.app/mcp\"\n" };
        let name = if line.starts_with("name") { "" } else { "name = \"linear\"\n" };
        let text = format!("[[workload]]\n{name}{url}{line}\n");
        Config::parse("config.toml", &text, &Environment::new()).map(drop)
    };
    story(lines.iter().map(|line| ((*line).to_owned(), parse(line))))
}

fn environments(variables: &[(&str, &str)]) -> String {
    let parse = |name: &str, value: &str| {
        let environment = Environment::from([(name.to_owned(), value.to_owned())]);
        Config::parse("config.toml", "", &environment).map(drop)
    };
    story(variables.iter().map(|(name, value)| (format!("{name}={value}"), parse(name, value))))
}

#[test]
fn what_is_not_toml() {
    let story = files(&[
        "listen = 127.0.0.1:4114",
        "listen \"127.0.0.1:4114\"",
        "a = 1\nlisten = \"127.0.0.1:4114",
        "listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"",
        "[[workload]\nname = \"linear\"",
        "client_secret = \"s3cret",
    ]);
    insta::assert_snapshot!(story);
}

#[test]
fn what_is_said_of_all() {
    let story = files(&[
        "lisen = \"127.0.0.1:4114\"",
        "colour = \"amber\"",
        "api_key = \"s3cret\"",
        "listen = 4114",
        "listen = \"4114\"",
        "listen = \"localhost:4114\"",
        "# everyone may come\nlisten = \"0.0.0.0:4114\"",
        "secret_store = \"keyring\"",
        "secret_store = \"\"",
        "secret_store = [\"file\"]",
        "client_metadata_url = \"https://example.com\"",
        "client_metadata_url = \"http://127.0.0.1/client.json\"",
        "client_metadata_url = \"example.com/client.json\"",
        "token = \"s3cret\"",
        "workload = [{ name = \"linear\" }]",
        "[workload]\nname = \"linear\"",
        "desktop = true",
        "[desktop]\nthme = \"dark\"",
        "[desktop]\ntheme = \"dusk\"",
        "[desktop]\ntheme = 1",
        "[desktop]\nnotifications = \"yes\"",
    ]);
    insta::assert_snapshot!(story);
}

#[test]
fn what_is_said_of_tokens() {
    let story = files(&[
        "[token]\ncaller_wait = \"soon\"",
        "[token]\ncaller_wait = 10",
        "[token]\ncaller_wait = \"10\"",
        "[token]\ncaller_wait = \"0s\"",
        "[token]\ncaller_wait = \"-5s\"",
        "[token]\ncaller_wait = \"1.5h\"",
        "[token]\ncaller_wait = \"30m1h\"",
        "[token]\nauth_retrying_max_elapsed = \"900000h\"",
        "[token]\nrefresh_max_tries = 0",
        "[token]\nrefresh_max_tries = -1",
        "[token]\nrefresh_max_tries = \"5\"",
        "[token]\nrefresh_max_tries = 2.5",
        "[token]\nrefresh_tries = 5",
        "[token]\nauth-retrying-tick-interval = \"10m\"",
        "[token]\nauth_retrying_tick_interval = \"25h\"",
        "[token]\nauth_retrying_max_elapsed = \"5m\"",
        "[token]\nauth_retrying_tick_interval = \"2h\"\nauth_retrying_max_elapsed = \"1h\"",
        "[token]\nrefresh_initial_retry_interval = \"3m\"",
        "[token]\nrefresh_max_retry_interval = \"5s\"",
        "[[workload]]\nname = \"linear\"\nurl = \"https://mcp.linear.app/mcp\"\n[workload.token]\ncaller_wait = \"0s\"",
        "[token]\nauth_retrying_max_elapsed = \"1h\"\n[[workload]]\nname = \"linear\"\nurl = \"https://mcp.linear.app/mcp\"\n\
         [workload.token]\nauth_retrying_tick_interval = \"2h\"",
    ]);
    insta::assert_snapshot!(story);
}

#[test]
fn what_is_said_of_one_workload() {
    let story = workload_lines(&[
        "name = \"\"",
        "name = \"My Linear\"",
        "name = \"api\"",
        "name = \"a-name-that-goes-on-for-longer-than-forty-characters\"",
        "name = 5",
        "url = \"mcp.linear.app/mcp\"",
        "url = \"http://mcp.linear.app/mcp\"",
        "url = \"ftp://mcp.linear.app/mcp\"",
        "url = \"https://me:s3cret@mcp.linear.app/mcp\"",
        "url = \"http://mcp.linear.app/mcp?key=s3cret\"",
        "url = \"https://mcp.linear.app/mcp#tools\"",
        "url = \"https://mcp.linear.app/ mcp\"",
        "client_id = \"\"",
        "client_id = \"é\"",
        "client_id = 12345",
        "client_secret = \"s3cret\"",
        "scopes = \"read write\"",
        "scopes = [\"read write\"]",
        "scopes = [\"read\", \"\"]",
        "scopes = [\"read\", 5]",
        "scope = [\"read\"]",
        "resource = \"mcp.linear.app\"",
        "resource = \"https://mcp.linear.app/#tools\"",
        "resource = true",
        "issuer = \"http://auth.linear.app\"",
        "issuer = \"https://auth.linear.app/?tenant=1\"",
        "grant = \"client_credential\"",
        "grant = \"password\"",
        "headers = [\"X-Api-Key: s3cret\"]",
        "headers = { X-Api-Key = \"s3cret\" }",
        "headers = [\"Authorization\"]",
        "headers = [\"X-Api-Key\", \"x-api-key\"]",
        "stopped = \"yes\"",
        "stopped = 1",
        "token = \"s3cret\"",
    ]);
    insta::assert_snapshot!(story);
}

#[test]
fn what_is_missing_or_there_twice() {
    let story = files(&[
        "[[workload]]\nurl = \"https://mcp.linear.app/mcp\"",
        "\n[[workload]]\nname = \"linear\"",
        "[[workload]]\nname = \"linear\"\nurl = \"https://a.example\"\n\n[[workload]]\nurl = \"https://b.example\"\nname = \"linear\"",
    ]);
    insta::assert_snapshot!(story);
}

#[test]
fn what_the_environment_says() {
    let story = environments(&[
        ("LAMPLIGHTER_LISTEN", "0.0.0.0:4114"),
        ("LAMPLIGHTER_LISTEN", ""),
        ("LAMPLIGHTER_SECRET_STORE", "keyring"),
        ("LAMPLIGHTER_CLIENT_METADATA_URL", "https://me:s3cret@example.com/client.json"),
        ("LAMPLIGHTER_TOKEN_CALLER_WAIT", "10"),
        ("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "many"),
        ("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "+5"),
        ("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "0"),
        ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "48h"),
        ("TOOLHIVE_TOKEN_AUTH_RETRYING_MAX_ELAPSED", "1m"),
        ("TOOLHIVE_TOKEN_REFRESH_MAX_RETRY_INTERVAL", "2 minutes"),
        ("LAMPLIGHTER_TRIGGER_SETTLE", "0s"),
    ]);
    insta::assert_snapshot!(story);
}

#[test]
fn what_contradicts_across_places() {
    let environment = Environment::from([("LAMPLIGHTER_TOKEN_AUTH_RETRYING_MAX_ELAPSED".to_owned(), "1h".to_owned())]);
    let text = "[token]\nauth_retrying_tick_interval = \"2h\"\n";
    let outcome = Config::parse("config.toml", text, &environment).map(drop);
    let story = story([(format!("{text}LAMPLIGHTER_TOKEN_AUTH_RETRYING_MAX_ELAPSED=1h"), outcome)]);
    insta::assert_snapshot!(story);
}

#[test]
fn what_an_argument_says() {
    let cases = [
        ("NAME My Linear", Name::parse("My Linear").map(drop)),
        ("URL http://mcp.linear.app", config::parse_url("http://mcp.linear.app").map(drop)),
        ("URL with a password", config::parse_url("https://me:s3cret@mcp.linear.app").map(drop)),
        ("--client-id \"\"", config::parse_client_id("").map(drop)),
        ("--scope \"a b\"", config::parse_scope("a b").map(drop)),
        ("--resource mcp", config::parse_resource("mcp").map(drop)),
        ("--issuer auth", config::parse_issuer("auth").map(drop)),
        ("--grant device", config::parse_grant("device").map(drop)),
        ("--header \"X Key\"", config::parse_header("X Key").map(drop)),
        ("--header Host", config::parse_header("Host").map(drop)),
        ("--timeout soon", config::parse_duration("--timeout", "soon").map(drop)),
    ];
    let story = story(cases.map(|(case, outcome)| (case.to_owned(), outcome)));
    insta::assert_snapshot!(story);
}
