//! Edits `config.toml`, which belongs to the person: comments, order and blank lines survive.
//!
//! Every edit begins with what is on disk at that moment, so that nothing edited by hand is lost, and
//! ends with a file that the engine can start with, or changes nothing.

mod edit;
mod tables;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use lamplighter_core::config::{Config, ConfigError, Environment, Name, WorkloadConfig};
use toml_edit::{DocumentMut, TomlError};

use crate::files;
use crate::settings::SettingsEdit;

/// `config.toml` on disk.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    /// What the file is judged under.
    environment: Environment,
    /// Held from reading to writing: one edit at a time.
    editing: Mutex<()>,
}

/// Why `config.toml` was not changed. It is untouched then.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was edited by hand and the engine could not start with it, so that it is not touched.
    #[error("config.toml was edited and has to be put right first: {0}")]
    Broken(#[source] ConfigError),
    /// It would be a file that the engine could not start with.
    #[error("this cannot be kept in config.toml: {0}")]
    Invalid(#[source] ConfigError),
    /// It names none of the workloads that run: something cut it off, as editors do on a full disk.
    #[error("config.toml no longer names any of the workloads that run ({0})")]
    Emptied(String),
    /// It has a workload of this name already.
    #[error("config.toml has a workload called \"{0}\" already")]
    NameTaken(Name),
    /// It has no workload of this name.
    #[error("config.toml has no workload called \"{0}\"")]
    NoSuchWorkload(Name),
}

impl ConfigFile {
    /// The file at `path`, which need not exist.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), environment: Environment::new(), editing: Mutex::new(()) }
    }

    /// The same, judged under the environment that the engine runs in: some of it may make good what the file says.
    #[must_use]
    pub fn under(self, environment: &Environment) -> Self {
        Self { environment: environment.clone(), ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its text; a missing file is an empty one.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is not UTF-8.
    pub fn read(&self) -> io::Result<String> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    /// Appends a `[[workload]]`; what has its default is not written. Times are not written either: those of a new
    /// workload are those of all.
    ///
    /// # Errors
    /// When the name is taken, or the file is broken or cannot be read or written.
    pub fn add(&self, workload: &WorkloadConfig) -> Result<(), EditError> {
        self.edit(|document| {
            if edit::has(document, &workload.name) {
                return Err(EditError::NameTaken(workload.name.clone()));
            }
            edit::add(document, workload);
            Ok(())
        })
        .map(drop)
    }

    /// Removes a `[[workload]]`, with the comments right above it.
    ///
    /// # Errors
    /// When there is none of this name, or the file is broken or cannot be read or written.
    pub fn remove(&self, name: &Name) -> Result<(), EditError> {
        self.edit(|document| edit::remove(document, name).ok_or_else(|| EditError::NoSuchWorkload(name.clone())))
            .map(drop)
    }

    /// Says whether a workload starts with the engine.
    ///
    /// # Errors
    /// When there is none of this name, or the file is broken or cannot be read or written.
    pub fn set_stopped(&self, name: &Name, stopped: bool) -> Result<(), EditError> {
        self.edit(|document| {
            edit::set_stopped(document, name, stopped).ok_or_else(|| EditError::NoSuchWorkload(name.clone()))
        })
        .map(drop)
    }

    /// Changes what is said of all workloads' times and of the tray app; gives all that the file says then.
    ///
    /// # Errors
    /// When the settings contradict each other then, or the file is broken or cannot be read or written.
    pub fn change(&self, settings: &SettingsEdit) -> Result<Config, EditError> {
        self.edit(|document| {
            tables::change(document, settings);
            Ok(())
        })
    }

    /// Refuses to go on with a file that has lost every one of the workloads that run.
    ///
    /// # Errors
    /// When it names none of `running`, or is broken or cannot be read.
    pub fn still_names<'n>(&self, running: impl IntoIterator<Item = &'n Name>) -> Result<(), EditError> {
        let text = self.read().map_err(|source| EditError::Read { path: self.path.clone(), source })?;
        let (_, document) = self.parse(&text.replace("\r\n", "\n")).map_err(EditError::Broken)?;
        let running: Vec<&Name> = running.into_iter().collect();
        if running.is_empty() || running.iter().any(|name| edit::has(&document, name)) {
            return Ok(());
        }
        let names: Vec<&str> = running.into_iter().map(Name::as_str).collect();
        Err(EditError::Emptied(names.join(", ")))
    }

    fn edit(&self, change: impl FnOnce(&mut DocumentMut) -> Result<(), EditError>) -> Result<Config, EditError> {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let text = self.read().map_err(|source| EditError::Read { path: self.path.clone(), source })?;
        // The editor below ends its lines with a line feed alone: so do all while it is at work.
        let windows = text.contains("\r\n");
        let text = text.replace("\r\n", "\n");
        let (before, mut document) = self.parse(&text).map_err(EditError::Broken)?;
        change(&mut document)?;
        let edited = document.to_string();
        if edited == text {
            return Ok(before);
        }
        let (after, _) = self.parse(&edited).map_err(EditError::Invalid)?;
        let edited = if windows { edited.replace('\n', "\r\n") } else { edited };
        self.write(&edited).map_err(|source| EditError::Write { path: self.path.clone(), source })?;
        Ok(after)
    }

    /// What `text` says, and the document that it is, if the engine could start with it.
    fn parse(&self, text: &str) -> Result<(Config, DocumentMut), ConfigError> {
        let file = self.path.display().to_string();
        let config = Config::parse(&file, text, &self.environment)?;
        let document = text.parse().map_err(|error: TomlError| ConfigError {
            place: file,
            problem: format!("this is not TOML: {}", error.message()),
            hint: "put the file right by hand".to_owned(),
            field: None,
        })?;
        Ok((config, document))
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let target = followed(&self.path);
        if let Some(folder) = target.parent() {
            files::make_private_folder(folder)?;
        }
        files::replace(&target, text.as_bytes())
    }
}

/// Where the symbolic links at `path` lead, whether or not there is a file at their end.
fn followed(path: &Path) -> PathBuf {
    // As many as Linux follows; a circle then ends in an error when it is written to.
    const MOST: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..MOST {
        let Ok(next) = fs::read_link(&target) else { break };
        target = target.with_file_name(next);
    }
    target
}

#[cfg(test)]
mod tests;
