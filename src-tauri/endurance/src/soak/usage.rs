//! What the process uses, and whether that grows. Reads `/proc` and `/metrics`; judges figures only.

use std::fmt;
use std::time::Duration;

use procfs::process::Process;

use super::control::Control;
use crate::patience::{Stopwatch, pause};

/// What is used at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Memory that is backed by no file, in KiB: what a leak adds to.
    pub memory: u64,
    /// Open file descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// Tasks that are alive.
    pub tasks: u64,
}

/// What is used while the run goes on, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// From the beginning of the load until then, and what was used then.
    pub samples: Vec<(Duration, Level)>,
}

/// How the memory went from the second quarter to the last one; the first is for what fills up once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trend {
    /// The median of the second quarter, in KiB.
    pub early: u64,
    /// The median of the last quarter, in KiB.
    pub late: u64,
    /// From the middle of the one to the middle of the other.
    pub apart: Duration,
}

/// What may differ from early to late, in KiB, however little is used.
const TOLERATED: u64 = 1024;

/// Reads one process.
pub(super) struct Meter {
    process: Process,
    control: Control,
}

impl Meter {
    pub(super) fn of(id: u32, control: Control) -> Self {
        Self { process: Process::new(id.try_into().unwrap()).unwrap(), control }
    }

    pub(super) async fn read(&self) -> Level {
        let rollup = self.process.smaps_rollup().unwrap();
        let maps = rollup.memory_map_rollup.0;
        let written = maps.iter().filter_map(|map| map.extension.map.get("Anonymous")).sum::<u64>();
        let tasks = self.control.gauge("lamplighter_tasks").await;
        Level {
            memory: written / 1024,
            descriptors: self.process.fd_count().unwrap() as u64,
            threads: self.process.stat().unwrap().num_threads.unsigned_abs(),
            tasks,
        }
    }

    /// The most that is used for a while.
    pub(super) async fn most(&self, span: Duration) -> Level {
        let watch = Stopwatch::start();
        let mut most = self.read().await;
        while watch.elapsed() < span {
            pause(Duration::from_millis(100)).await;
            most = most.or_more(self.read().await);
        }
        most
    }

    /// What is used as soon as nothing but the memory exceeds `quiet`, or when `patience` is over.
    pub(super) async fn settled(&self, quiet: Level, patience: Duration) -> Level {
        let watch = Stopwatch::start();
        loop {
            let now = self.read().await;
            if now.exceeding(quiet).is_empty() || watch.elapsed() > patience {
                return now;
            }
            pause(Duration::from_millis(250)).await;
        }
    }
}

impl Level {
    /// What of this is more than of `quiet`; memory is not looked at.
    pub(super) fn exceeding(self, quiet: Self) -> Vec<String> {
        let pairs = [
            ("descriptors", self.descriptors, quiet.descriptors),
            ("threads", self.threads, quiet.threads),
            ("tasks", self.tasks, quiet.tasks),
        ];
        let more = pairs.into_iter().filter(|(_, now, before)| now > before);
        more.map(|(what, now, before)| format!("{now} {what} are left where {before} were before")).collect()
    }

    fn or_more(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            descriptors: self.descriptors.max(other.descriptors),
            threads: self.threads.max(other.threads),
            tasks: self.tasks.max(other.tasks),
        }
    }
}

impl Course {
    /// How the memory went; `None` before there are enough samples to say.
    pub fn trend(&self) -> Option<Trend> {
        let quarter = self.samples.len() / 4;
        if quarter == 0 {
            return None;
        }
        let (early, late) = (&self.samples[quarter..2 * quarter], &self.samples[self.samples.len() - quarter..]);
        let median = |of: &[(Duration, Level)]| {
            let mut memory: Vec<_> = of.iter().map(|(_, level)| level.memory).collect();
            memory.sort_unstable();
            memory[memory.len() / 2]
        };
        let apart = late[quarter / 2].0.saturating_sub(early[quarter / 2].0);
        Some(Trend { early: median(early), late: median(late), apart })
    }

    /// The most of everything.
    pub fn most(&self) -> Level {
        self.samples.iter().fold(Level::default(), |most, (_, level)| most.or_more(*level))
    }
}

impl Trend {
    /// Whether it stayed where it was: within a twentieth, or a mebibyte.
    #[must_use]
    pub fn is_flat(self) -> bool {
        self.late <= self.early + TOLERATED.max(self.early / 20)
    }

    /// KiB an hour.
    #[must_use]
    pub fn an_hour(self) -> i64 {
        let grown = self.late.cast_signed() - self.early.cast_signed();
        let seconds = i64::try_from(self.apart.as_secs()).unwrap_or(i64::MAX).max(1);
        grown * 3600 / seconds
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory, descriptors, threads, tasks } = self;
        write!(out, "{memory:>6} KiB {descriptors:>5} descriptors {threads:>4} threads {tasks:>5} tasks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(memory: impl Fn(u64) -> u64) -> Course {
        let level = |minute| Level { memory: memory(minute), ..Level::default() };
        Course { samples: (0..120).map(|minute| (Duration::from_mins(minute), level(minute))).collect() }
    }

    #[test]
    fn what_fills_up_once_is_flat_and_what_goes_on_is_not() {
        let filled = course(|minute| 20_000 + minute.min(29) * 1_000).trend().unwrap();
        assert!(filled.is_flat() && filled.an_hour() == 0, "{filled:?}");
        let leaking = course(|minute| 20_000 + minute * 60).trend().unwrap();
        assert!(!leaking.is_flat(), "{leaking:?}");
        assert_eq!(leaking.an_hour(), 3_600);
    }

    #[test]
    fn a_peak_is_no_trend() {
        let peaks = course(|minute| if minute % 10 == 9 { 90_000 } else { 20_000 }).trend().unwrap();
        assert!(peaks.is_flat(), "{peaks:?}");
    }

    #[test]
    fn too_few_samples_say_nothing() {
        assert_eq!(Course::default().trend(), None);
    }

    #[test]
    fn what_is_left_is_named() {
        let quiet = Level { memory: 1, descriptors: 20, threads: 5, tasks: 40 };
        assert!(Level { memory: 9, ..quiet }.exceeding(quiet).is_empty());
        let left = Level { tasks: 42, ..quiet }.exceeding(quiet);
        assert_eq!(left, ["42 tasks are left where 40 were before"]);
    }
}
