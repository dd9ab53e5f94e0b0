use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::*;

fn engine(pid: u32) -> EngineFile {
    EngineFile {
        pid,
        address: SocketAddr::from(([127, 0, 0, 1], 4114)),
        api_key: SecretString::from("lamp_s3cret"),
        version: "0.1.0".to_owned(),
        started_at: "2026-11-21T08:00:00Z".parse().unwrap(),
    }
}

fn place() -> (tempfile::TempDir, Profile) {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::inside(&folder.path().join("home"));
    (folder, profile)
}

#[test]
fn the_environment_names_the_home() {
    let (folder, _) = place();
    let home = folder.path().to_str().unwrap().to_owned();
    let environment = Environment::from([("LAMPLIGHTER_HOME".to_owned(), home)]);
    let profile = Profile::locate(&environment);
    assert_eq!(profile, Profile::inside(folder.path()));
    assert_eq!(profile.config_file(), folder.path().join("config.toml"));
    assert_eq!(profile.engine_file(), folder.path().join("engine.json"));
}

#[test]
fn without_a_home_the_usual_folders_are_used() {
    let empty = Environment::from([("LAMPLIGHTER_HOME".to_owned(), String::new())]);
    for environment in [Environment::new(), empty] {
        let profile = Profile::locate(&environment);
        assert!(profile.config_dir.is_absolute());
        assert_eq!(profile.tag(), "default");
    }
}

#[test]
fn a_relative_home_is_where_it_was_named() {
    assert!(Profile::inside(Path::new("somewhere")).state_dir.is_absolute());
}

#[test]
fn a_tag_is_short_and_stable_and_its_own() {
    let (_folder, profile) = place();
    let before = profile.tag();
    assert!(before.len() == 12 && before.bytes().all(|byte| byte.is_ascii_hexdigit()), "{before}");
    drop(profile.lock().unwrap());
    assert_eq!(profile.tag(), before, "making the folders changes nothing");
    assert_ne!(place().1.tag(), before);
}

#[cfg(unix)]
#[test]
fn a_tag_follows_symbolic_links() {
    let (folder, profile) = place();
    drop(profile.lock().unwrap());
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&profile.state_dir, &link).unwrap();
    assert_eq!(Profile::inside(&link).tag(), profile.tag());
}

#[test]
fn the_second_engine_is_told_who_holds_the_profile() {
    let (_folder, profile) = place();
    let lock = profile.lock().unwrap().unwrap();
    let holder = profile.lock().unwrap().unwrap_err();
    assert_eq!(holder.to_string(), "a process that is just starting or stopping");
    profile.publish(&engine(7)).unwrap();
    let holder = profile.lock().unwrap().unwrap_err();
    assert_eq!(holder.to_string(), "process 7, which listens on 127.0.0.1:4114");
    drop(lock);
    assert!(profile.lock().unwrap().is_ok());
}

#[test]
fn a_running_engine_is_found_and_a_stopped_one_is_not() {
    let (_folder, profile) = place();
    assert!(profile.running().unwrap().is_none(), "no folder");
    let lock = profile.lock().unwrap().unwrap();
    assert!(profile.running().unwrap().is_none(), "not ready yet");
    profile.publish(&engine(7)).unwrap();
    let running = profile.running().unwrap().unwrap();
    assert_eq!((running.pid, running.address), (7, engine(7).address));
    assert_eq!(secrecy::ExposeSecret::expose_secret(&running.api_key), "lamp_s3cret");
    profile.retract();
    assert!(profile.running().unwrap().is_none());
    drop(lock);
}

#[test]
fn a_file_left_behind_is_no_engine() {
    let (_folder, profile) = place();
    let lock = profile.lock().unwrap();
    profile.publish(&engine(7)).unwrap();
    drop(lock);
    assert!(profile.running().unwrap().is_none());
    let _lock = profile.lock().unwrap().unwrap();
    assert!(profile.running().unwrap().is_none(), "the next engine is not mistaken for the last one");
}

#[test]
fn a_program_that_is_being_started_keeps_no_lock() {
    let (_folder, profile) = place();
    let lock = profile.lock().unwrap().unwrap();
    // What a child has between its fork and its first instruction.
    let _copy = lock.held.try_clone().unwrap();
    drop(lock);
    assert!(profile.lock().unwrap().is_ok());
}

#[test]
fn a_file_that_is_none_of_ours_is_an_error() {
    let (_folder, profile) = place();
    let _lock = profile.lock().unwrap().unwrap();
    fs::write(profile.engine_file(), "{").unwrap();
    assert!(profile.running().is_err());
    assert_eq!(profile.lock().unwrap().unwrap_err(), Holder { pid: None, address: None });
}

#[test]
fn nothing_shows_the_api_key() {
    assert!(!format!("{:?}", engine(7)).contains("s3cret"));
}

#[cfg(unix)]
#[test]
fn files_and_folders_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (_folder, profile) = place();
    let _lock = profile.lock().unwrap().unwrap();
    profile.publish(&engine(7)).unwrap();
    assert_eq!(mode(&profile.state_dir), 0o700);
    assert_eq!(mode(&profile.engine_file()), 0o600);
}

#[test]
fn looking_never_turns_a_starting_engine_away() {
    let (_folder, profile) = place();
    drop(profile.lock().unwrap());
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            for _ in 0..500 {
                profile.publish(&engine(7)).unwrap();
                assert!(profile.running().is_ok());
            }
        });
        while !looking.is_finished() {
            assert!(profile.lock().unwrap().is_ok());
        }
    });
}

/// Not a test of its own: what the next one runs as a process, to be killed.
#[test]
fn hold_the_profile_until_killed() {
    let Ok(home) = std::env::var("LAMPLIGHTER_TEST_HOLD") else { return };
    let profile = Profile::inside(Path::new(&home));
    let _lock = profile.lock().unwrap().unwrap();
    profile.publish(&engine(std::process::id())).unwrap();
    writeln!(io::stdout(), "\nheld").unwrap();
    // Ends with the test that started it, should nobody kill it.
    io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
}

#[test]
fn a_killed_engine_stands_in_nobodys_way() {
    let (_folder, profile) = place();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "profile::tests::hold_the_profile_until_killed"])
        .env("LAMPLIGHTER_TEST_HOLD", &profile.state_dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held"));

    assert_eq!(profile.lock().unwrap().unwrap_err().pid, Some(child.id()));
    assert_eq!(profile.running().unwrap().map(|engine| engine.pid), Some(child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(profile.running().unwrap().is_none());
    assert!(profile.lock().unwrap().is_ok());
}
