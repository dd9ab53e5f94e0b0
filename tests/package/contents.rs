//! The package by itself: nothing is missing, and all of it is where a desktop looks for it.

use std::collections::BTreeSet;
use std::process::Command;

use crate::machine::{AUTOSTART_ENTRY, MENU_ENTRY, Machine, package, told, value};

#[test]
fn it_says_what_it_is_and_what_it_needs() {
    let field = |name| told(Command::new("dpkg-deb").arg("--field").arg(package()).arg(name));
    assert_eq!(field("Package").trim(), "lamplighter");
    assert_eq!(field("Version").trim(), env!("CARGO_PKG_VERSION"));
    assert_eq!(field("Section").trim(), "net");
    assert_eq!(field("Maintainer").trim(), "Lamplighter maintainers");
    let description = field("Description");
    let (short, long) = description.split_once('\n').unwrap();
    assert_eq!(short, "Keeps remote MCP servers signed in");
    assert!(long.contains("OAuth tokens"), "{long}");
    assert!(long.lines().all(|line| line.len() <= 80), "{long}");

    let depends = field("Depends");
    for needed in ["libc6 (>= ", "libwebkit2gtk-4.1-0 (>= ", "libgtk-3-0 (>= ", "libglib2.0-0", "ca-certificates"] {
        assert!(depends.contains(needed), "{needed}: {depends}");
    }
    assert!(!depends.contains("appindicator"), "the tray is the bus's: {depends}");
    assert!(field("Recommends").contains("gnome-keyring | "), "somebody who keeps the logins");
}

#[test]
fn everything_is_in_its_place_and_belongs_to_root() {
    let listed = told(Command::new("dpkg-deb").arg("--contents").arg(package()));
    let files: BTreeSet<_> = listed
        .lines()
        .filter(|line| !line.starts_with('d'))
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            (words[0], words[1], words[5].trim_start_matches("./"))
        })
        .collect();
    let program = |place| ("-rwxr-xr-x", "0/0", place);
    let file = |place| ("-rw-r--r--", "0/0", place);
    assert_eq!(
        files,
        BTreeSet::from([
            program("usr/bin/lamplighter"),
            program("usr/bin/lamplighter-desktop"),
            program("usr/bin/lamplighter-window"),
            file(AUTOSTART_ENTRY),
            file(MENU_ENTRY),
            file("usr/share/doc/lamplighter/copyright"),
            file("usr/share/icons/hicolor/32x32/apps/lamplighter-desktop.png"),
            file("usr/share/icons/hicolor/64x64/apps/lamplighter-desktop.png"),
            file("usr/share/icons/hicolor/128x128/apps/lamplighter-desktop.png"),
            file("usr/share/icons/hicolor/256x256/apps/lamplighter-desktop.png"),
            file("usr/share/icons/hicolor/512x512/apps/lamplighter-desktop.png"),
            file("usr/share/icons/hicolor/scalable/apps/lamplighter-desktop.svg"),
        ])
    );
}

#[test]
fn the_entries_are_such_as_desktops_read() {
    let machine = Machine::new();
    machine.install();
    for place in [MENU_ENTRY, AUTOSTART_ENTRY] {
        assert_eq!(told(Command::new("desktop-file-validate").arg(machine.path(place))), "");
        let entry = std::fs::read_to_string(machine.path(place)).unwrap();
        let icon = format!("usr/share/icons/hicolor/scalable/apps/{}.svg", value(&entry, "Icon"));
        assert!(machine.path(&icon).is_file(), "{icon}");
        let program = value(&entry, "Exec").split(' ').next().unwrap();
        assert!(machine.path("usr/bin").join(program).is_file(), "{program}");
        assert_eq!(value(&entry, "Name"), "Lamplighter");
    }
}
