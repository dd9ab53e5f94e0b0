//! Starts that fail, and an engine that cannot be found.

use std::fs;

use anyhow::Context;
use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::profile::Profile;
use tempfile::TempDir;

use crate::stage::Typed;
use crate::support::{Outcome, Stage};

/// A profile of its own, with this `config.toml`.
struct Home {
    folder: TempDir,
    profile: Profile,
    clock: VirtualClock,
}

impl Home {
    fn with(config: &[u8]) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let profile = Profile::inside(folder.path());
        fs::write(profile.config_file(), config)?;
        Ok(Self { folder, profile, clock: VirtualClock::new() })
    }

    /// What `line` says under `variables`.
    async fn told(&self, line: &str, variables: &[(&str, &str)]) -> Outcome<String> {
        let mut typed = Typed::new(line, &self.profile, &self.clock);
        for (name, value) in variables {
            typed.environment.insert((*name).to_owned(), (*value).to_owned());
        }
        let given = variables.iter().map(|(name, value)| format!("{name}={value}\n"));
        let said = given.collect::<String>() + &typed.run().await?;
        let said = said.replace(&self.folder.path().display().to_string(), "HOME");
        Ok(said + "\n")
    }
}

const QUIET: &str = "listen = \"127.0.0.1:0\"\nsecret_store = \"memory\"\n";

#[tokio::test]
async fn settings_that_stop_the_start() -> Outcome {
    let mut story = Vec::new();
    for config in [
        "lisen = \"127.0.0.1:4114\"",
        "Listen = \"127.0.0.1:4114\"",
        "listen = \"0.0.0.0:4114\"",
        "listen = \"localhost\"",
        "listen = 4114",
        "listen = 127.0.0.1:4114",
        "listen = \"127.0.0.1:4114\"\nlisten = \"127.0.0.1:4115\"",
        "secret_store = \"vault\"",
        "secret_store = true",
        "client_metadata_url = \"http://example.com/lamplighter.json\"",
        "client_metadata_url = \"https://example.com\"",
        "token = \"10m\"",
        "workload = \"linear\"",
        "[workload]\nname = \"linear\"",
        "[server]\nport = 4114",
        "[desktop]\ntheme = \"dusk\"",
        "[desktop]\nnotifications = \"never\"",
        "[desktop]\ntray = true",
    ] {
        let told = Home::with(config.as_bytes())?.told("serve", &[]).await?;
        assert!(told.ends_with("= 2\n\n"), "{config} stops no start");
        story.push(format!("{config}\n{told}"));
    }
    story.push(format!("(not UTF-8)\n{}", Home::with(b"listen = \"\xff\"")?.told("serve", &[]).await?));
    let folder = Home::with(b"")?;
    fs::remove_file(folder.profile.config_file())?;
    fs::create_dir(folder.profile.config_file())?;
    story.push(format!("(a folder)\n{}", folder.told("serve", &[]).await?));
    insta::assert_snapshot!(story.concat());
    Ok(())
}

#[tokio::test]
async fn times_that_stop_the_start() -> Outcome {
    let mut story = Vec::new();
    for line in [
        "refresh_initial_retry_interval = \"10\"",
        "refresh_initial_retry_interval = \"3m\"",
        "refresh_max_retry_interval = 120",
        "refresh_max_retry_interval = \"5s\"",
        "refresh_max_tries = \"five\"",
        "refresh_max_tries = -1",
        "refresh_max_elapsed_time = \"5 minutes\"",
        "refresh_max_elapsed_time = \"99999999999999999999h\"",
        "auth_retrying_tick_interval = \"0s\"",
        "auth_retrying_tick_interval = \"25h\"",
        "auth_retrying_max_elapsed = \"-24h\"",
        "auth_retrying_max_elapsed = \"1m\"",
        "refresh_margin = \"20%\"",
        "caller_wait = \"\"",
        "trigger_settle = \"2s1m\"",
        "tick = \"10m\"",
    ] {
        let told = Home::with(format!("[token]\n{line}").as_bytes())?.told("serve", &[]).await?;
        story.push(format!("[token]\n{line}\n{told}"));
        let config = format!("[[workload]]\nname = \"a\"\nurl = \"https://a.example\"\n[workload.token]\n{line}");
        let of_one = Home::with(config.as_bytes())?.told("serve", &[]).await?;
        let moved = of_one.replace("config.toml:5:", "config.toml:2:").replace("[workload.token]", "[token]");
        assert_eq!(moved, told, "it is said alike of one workload and of all");
    }
    insta::assert_snapshot!(story.concat());
    Ok(())
}

