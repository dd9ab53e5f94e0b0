//! Lives thousands of months, and says what they came to; or tells the story of one. See `cargo xtask life`.

#[path = "../tests/life/mod.rs"]
mod life;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use life::{Broken, Figures};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let held = match words.as_slice() {
        ["--seed", seed] => seed.parse().is_ok_and(one),
        ["--seeds", seeds] => seeds.parse().is_ok_and(|seeds| many(0, seeds)),
        ["--seeds", seeds, "--from", from] => {
            from.parse().is_ok_and(|from| seeds.parse().is_ok_and(|seeds| many(from, seeds)))
        }
        _ => {
            say("life --seed N, or life --seeds N [--from N]");
            false
        }
    };
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The whole story of one month.
fn one(seed: u64) -> bool {
    match life::live(seed) {
        Ok((figures, story)) => {
            say(&format!("{}\n{figures}", story.join("\n")));
            true
        }
        Err(broken) => {
            say(&format!("{broken:#}"));
            false
        }
    }
}

/// So many months, as many at a time as there are processors.
fn many(from: u64, seeds: u64) -> bool {
    let next = AtomicU64::new(from);
    let sum = Mutex::new((Figures::default(), Vec::<Broken>::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        return;
                    }
                    let lived = life::live(seed);
                    let Ok(mut sum) = sum.lock() else { return };
                    match lived {
                        Ok((figures, _)) => sum.0.add(figures),
                        Err(broken) => {
                            say(&broken.to_string());
                            sum.1.push(broken);
                        }
                    }
                }
            });
        }
    });
    let Ok((figures, broken)) = sum.into_inner() else { return false };
    say(&figures.to_string());
    for each in &broken {
        say(&format!("broken: seed {}: {}", each.seed, each.promise));
    }
    broken.is_empty()
}

fn say(text: &str) {
    // Nobody reads any more: that ends nothing.
    let _ = writeln!(std::io::stdout(), "{text}");
}
