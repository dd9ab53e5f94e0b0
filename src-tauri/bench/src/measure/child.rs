//! Other programs: started, watched, ended. Linux tells what they use.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::measure::stopwatch::{Stopwatch, pause};

/// How long a program may take to be ready.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A program that is killed when dropped.
pub(crate) struct Child {
    process: Process,
}

/// Lines to a program, and its answers.
pub(crate) struct Talk {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// What a program has used since it started.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// Time on a processor, in user and kernel mode, of all its threads.
    pub(crate) cpu: Duration,
    /// Its proportional share of memory now, in bytes.
    pub(crate) memory: u64,
    /// How often its threads gave up the processor to wait.
    pub(crate) waits: u64,
}

impl Child {
    /// Starts `command`.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let process = command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { process })
    }

    /// Starts `command` and reads the address that is the first line it prints.
    pub(crate) fn serving(command: &mut Command) -> Result<(Self, SocketAddr)> {
        let mut child = Self::start(command.stdout(Stdio::piped()))?;
        let printed = child.process.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(printed).read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("no address: {line:?}"))?;
        Ok((child, address))
    }

    /// Starts `command`, which answers lines of JSON.
    pub(crate) fn talking(command: &mut Command) -> Result<(Self, Talk)> {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = piped.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let to = process.stdin.take().context("no standard input")?;
        let from = BufReader::new(process.stdout.take().context("no standard output")?);
        Ok((Self { process }, Talk { to, from }))
    }

    /// Waits until it ends; an error when it did not do what it should.
    pub(crate) fn done(mut self) -> Result<()> {
        let status = self.process.wait()?;
        if !status.success() {
            bail!("a program ended with {status}");
        }
        Ok(())
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// How much more memory it held at its peak during `work` than before, in bytes.
    pub(crate) async fn peak<T>(&self, work: impl Future<Output = Result<T>>) -> Result<(T, u64)> {
        let process = procfs::process::Process::new(i32::try_from(self.id())?)?;
        process.clear_refs(procfs::process::ClearRefs::PeakRSS)?;
        let before = process.status()?.vmrss.context("no VmRSS")?;
        let done = work.await?;
        let peak = process.status()?.vmhwm.context("no VmHWM")?;
        Ok((done, peak.saturating_sub(before) * 1024))
    }

    /// What it has used.
    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(&procfs::process::Process::new(i32::try_from(self.id())?)?)
    }

    /// Proportional memory of the programs that it started, and that those started, in bytes.
    pub(crate) fn memory_below(&self) -> Result<u64> {
        descendants(i32::try_from(self.id())?)?.iter().map(|process| Ok(Usage::of(process)?.memory)).sum()
    }
}

impl Usage {
    fn of(process: &procfs::process::Process) -> Result<Self> {
        let maps = process.smaps_rollup()?.memory_map_rollup;
        let memory = maps.iter().filter_map(|map| map.extension.map.get("Pss")).sum();
        let mut usage = Self { cpu: Duration::ZERO, memory, waits: 0 };
        for task in process.tasks()? {
            let task = task?;
            let run = std::fs::read_to_string(format!("/proc/{}/task/{}/schedstat", process.pid, task.tid))?;
            let nanos = run.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).context("schedstat")?;
            usage.cpu += Duration::from_nanos(nanos);
            usage.waits += task.status()?.voluntary_ctxt_switches.unwrap_or(0);
        }
        Ok(usage)
    }
}

impl Talk {
    /// Says `line`, and reads the answer to it.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, line: &Value) -> Result<T> {
        writeln!(self.to, "{line}")?;
        let mut answer = String::new();
        self.from.read_line(&mut answer)?;
        serde_json::from_str(&answer).with_context(|| format!("a strange answer: {answer:?}"))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// All processes that descend from the process `pid`.
fn descendants(pid: i32) -> Result<Vec<procfs::process::Process>> {
    let all: Vec<_> = procfs::process::all_processes()?
        .filter_map(Result::ok)
        .filter_map(|process| Some((process.stat().ok()?.ppid, process)))
        .collect();
    let mut members = vec![pid];
    let mut grown = true;
    while grown {
        let before = members.len();
        for (parent, process) in &all {
            if members.contains(parent) && !members.contains(&process.pid) {
                members.push(process.pid);
            }
        }
        grown = members.len() > before;
    }
    members.retain(|member| *member != pid);
    Ok(all.into_iter().map(|(_, process)| process).filter(|process| members.contains(&process.pid)).collect())
}

/// Ready when something listens at `address`.
pub(crate) async fn reachable(address: SocketAddr) -> Result<()> {
    let watch = Stopwatch::start();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        if watch.elapsed() > PATIENCE {
            bail!("nothing listens at {address}");
        }
        pause(Duration::from_millis(10)).await;
    }
    Ok(())
}
