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
    let mut story = String::new();
    for config in [
        "lisen = \"127.0.0.1:4114\"",
        "listen = \"0.0.0.0:4114\"",
        "listen = 127.0.0.1:4114",
        "secret_store = \"vault\"",
        "[token]\nauth_retrying_tick_interval = \"10\"",
        "[[workload]]\nname = \"api\"\nurl = \"https://a.example/mcp\"",
        "[[workload]]\nname = \"a\"\nurl = \"https://a.example\"\n[[workload]]\nname = \"a\"\nurl = \"https://b.example\"",
        "[[workload]]\nname = \"a\"\nurl = \"https://a.example\"\nbearer = \"s3cret\"",
    ] {
        let told = Home::with(config.as_bytes())?.told("serve", &[]).await?;
        assert!(!told.contains("s3cret"), "{told}");
        story += &format!("{}\n{told}", config.replace("s3cret", "…"));
    }
    story += &format!("(not UTF-8)\n{}", Home::with(b"listen = \"\xff\"")?.told("serve", &[]).await?);
    let folder = Home::with(b"")?;
    fs::remove_file(folder.profile.config_file())?;
    fs::create_dir(folder.profile.config_file())?;
    story += &format!("(a folder)\n{}", folder.told("serve", &[]).await?);
    insta::assert_snapshot!(story);
    Ok(())
}

#[tokio::test]
async fn variables_that_stop_the_start_or_mean_nothing() -> Outcome {
    let mut story = String::new();
    for (name, value) in [
        ("LAMPLIGHTER_LISTEN", "4114"),
        ("LAMPLIGHTER_SECRET_STORE", "keyring"),
        ("LAMPLIGHTER_CLIENT_METADATA_URL", "here"),
        ("LAMPLIGHTER_TOKEN_CALLER_WAIT", "10"),
        ("TOOLHIVE_TOKEN_REFRESH_MAX_TRIES", "0"),
        ("LAMPLIGHTER_LOG", "loud=,=="),
        ("LAMPLIGHTER_EXTRA_CA_CERTS", "/nowhere/ca.pem"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem"),
        ("HTTPS_PROXY", "gopher://user:s3cret@proxy"),
        ("LAMPLIGHTER_LISTN", "127.0.0.1:4114"),
        ("LAMPLIGHTER_COLOUR", "amber"),
    ] {
        let told = Home::with(QUIET.as_bytes())?.told("serve", &[(name, value)]).await?;
        assert!(!told.replace(&format!("{name}={value}\n"), "").contains("s3cret"), "{told}");
        story += &told.replace("s3cret", "…");
    }
    insta::with_settings!({filters => vec![(r"127\.0\.0\.1:[1-9]\d{4}", "ADDRESS")]}, {
        insta::assert_snapshot!(story);
    });
    Ok(())
}

#[tokio::test]
async fn places_that_are_taken_or_cannot_be_used() -> Outcome {
    let mut story = String::new();

    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let home = Home::with(format!("listen = \"{address}\"\nsecret_store = \"memory\"\n").as_bytes())?;
    story += &format!("the port is in use\n{}", home.told("serve", &[]).await?.replace(&address, "ADDRESS"));

    let stage = Stage::set().await?;
    let engine = stage.engine_file()?;
    let held = Home { folder: tempfile::tempdir()?, profile: stage.profile(), clock: stage.clock.clone() };
    let told = held.told("serve", &[]).await?;
    let told = told.replace(engine["address"].as_str().context("no address")?, "ADDRESS");
    story += &format!("another engine runs\n{}", told.replace(&engine["pid"].to_string(), "PID"));

    let home = Home::with(b"")?;
    let file = home.folder.path().join("file");
    fs::write(&file, "")?;
    let home = Home { profile: Profile::inside(&file), ..home };
    story += &format!("the profile is a file\n{}", home.told("serve", &[]).await?);
    story += &home.told("list", &[]).await?;

    let home = Home::with(QUIET.as_bytes())?;
    fs::write(home.profile.keys_file(), "{\"keys\": [")?;
    story += &format!("keys.json is cut off\n{}", home.told("serve", &[]).await?);

    let home = Home::with(QUIET.as_bytes())?;
    fs::create_dir(home.profile.engine_file())?;
    story += &format!("engine.json is a folder\n{}", home.told("serve", &[]).await?);

    insta::with_settings!({filters => vec![(r"127\.0\.0\.1:[1-9]\d{4}", "ADDRESS")]}, {
        insta::assert_snapshot!(story);
    });
    Ok(())
}

#[tokio::test]
async fn an_engine_that_cannot_be_asked() -> Outcome {
    let home = Home::with(b"")?;
    let mut story = format!("none ran here\n{}", home.told("list", &[]).await?);
    fs::write(home.profile.engine_file(), "{\"pid\": 1")?;
    story += &format!("one was killed, and left a broken file\n{}", home.told("list", &[]).await?);

    let _lock = home.profile.lock()?.ok().context("nobody holds it")?;
    story += &format!("one is just starting\n{}", home.told("list", &[]).await?);
    fs::write(home.profile.engine_file(), "{\"pid\": 1")?;
    story += &format!("its file is cut off\n{}", home.told("list", &[]).await?);
    let gone = "{\"pid\": 1, \"address\": \"127.0.0.1:1\", \"api_key\": \"s3cret\", \"version\": \"0.1.0\", \
                \"started_at\": \"2026-11-21T08:00:00Z\"}";
    fs::write(home.profile.engine_file(), gone)?;
    story += &format!("it does not answer\n{}", home.told("list", &[]).await?);
    assert!(!story.contains("s3cret"));
    insta::assert_snapshot!(story);
    Ok(())
}
