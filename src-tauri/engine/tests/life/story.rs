//! What happened, line by line, and the first promise that was broken. A seed's story is the same every time.

use std::fmt::{self, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use super::clock::MachineClock;

/// As many lines before the break are told where nobody asked for all of them.
const LAST: usize = 60;

pub(super) struct Story {
    clock: MachineClock,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    lines: Vec<(Duration, String)>,
    broken: Option<String>,
}

/// A month in which a promise was broken.
pub(crate) struct Broken {
    /// Tells this month from all others.
    pub(crate) seed: u64,
    /// The promise, and how it was broken.
    pub(crate) promise: String,
    lines: Vec<(Duration, String)>,
}

impl Story {
    pub(super) fn new(clock: MachineClock) -> Self {
        Self { clock, told: Mutex::default() }
    }

    pub(super) fn tell(&self, line: impl Into<String>) {
        let at = self.clock.age();
        self.told.lock().unwrap().lines.push((at, line.into()));
    }

    /// A promise was broken; the first one counts.
    pub(super) fn broke(&self, promise: impl Into<String>) {
        let promise = promise.into();
        self.tell(format!("BROKEN: {promise}"));
        self.told.lock().unwrap().broken.get_or_insert(promise);
    }

    pub(super) fn is_broken(&self) -> bool {
        self.told.lock().unwrap().broken.is_some()
    }

    pub(super) fn end(&self, seed: u64) -> Result<Vec<String>, Broken> {
        let Told { lines, broken } = std::mem::take(&mut *self.told.lock().unwrap());
        match broken {
            Some(promise) => Err(Broken { seed, promise, lines }),
            None => Ok(lines.iter().map(shown).collect()),
        }
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, promise, lines } = self;
        let last = if out.alternate() { lines.len() } else { LAST };
        let mut told = String::new();
        for line in &lines[lines.len().saturating_sub(last)..] {
            writeln!(told, "{}", shown(line))?;
        }
        write!(out, "seed {seed} breaks a promise: {promise}\n{told}again: cargo xtask life --seed {seed}")
    }
}

fn shown((at, line): &(Duration, String)) -> String {
    let seconds = at.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    format!("day {days:2} {hours:02}:{:02}:{:02}.{:03}  {line}", seconds / 60 % 60, seconds % 60, at.subsec_millis())
}
