use super::*;

const FULL: &str = r#"# My servers.
# Careful with the second.

listen   = "127.0.0.1:4200"   # not the usual port

# Linear, for work.
[[workload]]
name = "linear" # short
url = 'https://mcp.linear.app/mcp'
scopes = [
  "read", # enough
]

[workload.token]
caller_wait = "5s"

# All of them.
[token]
caller_wait = "7s"

[[workload]]
name = "notion"
url = "https://mcp.notion.com/mcp"
# the end
"#;

fn place(text: &str) -> (tempfile::TempDir, ConfigFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    (folder, ConfigFile::at(&path))
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// The one workload of `text`.
fn workload(text: &str) -> WorkloadConfig {
    Config::parse("config.toml", text, &Environment::new()).unwrap().workloads.remove(0)
}

fn sentry() -> WorkloadConfig {
    workload("[[workload]]\nname = \"sentry\"\nurl = \"https://mcp.sentry.dev/mcp\"\n")
}

const SENTRY: &str = "[[workload]]\nname = \"sentry\"\nurl = \"https://mcp.sentry.dev/mcp\"\n";

#[test]
fn a_workload_is_appended_and_nothing_else_changes() {
    for text in [FULL, "listen = \"127.0.0.1:1\"", "# only a comment", "[token]\n", "\n"] {
        let (_folder, file) = place(text);
        file.add(&sentry()).unwrap();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        assert_eq!(file.read().unwrap(), format!("{text}{end}\n{SENTRY}"));
    }
}

#[test]
fn the_first_workload_of_all_makes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = ConfigFile::at(&folder.path().join("new/config.toml"));
    assert_eq!(file.read().unwrap(), "");
    file.add(&sentry()).unwrap();
    assert_eq!(file.read().unwrap(), SENTRY);
}

#[test]
fn everything_said_of_a_workload_is_read_again() {
    let text = "[[workload]]\nname = \"all\"\nurl = \"https://mcp.example.com/a?b=1\"\nclient_id = \"a b\"\n\
                scopes = [\"read\", \"write\"]\nresource = \"https://mcp.example.com\"\nissuer = \"https://auth.example.com/\"\n\
                grant = \"client_credentials\"\nheaders = [\"X-Api-Key\"]\nstopped = true\n";
    let omitted = "[[workload]]\nname = \"all\"\nurl = \"https://mcp.example.com/\"\nresource = false\n";
    for text in [text, omitted] {
        let (_folder, file) = place("");
        file.add(&workload(text)).unwrap();
        assert_eq!(file.read().unwrap(), text);
        assert_eq!(workload(&file.read().unwrap()), workload(text));
    }
}

#[test]
fn a_workload_goes_with_its_tables_and_its_own_comments() {
    let (_folder, file) = place(FULL);
    file.remove(&name("linear")).unwrap();
    let start = FULL.find("# Linear").unwrap();
    let end = FULL.find("# All of them").unwrap();
    assert_eq!(file.read().unwrap(), format!("{}{}", &FULL[..start], &FULL[end..]));
}

#[test]
fn the_last_workload_leaves_what_stands_around_it() {
    let (_folder, file) = place(FULL);
    file.remove(&name("notion")).unwrap();
    let start = FULL.find("\n[[workload]]\nname = \"notion\"").unwrap();
    assert_eq!(file.read().unwrap(), format!("{}# the end\n", &FULL[..start]));
}

#[test]
fn comments_that_a_blank_line_sets_apart_stay() {
    let head = "# My servers.\n";
    for (rest, left) in [
        ("", ""),
        ("[token]\n", "\n[token]\n"),
        ("\n[token]\n", "\n[token]\n"),
        (
            "\n# Beside.\n[[workload]]\nname = \"b\"\nurl = \"https://b.example\"\n",
            "\n# Beside.\n[[workload]]\nname = \"b\"\nurl = \"https://b.example\"\n",
        ),
        ("# the end\n", "\n# the end\n"),
    ] {
        let (_folder, file) = place(&format!("{head}\n# Mine.\n{SENTRY}{rest}"));
        file.remove(&name("sentry")).unwrap();
        assert_eq!(file.read().unwrap(), format!("{head}{left}"));
    }
}

#[test]
fn adding_and_removing_leaves_no_trace() {
    for text in [FULL, "listen = \"127.0.0.1:1\"\n", "# only a comment\n", "[token]\n", ""] {
        let (_folder, file) = place(text);
        file.add(&sentry()).unwrap();
        file.remove(&name("sentry")).unwrap();
        assert_eq!(file.read().unwrap(), text);
    }
}

#[test]
fn stopping_and_starting_leaves_no_trace() {
    let (_folder, file) = place(FULL);
    file.set_stopped(&name("linear"), true).unwrap();
    let stopped = FULL.replace("  \"read\", # enough\n]\n", "  \"read\", # enough\n]\nstopped = true\n");
    assert_eq!(file.read().unwrap(), stopped);
    file.set_stopped(&name("linear"), false).unwrap();
    assert_eq!(file.read().unwrap(), FULL);
}