#[tokio::test]
async fn workloads_that_stop_the_start() -> Outcome {
    let mut story = Vec::new();
    for (name, url, rest) in [
        ("\"api\"", "\"https://a.example/mcp\"", ""),
        ("\"My Linear\"", "\"https://a.example/mcp\"", ""),
        ("\"\"", "\"https://a.example/mcp\"", ""),
        ("7", "\"https://a.example/mcp\"", ""),
        ("", "\"https://a.example/mcp\"", ""),
        ("\"a\"", "", ""),
        ("\"a\"", "\"a.example/mcp\"", ""),
        ("\"a\"", "\"http://a.example/mcp\"", ""),
        ("\"a\"", "\"https://me:s3cret@a.example/mcp\"", ""),
        ("\"a\"", "\"https://a.example\"", "client_id = \"\""),
        ("\"a\"", "\"https://a.example\"", "scopes = \"read write\""),
        ("\"a\"", "\"https://a.example\"", "scopes = [\"read write\"]"),
        ("\"a\"", "\"https://a.example\"", "resource = true"),
        ("\"a\"", "\"https://a.example\"", "resource = \"a.example\""),
        ("\"a\"", "\"https://a.example\"", "issuer = \"http://auth.example\""),
        ("\"a\"", "\"https://a.example\"", "grant = \"password\""),
        ("\"a\"", "\"https://a.example\"", "grant = \"client_credentials\""),
        ("\"a\"", "\"https://a.example\"", "stopped = \"yes\""),
        ("\"a\"", "\"https://a.example\"", "bearer = \"s3cret\""),
        ("\"a\"", "\"https://a.example\"", "client_secret = \"s3cret\""),
        ("\"a\"", "\"https://a.example\"", "headers = {X-Key = \"s3cret\"}"),
        ("\"a\"", "\"https://a.example\"", "scope = [\"read\"]"),
        ("\"a\"", "\"https://a.example\"", "[[workload]]\nname = \"a\"\nurl = \"https://b.example\""),
    ] {
        let line = |key: &str, value: &str| if value.is_empty() { String::new() } else { format!("{key} = {value}\n") };
        let config = format!("[[workload]]\n{}{}{rest}", line("name", name), line("url", url));
        let told = Home::with(config.as_bytes())?.told("serve", &[]).await?;
        assert!(told.ends_with("= 2\n\n") && !told.contains("s3cret"), "{told}");
        story.push(format!("{}\n{told}", config.trim_end()));
    }
    insta::assert_snapshot!(story.concat().replace("s3cret", "…"));
    Ok(())
}

