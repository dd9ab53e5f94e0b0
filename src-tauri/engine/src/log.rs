//! The log on disk: a file a day for a week, each for its owner alone. Knows nothing of what is logged, and must not
//! log anything itself.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::files;
use crate::ports::Clock;

/// How many days are kept, today included.
const DAYS: usize = 7;
const PREFIX: &str = "lamplighter.";
const SUFFIX: &str = ".log";

/// Appends to the file of the day (UTC): `lamplighter.2026-11-21.log`.
pub struct DailyLog {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    day: Date,
    file: File,
}

impl DailyLog {
    /// Opens the file of today in `folder`; both are made where they are missing (0700, 0600).
    ///
    /// # Errors
    /// When they can be neither opened nor made.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        files::make_private_folder(folder)?;
        let day = today(&*clock);
        let file = begin(folder, day)?;
        Ok(Self { folder: folder.to_owned(), clock, day, file })
    }

    /// Goes on in the file of today; in the old one as long as that cannot be opened.
    fn turn_over(&mut self) {
        let day = today(&*self.clock);
        if day != self.day
            && let Ok(file) = begin(&self.folder, day)
        {
            (self.day, self.file) = (day, file);
        }
    }
}

impl Write for DailyLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.turn_over();
        self.file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn today(clock: &dyn Clock) -> Date {
    clock.now().wall.to_zoned(TimeZone::UTC).date()
}

/// The file of `day`; those of the days before the last week go.
fn begin(folder: &Path, day: Date) -> io::Result<File> {
    let file = files::append_private(&folder.join(format!("{PREFIX}{day}{SUFFIX}")))?;
    let mut days: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| is_a_days(&name.to_string_lossy())))
        .collect();
    days.sort_unstable();
    for old in days.iter().rev().skip(DAYS) {
        // One that cannot be removed is tried again tomorrow.
        let _ = fs::remove_file(old);
    }
    Ok(file)
}

/// Whether a file of this name is the log of a day.
fn is_a_days(name: &str) -> bool {
    let day = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    day.is_some_and(|day| day.parse::<Date>().is_ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::VirtualClock;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_day_has_its_file_and_a_week_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("log");
        let clock = VirtualClock::new();
        let mut log = DailyLog::open(&folder, Arc::new(clock.clone())).unwrap();
        fs::write(folder.join("lamplighter.notes.log"), "the person's").unwrap();
        log.write_all(b"one\n").unwrap();
        log.write_all(b"two\n").unwrap();
        assert_eq!(fs::read(folder.join("lamplighter.2026-11-21.log")).unwrap(), b"one\ntwo\n");
        for _ in 0..8 {
            clock.advance(Duration::from_hours(24));
            log.write_all(b"later\n").unwrap();
        }
        let names = names(&folder);
        assert_eq!(names.len(), 8, "{names:?}");
        assert_eq!(
            (names[0].as_str(), names[6].as_str()),
            ("lamplighter.2026-11-23.log", "lamplighter.2026-11-29.log")
        );
        assert_eq!(names[7], "lamplighter.notes.log", "what is no log of a day is left alone");
    }

    #[test]
    fn a_log_that_is_opened_again_is_gone_on_with() {
        let home = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::new());
        for _ in 0..2 {
            DailyLog::open(home.path(), clock.clone()).unwrap().write_all(b"line\n").unwrap();
        }
        assert_eq!(fs::read(home.path().join("lamplighter.2026-11-21.log")).unwrap(), b"line\nline\n");
    }
}
