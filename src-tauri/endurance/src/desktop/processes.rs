//! What a program and all that it started use, read from `/proc`.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use procfs::process::{MMapPath, MemoryMap, Process, all_processes};

/// A program and those below it.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    root: i32,
}

/// What threads have done since each of them began: how long it kept a processor busy, and how often it woke up.
#[derive(Clone, Debug)]
pub struct Work(HashMap<i32, (Duration, u64)>);

impl Work {
    /// What was done since `before`. Threads that have ended since are not in it.
    pub fn since(&self, before: &Self) -> (Duration, u64) {
        let of_one = |(thread, (busy, woken)): (&i32, &(Duration, u64))| {
            let (was_busy, had_woken) = before.0.get(thread).copied().unwrap_or_default();
            (busy.saturating_sub(was_busy), woken.saturating_sub(had_woken))
        };
        self.0.iter().map(of_one).fold((Duration::ZERO, 0), |(busy, woken), (more, again)| (busy + more, woken + again))
    }
}

impl Tree {
    /// Of the process with this number.
    pub fn below(id: u32) -> Self {
        Self { root: id.try_into().unwrap() }
    }

    /// The names of all of them, the first one's first.
    pub fn names(self) -> Vec<String> {
        let names = self.members().into_iter().filter_map(|process| Some(process.stat().ok()?.comm));
        names.collect()
    }

    /// The files of the libraries that any of them has loaded.
    pub fn libraries(self) -> BTreeSet<String> {
        let mapped = self.members().into_iter().filter_map(|process| process.maps().ok()).flatten();
        let name = |map: MemoryMap| {
            let MMapPath::Path(file) = map.pathname else { return None };
            Some(file.file_name()?.to_string_lossy().into_owned())
        };
        mapped.filter_map(name).filter(|name| name.contains(".so")).collect()
    }

    /// How many there are, the first one included.
    pub fn count(self) -> usize {
        self.members().len()
    }

    /// Their memory in bytes, each page divided among all who share it (PSS).
    pub fn memory(self) -> u64 {
        let of_one = |process: Process| -> Option<u64> {
            let maps = process.smaps_rollup().ok()?.memory_map_rollup;
            Some(maps.iter().filter_map(|map| map.extension.map.get("Pss")).sum())
        };
        self.members().into_iter().filter_map(of_one).sum()
    }

    /// What their threads have done so far.
    pub fn work(self) -> Work {
        let tasks = self.members().into_iter().filter_map(|process| process.tasks().ok()).flatten().flatten();
        let of_one = |task: procfs::process::Task| {
            let run = std::fs::read_to_string(format!("/proc/{}/task/{}/schedstat", task.pid, task.tid)).ok()?;
            let busy = run.split_whitespace().next()?.parse().ok()?;
            Some((task.tid, (Duration::from_nanos(busy), task.status().ok()?.voluntary_ctxt_switches?)))
        };
        Work(tasks.filter_map(of_one).collect())
    }

    fn members(self) -> Vec<Process> {
        let all: Vec<_> =
            all_processes().unwrap().flatten().filter_map(|one| Some((one.stat().ok()?.ppid, one))).collect();
        let mut members = vec![self.root];
        // Each generation is found below the one before it.
        let mut at = 0;
        while let Some(&parent) = members.get(at) {
            members.extend(all.iter().filter(|(above, _)| *above == parent).map(|(_, one)| one.pid));
            at += 1;
        }
        members.into_iter().filter_map(|id| Process::new(id).ok().filter(Process::is_alive)).collect()
    }
}