#[tokio::test]
async fn variables_that_stop_the_start_or_mean_nothing() -> Outcome {
    let mut story = Vec::new();
    for (name, value) in [
        ("LAMPLIGHTER_LISTEN", "4114"),
        ("LAMPLIGHTER_SECRET_STORE", "keyring"),
        ("LAMPLIGHTER_CLIENT_METADATA_URL", "here"),
        ("LAMPLIGHTER_CLIENT_METADATA_URL", "https://me:s3cret@example.com/lamplighter.json"),
        ("LAMPLIGHTER_TOKEN_REFRESH_INITIAL_RETRY_INTERVAL", "3m"),
        ("LAMPLIGHTER_TOKEN_REFRESH_MAX_RETRY_INTERVAL", "5s"),
        ("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "many"),
        ("LAMPLIGHTER_TOKEN_REFRESH_MAX_ELAPSED_TIME", "5 minutes"),
        ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "25h"),
        ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_MAX_ELAPSED", "-24h"),
        ("LAMPLIGHTER_TOKEN_REFRESH_MARGIN", "20%"),
        ("LAMPLIGHTER_TOKEN_CALLER_WAIT", "10"),
        ("LAMPLIGHTER_TRIGGER_SETTLE", "0s"),
        ("TOOLHIVE_TOKEN_REFRESH_MAX_TRIES", "0"),
        ("TOOLHIVE_TOKEN_CALLER_WAIT", "10"),
        ("LAMPLIGHTER_LOG", "loud=,=="),
        ("LAMPLIGHTER_EXTRA_CA_CERTS", "/nowhere/ca.pem"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem"),
        ("HTTPS_PROXY", "gopher://user:s3cret@proxy"),
        ("LAMPLIGHTER_LISTN", "127.0.0.1:4114"),
        ("LAMPLIGHTER_COLOUR", "amber"),
    ] {
        let told = Home::with(QUIET.as_bytes())?.told("serve", &[(name, value)]).await?;
        assert!(!told.replace(&format!("{name}={value}\n"), "").contains("s3cret"), "{told}");
        story.push(told.replace("s3cret", "…"));
    }
    // It is said where the web UI is in this build.
    insta::with_settings!({filters => vec![(r"(?m)^.*/signin#lamp_[\w-]{43}\n", ""), (r"127\.0\.0\.1:[1-9]\d{4}", "ADDRESS")]}, {
        insta::assert_snapshot!(story.concat());
    });
    Ok(())
}

#[tokio::test]
async fn places_that_are_taken_or_cannot_be_used() -> Outcome {
    let mut story = Vec::new();

    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let home = Home::with(format!("listen = \"{address}\"\nsecret_store = \"memory\"\n").as_bytes())?;
    story.push(format!("the port is in use\n{}", home.told("serve", &[]).await?.replace(&address, "ADDRESS")));

    let stage = Stage::set().await?;
    let engine = stage.engine_file()?;
    let held = Home { folder: tempfile::tempdir()?, profile: stage.profile(), clock: stage.clock.clone() };
    let told = held.told("serve", &[]).await?;
    let told = told.replace(engine["address"].as_str().context("no address")?, "ADDRESS");
    story.push(format!("another engine runs\n{}", told.replace(&engine["pid"].to_string(), "PID")));

    let home = Home::with(b"")?;
    let file = home.folder.path().join("file");
    fs::write(&file, "")?;
    let home = Home { profile: Profile::inside(&file), ..home };
    story.push(format!("the profile is a file\n{}", home.told("serve", &[]).await?));
    story.push(home.told("list", &[]).await?);

    let home = Home::with(QUIET.as_bytes())?;
    fs::create_dir(home.profile.engine_file())?;
    story.push(format!("engine.json is a folder\n{}", home.told("serve", &[]).await?));

    insta::with_settings!({filters => vec![(r"127\.0\.0\.1:[1-9]\d{4}", "ADDRESS")]}, {
        insta::assert_snapshot!(story.concat());
    });
    Ok(())
}

#[tokio::test]
async fn an_engine_that_cannot_be_asked() -> Outcome {
    let home = Home::with(b"")?;
    let mut story = vec!["none ran here\n".to_owned()];
    let orders = ["login", "logout", "status", "retry", "start", "stop", "restart", "rm", "endpoint", "events"];
    let orders = orders.map(|order| format!("{order} linear"));
    for line in orders.iter().map(String::as_str).chain(["list", "retry --all", "add linear https://a.example/mcp"]) {
        story.push(home.told(line, &[]).await?);
    }
    fs::write(home.profile.engine_file(), "{\"pid\": 1")?;
    story.push(format!("one was killed, and left a broken file\n{}", home.told("list", &[]).await?));

    let _lock = home.profile.lock()?.ok().context("nobody holds it")?;
    story.push(format!("one is just starting\n{}", home.told("list", &[]).await?));
    fs::write(home.profile.engine_file(), "{\"pid\": 1")?;
    story.push(format!("its file is cut off\n{}", home.told("list", &[]).await?));
    let gone = "{\"pid\": 1, \"address\": \"127.0.0.1:1\", \"api_key\": \"s3cret\", \"version\": \"0.1.0\", \
                \"started_at\": \"2026-11-21T08:00:00Z\"}";
    fs::write(home.profile.engine_file(), gone)?;
    story.push(format!("it does not answer\n{}", home.told("list", &[]).await?));
    let story = story.concat();
    assert!(!story.contains("s3cret"));
    insta::assert_snapshot!(story);
    Ok(())
}
