//! The Desktop Application Autostart Specification: desktop entries in a folder of the person's and in the system's, where
//! of those with the same name the person's alone counts. A package brings one for the system; here the person's is
//! written and taken away.

mod entry;

use std::path::{Path, PathBuf};
use std::{fs, io};

use directories::BaseDirs;

use self::entry::{argument, starts_something, string};
use crate::program;

const FILE: &str = "lamplighter.desktop";

pub(super) struct Autostart {
    /// The person's.
    own: PathBuf,
    /// The system's, the one that counts most first.
    systems: Vec<PathBuf>,
    program: PathBuf,
}

impl Autostart {
    pub(super) fn of_the_app() -> io::Result<Self> {
        let folders = BaseDirs::new().ok_or_else(|| io::Error::other("there is no home folder"))?;
        let systems = std::env::var_os("XDG_CONFIG_DIRS").filter(|folders| !folders.is_empty());
        let systems = systems.unwrap_or_else(|| "/etc/xdg".into());
        // The specification has relative ones left out.
        let systems = std::env::split_paths(&systems).filter(|folder| folder.is_absolute());
        Ok(Self {
            own: file_in(folders.config_dir()),
            systems: systems.map(|folder| file_in(&folder)).collect(),
            program: program::app()?,
        })
    }

    pub(super) fn is_on(&self) -> io::Result<bool> {
        match read(&self.own)? {
            Some(own) => Ok(starts_something(&own)),
            None => self.is_on_for_everybody(),
        }
    }

    pub(super) fn switch(&self, on: bool) -> io::Result<()> {
        // Nothing of the person's is needed where the system does the same for everybody.
        match (on, self.is_on_for_everybody()?) {
            (true, true) | (false, false) => match fs::remove_file(&self.own) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            },
            (true, false) => {
                let program = self.program.to_string_lossy();
                self.write(&format!("TryExec={}\nExec={} --hidden\n", string(&program), argument(&program)))
            }
            (false, true) => self.write("Hidden=true\n"),
        }
    }

    fn is_on_for_everybody(&self) -> io::Result<bool> {
        for file in &self.systems {
            if let Some(entry) = read(file)? {
                return Ok(starts_something(&entry));
            }
        }
        Ok(false)
    }

    fn write(&self, lines: &str) -> io::Result<()> {
        if let Some(folder) = self.own.parent() {
            fs::create_dir_all(folder)?;
        }
        let entry = format!("[Desktop Entry]\nType=Application\nName=Lamplighter\nIcon=lamplighter-desktop\n{lines}");
        fs::write(&self.own, entry)
    }
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("autostart").join(FILE)
}

/// What is in `file`, if there is one.
fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: &str = "[Desktop Entry]\nExec=true --hidden\nHidden=true\n";

    /// A home, a program in it, and two folders of the system.
    struct Home {
        _folder: tempfile::TempDir,
        autostart: Autostart,
    }

    impl Home {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let program = folder.path().join("Lamp \"Lighter\" 100%\\");
            fs::write(&program, "").unwrap();
            let systems = ["first", "second"].map(|system| file_in(&folder.path().join(system))).to_vec();
            let autostart = Autostart { own: file_in(&folder.path().join("own")), systems, program };
            Self { _folder: folder, autostart }
        }

        /// Has an entry come with the system, as from a package.
        fn install(&self, system: usize, entry: &str) {
            let file = &self.autostart.systems[system];
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, entry).unwrap();
        }

        fn own(&self) -> Option<String> {
            read(&self.autostart.own).unwrap()
        }

        fn switch(&self, on: bool) {
            self.autostart.switch(on).unwrap();
            assert_eq!(self.is_on(), on, "it is what it was switched to: {:?}", self.own());
        }

        fn is_on(&self) -> bool {
            self.autostart.is_on().unwrap()
        }
    }

    /// What the package installs, with a program that is there.
    fn packaged() -> String {
        include_str!("../../bundle/linux/autostart.desktop").replace("lamplighter-desktop", "sh")
    }

    #[test]
    fn it_is_off_until_it_is_switched_on_and_off_again() {
        let home = Home::new();
        assert!(!home.is_on());
        home.switch(false);
        home.switch(true);
        let own = home.own().unwrap();
        assert!(own.contains("/Lamp \\\\\"Lighter\\\\\" 100%%\\\\\\\\\" --hidden\n"), "{own}");
        home.switch(false);
        assert_eq!(home.own(), None);
    }

    #[test]
    fn what_came_with_the_system_is_hidden_and_never_written() {
        let home = Home::new();
        home.install(1, &packaged());
        assert!(home.is_on(), "the package turned it on");
        home.switch(false);
        home.switch(false);
        assert!(home.own().unwrap().contains("Hidden=true\n"));
        home.switch(true);
        assert_eq!(home.own(), None, "the system's counts again");
        assert_eq!(read(&home.autostart.systems[1]).unwrap().unwrap(), packaged());
    }

    #[test]
    fn what_the_system_keeps_off_can_be_on_for_one_person() {
        let home = Home::new();
        home.install(0, HIDDEN);
        home.install(1, &packaged());
        assert!(!home.is_on(), "the first one counts");
        home.switch(true);
        home.switch(false);
        assert_eq!(home.own(), None);
    }

    #[test]
    fn what_was_switched_stays_so_when_the_package_comes_and_goes() {
        let home = Home::new();
        home.switch(true);
        home.install(0, &packaged());
        assert!(home.is_on());
        home.switch(false);
        fs::remove_file(&home.autostart.systems[0]).unwrap();
        assert!(!home.is_on());
        home.switch(true);
    }

    #[test]
    fn an_entry_whose_program_is_gone_is_not_on() {
        let home = Home::new();
        home.switch(true);
        fs::remove_file(&home.autostart.program).unwrap();
        assert!(!home.is_on());
        home.install(0, &packaged());
        assert!(!home.is_on(), "the person's still counts alone");
        home.switch(true);
        assert_eq!(home.own(), None);
    }
}
