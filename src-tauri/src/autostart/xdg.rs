//! The Desktop Application Autostart Specification: a desktop entry in a folder of the person's, which beats one of the
//! same name that came with the system (`Hidden=true` in it says: not for me).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use directories::BaseDirs;

const FILE: &str = "lamplighter.desktop";

pub(super) struct Entry {
    /// The person's.
    own: PathBuf,
    /// The system's, the one that counts most first.
    systems: Vec<PathBuf>,
    program: PathBuf,
}

impl Entry {
    pub(super) fn of_this_program() -> io::Result<Self> {
        let folders = BaseDirs::new().ok_or_else(|| io::Error::other("there is no home folder"))?;
        let systems = std::env::var("XDG_CONFIG_DIRS").ok().filter(|folders| !folders.is_empty());
        let systems = systems.as_deref().unwrap_or("/etc/xdg").split(':').map(|folder| entry_in(Path::new(folder)));
        Ok(Self { own: entry_in(folders.config_dir()), systems: systems.collect(), program: std::env::current_exe()? })
    }

    pub(super) fn is_on(&self) -> io::Result<bool> {
        for file in std::iter::once(&self.own).chain(&self.systems) {
            match fs::read_to_string(file) {
                Ok(text) => return Ok(!is_hidden(&text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    pub(super) fn switch(&self, on: bool) -> io::Result<()> {
        let came_with_system = self.systems.iter().any(|file| file.exists());
        match (on, came_with_system) {
            (true, true) | (false, false) => match fs::remove_file(&self.own) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            },
            (true, false) => self.write(&format!("Exec={} --hidden\n", quoted(&self.program.to_string_lossy()))),
            (false, true) => self.write("Hidden=true\n"),
        }
    }

    fn write(&self, line: &str) -> io::Result<()> {
        if let Some(folder) = self.own.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.own, format!("[Desktop Entry]\nType=Application\nName=Lamplighter\nIcon=lamplighter\n{line}"))
    }
}

fn entry_in(folder: &Path) -> PathBuf {
    folder.join("autostart").join(FILE)
}

fn is_hidden(text: &str) -> bool {
    text.lines()
        .any(|line| line.split_once('=').is_some_and(|(key, value)| (key.trim(), value.trim()) == ("Hidden", "true")))
}

/// An argument as the Desktop Entry Specification has it in `Exec`; `%` stands for something else there.
fn quoted(argument: &str) -> String {
    let mut quoted = String::from('"');
    for character in argument.chars() {
        match character {
            // Once for the quotes, once more for the value of the key.
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '`' | '$' => quoted.extend(["\\\\", &character.to_string()]),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(home: &Path) -> Entry {
        let systems = vec![entry_in(&home.join("system"))];
        Entry { own: entry_in(&home.join("own")), systems, program: "/opt/Lamp \"Lighter\"/100%/bin".into() }
    }

    #[test]
    fn it_is_off_until_it_is_switched_on_and_off_again() {
        let home = tempfile::tempdir().unwrap();
        let entry = entry(home.path());
        assert!(!entry.is_on().unwrap());
        entry.switch(false).unwrap();
        entry.switch(true).unwrap();
        assert!(entry.is_on().unwrap());
        let text = fs::read_to_string(&entry.own).unwrap();
        assert!(text.contains("Exec=\"/opt/Lamp \\\\\"Lighter\\\\\"/100%%/bin\" --hidden\n"), "{text}");
        entry.switch(false).unwrap();
        assert!(!entry.is_on().unwrap());
        assert!(!entry.own.exists());
    }

    #[test]
    fn what_came_with_the_system_is_hidden_and_never_written() {
        let home = tempfile::tempdir().unwrap();
        let entry = entry(home.path());
        let systems = &entry.systems[0];
        fs::create_dir_all(systems.parent().unwrap()).unwrap();
        fs::write(systems, "[Desktop Entry]\nExec=lamplighter-desktop --hidden\n").unwrap();
        assert!(entry.is_on().unwrap());
        entry.switch(false).unwrap();
        assert!(!entry.is_on().unwrap());
        entry.switch(true).unwrap();
        assert!(entry.is_on().unwrap());
        assert!(!entry.own.exists(), "the system's counts again");
    }
}
