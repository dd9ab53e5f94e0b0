//! The search for input that breaks what must hold: libFuzzer over every kind of input, for a while each.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{command, say, status, top};
use crate::tools;

/// Fuzzes `targets`, or all of them where none is named, for as many `minutes` each, and says how often each was run.
///
/// # Errors
/// When something was found, or a target cannot be built.
pub(crate) fn fuzz(targets: &[String], minutes: u64) -> Result<()> {
    let tool = tools::cargo_fuzz()?;
    let all = names(&top().join("tests/fuzz/corpus"))?;
    if let Some(unknown) = targets.iter().find(|target| !all.contains(target)) {
        bail!("there is no fuzz target {unknown}\nhint: the targets are {}", all.join(", "));
    }
    let mut build = cargo_fuzz(&tool, "build");
    if !status(&mut build)?.success() {
        bail!("the fuzz targets cannot be built\nhint: a C++ compiler is needed, of the package g++");
    }
    let mut found = Vec::new();
    for target in if targets.is_empty() { &all } else { targets } {
        let place = Place::of(target)?;
        let log = File::create(&place.log).with_context(|| format!("cannot write {}", place.log.display()))?;
        let ended = status(place.fuzz(&tool, minutes).stderr(log))?;
        let tally = Tally::read(&fs::read_to_string(&place.log)?);
        say(&format!("{target:16} {:>12} executions {:>8} edges covered", tally.executions, tally.coverage));
        if !ended.success() {
            found.push(place.artifacts.display().to_string());
        }
    }
    if found.is_empty() {
        say("Nothing was found.");
        return Ok(());
    }
    bail!(
        "something was found, and is kept in {}\n\
         hint: mend what it breaks, and keep the input in tests/fuzz/corpus, where every test run tries it again",
        found.join(" and ")
    )
}

/// Where the work on one target is.
struct Place {
    target: String,
    /// What is kept in the repository.
    seeds: PathBuf,
    /// What was found to be worth going on from, by this machine.
    corpus: PathBuf,
    /// What broke something.
    artifacts: PathBuf,
    /// What libFuzzer says.
    log: PathBuf,
}

impl Place {
    fn of(target: &str) -> Result<Self> {
        let work = top().join("target/fuzz");
        let place = Self {
            target: target.to_owned(),
            seeds: top().join("tests/fuzz/corpus").join(target),
            corpus: work.join("corpus").join(target),
            artifacts: work.join("artifacts").join(target),
            log: work.join(format!("{target}.log")),
        };
        for folder in [&place.corpus, &place.artifacts] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(place)
    }

    fn fuzz(&self, tool: &Path, minutes: u64) -> Command {
        let mut fuzz = cargo_fuzz(tool, "run");
        fuzz.arg(&self.target).args([&self.corpus, &self.seeds]);
        fuzz.args([
            "--",
            "-print_final_stats=1",
            "-timeout=10",
            &format!("-max_total_time={}", minutes.saturating_mul(60)),
        ]);
        fuzz.arg(format!("-artifact_prefix={}/", self.artifacts.display()));
        // The files that some targets write are not worth a disk.
        if Path::new("/dev/shm").is_dir() {
            fuzz.env("TMPDIR", "/dev/shm");
        }
        fuzz
    }
}

/// `cargo fuzz` with the compiler at hand. No sanitizer: there is no unsafe code of ours for one to watch. And without
/// `cfg(fuzzing)`, under which crates may behave as they do nowhere else.
fn cargo_fuzz(tool: &Path, task: &str) -> Command {
    let mut fuzz = command(tool, [task]);
    // Instrumentation is an option of the compiler that only nightlies admit to.
    fuzz.env("RUSTC_BOOTSTRAP", "1");
    fuzz.args(["--fuzz-dir", "tests/fuzz/libfuzzer", "--target-dir", "target/fuzz"]);
    fuzz.args(["--sanitizer", "none", "--no-cfg-fuzzing"]);
    fuzz
}

/// What libFuzzer says at the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    executions: u64,
    coverage: u64,
}

impl Tally {
    fn read(log: &str) -> Self {
        let mut tally = Self::default();
        for line in log.lines() {
            let mut words = line.split_ascii_whitespace();
            while let Some(word) = words.next() {
                match word {
                    "stat::number_of_executed_units:" => tally.executions = number(words.next()),
                    "cov:" => tally.coverage = number(words.next()),
                    _ => {}
                }
            }
        }
        tally
    }
}

fn number(word: Option<&str>) -> u64 {
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_on_coverage_and_executions_counts() {
        let log =
            "#2\tINITED cov: 12 ft: 13\n#90\tNEW    cov: 34 ft: 35 corp: 4/1Kb\nstat::number_of_executed_units: 91\n";
        assert_eq!(Tally::read(log), Tally { executions: 91, coverage: 34 });
        assert_eq!(Tally::read("error: it does not build"), Tally::default());
    }

    #[test]
    fn every_kind_of_input_that_is_kept_has_a_way_in() {
        let entries = top().join("tests/fuzz/libfuzzer/targets");
        let targets = names(&entries).unwrap();
        let kept = names(&top().join("tests/fuzz/corpus")).unwrap();
        assert_eq!(targets, kept.iter().map(|name| format!("{name}.rs")).collect::<Vec<_>>());
    }
}
