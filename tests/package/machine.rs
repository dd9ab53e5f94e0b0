//! The package, and a machine of its own to install it on: a folder, so that the one under it is left alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use lamplighter_endurance::child::Child;
use lamplighter_endurance::product::{Product, Program};
use tempfile::TempDir;

pub(crate) const MENU_ENTRY: &str = "usr/share/applications/Lamplighter.desktop";
pub(crate) const AUTOSTART_ENTRY: &str = "etc/xdg/autostart/lamplighter.desktop";

/// The package of the programs as they are built.
pub(crate) fn package() -> &'static Path {
    static PACKAGE: LazyLock<PathBuf> = LazyLock::new(make);
    &PACKAGE
}

fn make() -> PathBuf {
    let [command_line, app] = [Program::CommandLine, Program::App].map(Program::built);
    let programs = command_line.parent().unwrap();
    assert_eq!(app.parent().unwrap(), programs);
    let profile = programs.file_name().unwrap().to_str().unwrap();
    let mut xtask = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    xtask.args(["run", "--quiet", "--package", "xtask", "--", "bundle", "--as-built", profile]);
    told(xtask.current_dir(env!("CARGO_MANIFEST_DIR")));

    let beginning = concat!("Lamplighter_", env!("CARGO_PKG_VERSION"), "_");
    let made = std::fs::read_dir(programs.join("bundle/deb")).unwrap().map(|file| file.unwrap().path());
    let mut packages = made.filter(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name.starts_with(beginning) && file.extension().is_some_and(|extension| extension == "deb")
    });
    packages.next().unwrap()
}

/// A machine on which nothing is installed yet. It has no libraries either: the programs find those of this one.
pub(crate) struct Machine(TempDir);

impl Machine {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let database = root.path().join("var/lib/dpkg");
        std::fs::create_dir_all(database.join("info")).unwrap();
        std::fs::create_dir(database.join("updates")).unwrap();
        std::fs::write(database.join("status"), "").unwrap();
        Self(root)
    }

    /// Installs the package, also over the one that is there.
    pub(crate) fn install(&self) {
        self.dpkg(&["--install", package().to_str().unwrap()]);
    }

    /// Takes it away, with everything that came with it.
    pub(crate) fn purge(&self) {
        self.dpkg(&["--purge", "lamplighter"]);
    }

    fn dpkg(&self, arguments: &[&str]) {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("--root").arg(self.0.path()).args(["--log", "/dev/null"]);
        // Nobody need be root for a folder of their own, and nothing that was installed there could be lost.
        dpkg.arg("--force-not-root,script-chrootless,bad-path,depends,unsafe-io");
        told(dpkg.args(arguments));
    }

    pub(crate) fn path(&self, place: &str) -> PathBuf {
        self.0.path().join(place)
    }

    /// All that is there, but for what dpkg itself keeps.
    pub(crate) fn places(&self) -> Vec<String> {
        let inside = |folder: &Path| {
            let entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            entries.into_iter().filter(|place| *place != self.path("var"))
        };
        let mut places: Vec<_> = inside(self.0.path()).collect();
        let mut at = 0;
        while let Some(place) = places.get(at).cloned() {
            if place.is_dir() {
                places.extend(inside(&place));
            }
            at += 1;
        }
        places.into_iter().map(|place| place.to_string_lossy().into_owned()).collect()
    }

    /// Has a person use this machine.
    pub(crate) fn furnish(&self, product: &mut Product) {
        product.install(&self.path("usr/bin"));
        product.set("XDG_CONFIG_DIRS", self.path("etc/xdg"));
    }

    /// Starts what the desktop entry at `place` says, as a session or a menu does.
    pub(crate) fn start(&self, place: &str, product: &Product) -> Child {
        let entry = std::fs::read_to_string(self.path(place)).unwrap();
        let mut shell = product.in_its_environment("/bin/sh");
        shell.arg("-c").arg(format!("exec {}", value(&entry, "Exec")));
        product.begin_command("lamplighter-desktop", shell)
    }
}

/// The value of a key in a desktop entry.
pub(crate) fn value<'a>(entry: &'a str, key: &str) -> &'a str {
    let mut pairs = entry.lines().filter_map(|line| line.split_once('='));
    pairs.find(|(name, _)| *name == key).unwrap_or_else(|| panic!("no {key} in:\n{entry}")).1
}

/// What `command` says, which must end well.
pub(crate) fn told(command: &mut Command) -> String {
    let ended = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success(), "{command:?}:\n{said}{}", String::from_utf8_lossy(&ended.stderr));
    said
}
