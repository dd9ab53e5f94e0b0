//! `config.toml`: what is read, and how it is edited.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lamplighter_core::config::{Config, ConfigError, Environment, Name, WorkloadConfig};
use lamplighter_engine::configfile::ConfigFile;

use crate::words::{CANARY, assert_readable, has_canary};

pub(crate) fn config(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    match parse(text) {
        Ok(config) => {
            valid(&config);
            editable(text, &config);
            writable(&config);
        }
        Err(error) => explained(text, &error),
    }
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse("config.toml", text, &Environment::new())
}

fn valid(config: &Config) {
    assert!(config.listen.ip().is_loopback());
    let names: BTreeSet<&str> = config.workloads.iter().map(|workload| workload.name.as_str()).collect();
    assert_eq!(names.len(), config.workloads.len(), "each has a name of its own");
    for policy in config.workloads.iter().map(|workload| workload.token).chain([config.token]) {
        assert!(policy.initial_retry_interval <= policy.max_retry_interval);
        assert!(policy.auth_retrying_tick_interval <= policy.auth_retrying_max_elapsed);
        assert!(policy.max_tries > 0 && !policy.initial_retry_interval.is_zero());
    }
}

/// Where, what, what is allowed; and no secret that stands in the wrong place.
fn explained(text: &str, error: &ConfigError) {
    let place = error.place.strip_prefix("config.toml:").and_then(|place| place.split_once(':'));
    let (line, column) = place.expect("a line and a column");
    let line: usize = line.parse().unwrap();
    assert!((1..=text.matches('\n').count() + 1).contains(&line) && column.parse::<usize>().unwrap() > 0);
    assert_readable(&error.to_string());
    assert_readable(&error.hint);
    let misplaced = |line: &str| ["client_secret = \"", "bearer = \""].iter().any(|key| line.starts_with(key));
    let plain = !text.contains("\"\"\"") && !text.contains("'''");
    if has_canary(text.as_bytes()) && plain && text.lines().any(|line| misplaced(line) && line.contains(CANARY)) {
        assert!(!format!("{error} {}", error.hint).contains(CANARY), "{error} shows a secret");
    }
}

/// A workload can be added, stopped, started and removed, and everything else is as it was.
fn editable(text: &str, before: &Config) {
    let added = WorkloadConfig {
        name: Name::parse("fuzzed").unwrap(),
        token: before.token,
        ..one_of(&parse("[[workload]]\nname = \"fuzzed\"\nurl = \"https://mcp.example/mcp\"").unwrap())
    };
    if before.workloads.iter().any(|workload| workload.name == added.name) {
        return;
    }
    in_file(text, |file, path| {
        let now = || parse(&fs::read_to_string(path).unwrap()).expect("an edit leaves a valid file");
        let with = |workload: &WorkloadConfig| {
            let workloads = before.workloads.iter().chain([workload]).cloned().collect();
            Config { workloads, ..before.clone() }
        };
        file.add(&added).unwrap();
        assert_eq!(now(), with(&added));
        file.set_stopped(&added.name, true).unwrap();
        assert_eq!(now(), with(&WorkloadConfig { stopped: true, ..added.clone() }));
        file.set_stopped(&added.name, false).unwrap();
        file.remove(&added.name).unwrap();
        assert_eq!(now(), *before);
        for workload in &before.workloads {
            file.set_stopped(&workload.name, !workload.stopped).unwrap();
        }
        for (now, before) in now().workloads.iter().zip(&before.workloads) {
            assert_eq!(now, &WorkloadConfig { stopped: !before.stopped, ..before.clone() });
        }
        for workload in &before.workloads {
            file.remove(&workload.name).unwrap();
        }
        assert_eq!(now(), Config { workloads: Vec::new(), ..before.clone() });
    });
}

/// What was parsed and is written is parsed again to the same.
fn writable(config: &Config) {
    in_file("", |file, path| {
        let default = Config::default().token;
        let described = config.workloads.iter().map(|workload| WorkloadConfig { token: default, ..workload.clone() });
        let described: Vec<WorkloadConfig> = described.collect();
        for workload in &described {
            file.add(workload).unwrap();
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        assert_eq!(parse(&text).expect("what is written is valid").workloads, described, "{text}");
    });
}

fn one_of(config: &Config) -> WorkloadConfig {
    config.workloads[0].clone()
}

/// Runs `edit` on a file with `text`; where it is and what edits it.
fn in_file(text: &str, edit: impl FnOnce(&ConfigFile, &Path)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    if !text.is_empty() {
        fs::write(&path, text).unwrap();
    }
    edit(&ConfigFile::at(&path), &path);
}