#[test]
fn a_comment_on_stopped_survives() {
    let (_folder, file) = place(&format!("{SENTRY}stopped = true # too slow\n"));
    file.set_stopped(&name("sentry"), false).unwrap();
    assert_eq!(file.read().unwrap(), format!("{SENTRY}stopped = false # too slow\n"));
    file.set_stopped(&name("sentry"), true).unwrap();
    assert_eq!(file.read().unwrap(), format!("{SENTRY}stopped = true # too slow\n"));
}

#[test]
fn names_are_looked_up() {
    let (_folder, file) = place(FULL);
    let nobody = name("nobody");
    assert!(matches!(file.remove(&nobody), Err(EditError::NoSuchWorkload(name)) if name == nobody));
    assert!(matches!(file.set_stopped(&nobody, true), Err(EditError::NoSuchWorkload(_))));
    file.add(&sentry()).unwrap();
    assert!(matches!(file.add(&sentry()), Err(EditError::NameTaken(name)) if name.as_str() == "sentry"));
    let (_folder, empty) = place("");
    assert!(matches!(empty.remove(&nobody), Err(EditError::NoSuchWorkload(_))));
}

#[test]
fn what_was_edited_by_hand_meanwhile_is_kept() {
    let (_folder, file) = place(FULL);
    file.set_stopped(&name("linear"), true).unwrap();
    let by_hand = format!("{}# by hand\n", file.read().unwrap());
    fs::write(file.path(), &by_hand).unwrap();
    file.add(&sentry()).unwrap();
    assert_eq!(file.read().unwrap(), format!("{by_hand}\n{SENTRY}"));
}

#[test]
fn a_file_that_was_broken_by_hand_is_not_touched() {
    for broken in ["[[workload]\n", "listen = \"0.0.0.0:1\"\n", "lisen = \"127.0.0.1:1\"\n"] {
        let (_folder, file) = place(broken);
        let error = file.add(&sentry()).unwrap_err();
        assert!(matches!(error, EditError::Broken(_)), "{error:?}");
        assert!(error.to_string().contains("config.toml:1:"), "{error}");
        assert_eq!(file.read().unwrap(), broken);
    }
    let (_folder, file) = place("");
    fs::write(file.path(), b"# \xff\n").unwrap();
    assert!(matches!(file.add(&sentry()), Err(EditError::Read { .. })));
    assert_eq!(fs::read(file.path()).unwrap(), b"# \xff\n");
}

#[test]
fn a_file_is_judged_under_the_environment_of_the_engine() {
    let text = "[token]\nauth_retrying_tick_interval = \"48h\"\n";
    let ceiling = ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_MAX_ELAPSED".to_owned(), "96h".to_owned());
    let (_folder, file) = place(text);
    assert!(matches!(file.add(&sentry()), Err(EditError::Broken(_))));
    let file = file.under(&Environment::from([ceiling]));
    file.add(&sentry()).unwrap();
    assert_eq!(file.read().unwrap(), format!("{text}\n{SENTRY}"));
}

#[test]
fn a_workload_that_could_not_be_read_again_is_not_written() {
    let (_folder, file) = place(FULL);
    let error = file.add(&WorkloadConfig { scopes: vec!["a b".to_owned()], ..sentry() }).unwrap_err();
    assert!(matches!(&error, EditError::Invalid(error) if error.field.as_deref() == Some("scopes")), "{error:?}");
    assert_eq!(file.read().unwrap(), FULL);
}

#[test]
fn line_ends_stay_as_they_are() {
    let (_folder, file) = place(&FULL.replace('\n', "\r\n"));
    file.add(&sentry()).unwrap();
    assert_eq!(file.read().unwrap(), format!("{FULL}\n{SENTRY}").replace('\n', "\r\n"));
}

#[test]
fn edits_at_once_are_all_kept() {
    let (_folder, file) = place("");
    std::thread::scope(|scope| {
        for index in 0..8 {
            let file = &file;
            scope.spawn(move || file.add(&WorkloadConfig { name: name(&format!("w{index}")), ..sentry() }).unwrap());
        }
    });
    let config = Config::parse("config.toml", &file.read().unwrap(), &Environment::new()).unwrap();
    assert_eq!(config.workloads.len(), 8);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_modes_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, file) = place(FULL);
    let link = folder.path().join("link.toml");
    symlink("config.toml", &link).unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
    ConfigFile::at(&link).add(&sentry()).unwrap();
    assert!(link.is_symlink());
    assert_eq!(file.read().unwrap(), format!("{FULL}\n{SENTRY}"));
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o640);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_that_is_not_there_yet_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let [link, target] = ["link.toml", "dotfiles/config.toml"].map(|name| folder.path().join(name));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    ConfigFile::at(&link).add(&sentry()).unwrap();
    assert!(link.is_symlink());
    assert_eq!(fs::read_to_string(target).unwrap(), SENTRY);
}
