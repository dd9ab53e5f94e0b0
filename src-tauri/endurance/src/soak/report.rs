//! The table at the end of a run, and which promises were broken. Knows figures only.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::chronicle::{Chronicle, Deeds};
use super::crowd::Answers;
use super::place::Counts;
use super::story::Lived;
use super::usage::{Course, Level};

/// A run is long enough to judge the memory by when what fills up once has had the time.
const LONG_ENOUGH: Duration = Duration::from_mins(20);

/// How many broken promises are spelt out.
const SPELT_OUT: usize = 20;

/// What a run has shown.
#[derive(Debug)]
pub struct Report {
    /// What was used under load.
    pub course: Course,
    /// What was used before the load.
    pub quiet: Level,
    /// What was used when the load had ended.
    pub left: Level,
    /// What the clients were answered.
    pub answers: Answers,
    /// What the journal tells.
    pub chronicle: Chronicle,
    /// What became of each workload.
    pub workloads: BTreeMap<String, Workload>,
    /// Whether the engine ended as it was asked to.
    pub ended_well: bool,
}

/// What became of a workload.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// What was done to it.
    pub lived: Lived,
    /// What its authorization server counted.
    pub noted: Counts,
}

impl Report {
    /// What breaks a promise, in words; nothing when all was kept.
    pub fn broken(&self) -> Vec<String> {
        let mut broken = self.chronicle.broken.clone();
        for (name, Workload { lived, noted }) in &self.workloads {
            if !lived.whole {
                broken.push(format!("{name}: it did not run again when it should"));
            }
            if noted.at_once > 1 {
                broken.push(format!("{name}: {} requests were under way at once", noted.at_once));
            }
            if noted.reused > 0 {
                broken.push(format!("{name}: {} used refresh tokens were sent again", noted.reused));
            }
        }
        broken.extend(self.left.exceeding(self.quiet));
        if let Some(trend) = self.course.trend().filter(|trend| !trend.is_flat() && self.is_long_enough()) {
            broken.push(format!("the memory grew from {} to {} KiB", trend.early, trend.late));
        }
        if !self.ended_well {
            broken.push("the engine did not end as it was asked to".to_owned());
        }
        broken
    }

    fn is_long_enough(&self) -> bool {
        self.course.samples.last().is_some_and(|(at, _)| *at > LONG_ENOUGH)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "used           quiet   {}", self.quiet)?;
        writeln!(out, "  at most under load   {}", self.course.most())?;
        writeln!(out, "  when that had ended  {}", self.left)?;
        if let Some(trend) = self.course.trend() {
            let span = trend.apart.as_secs();
            write!(out, "memory, medians        {} KiB, and {span} s later {} KiB: ", trend.early, trend.late)?;
            writeln!(out, "{:+} KiB an hour", trend.an_hour())?;
        }
        let Answers { answered, refused, failed, streams, pieces } = self.answers;
        writeln!(out, "calls of tools         {answered} answered, {refused} refused for now, {failed} failed")?;
        writeln!(out, "event streams          {streams} opened, {pieces} pieces came")?;
        for (name, Workload { lived, noted }) in &self.workloads {
            let Lived { deeds, troubles, longest_way_back, .. } = lived;
            let Deeds { rests, sign_outs, revocations, rejoins } = deeds;
            write!(out, "{name:<22} {troubles} troubles; {rests} stops, {sign_outs} sign-outs, ")?;
            write!(out, "{revocations} revocations, {rejoins} removals; ")?;
            writeln!(out, "back after {} ms at most", longest_way_back.as_millis())?;
            write!(out, "  its server saw       {} token requests, ", noted.token_requests)?;
            writeln!(out, "{} at once at most, {} used tokens again", noted.at_once, noted.reused)?;
        }
        let Chronicle { rows, sorts, episodes, recovered, cut_short, lost, .. } = &self.chronicle;
        write!(out, "journal                {rows} rows; {episodes} episodes, {recovered} recovered, ")?;
        writeln!(out, "{cut_short} cut short by people; {lost} logins lost")?;
        for (sort, count) in sorts {
            writeln!(out, "  {sort:<36} {count}")?;
        }
        let broken = self.broken();
        write!(out, "broken promises        {}   (must be 0)", broken.len())?;
        broken.iter().take(SPELT_OUT).try_for_each(|why| write!(out, "\n  {why}"))
    }
}
