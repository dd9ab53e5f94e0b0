//! The commands: what is asked for in, an ordeal, figures out.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use lamplighter_endurance::bus::SessionBus;
use lamplighter_endurance::desktop::{self, pictures};
use lamplighter_endurance::figure::Figure;
use lamplighter_endurance::keyring::Keyring;
use lamplighter_endurance::kills::{self, Tally, Verdict};
use lamplighter_endurance::patience::Stopwatch;
use lamplighter_endurance::product::Product;
use lamplighter_endurance::soak::{self, Cast, Level};
use lamplighter_endurance::weather;

/// Wear Lamplighter out, and see whether it keeps its promises.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    ordeal: Ordeal,
}

#[derive(Subcommand)]
enum Ordeal {
    /// Kill the engine (SIGKILL) at random moments of a refresh, and count the logins that are lost.
    Kill {
        /// How many kills.
        #[arg(long, default_value_t = 1000)]
        times: usize,
        /// The longest that it may take, in minutes; what was done until then is told.
        #[arg(long, default_value_t = 60)]
        minutes: u64,
        /// The run to have again; a new one else.
        #[arg(long)]
        seed: Option<u64>,
        /// Where the logins are kept.
        #[arg(long, value_enum, default_value_t = Store::File)]
        store: Store,
    },
    /// Measure what the desktop app costs on a desktop, and how soon it shows a change.
    Desktop {
        /// How long it is looked at while nothing happens, in seconds.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
        idle: u64,
    },
    /// Take pictures of the desktop app: the lamp with its menu, and notices.
    Pictures {
        /// Where they are put.
        folder: PathBuf,
    },
    /// Run the engine for hours while faults come and go, and see what it uses and what its journal says.
    Soak {
        /// How long, in minutes.
        #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
        minutes: u64,
        /// The run to have again; a new one else.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Measure how soon everything runs again when the network is usable, or the machine wakes, and what waiting costs.
    Weather {
        /// How often the network fails, and as often the machine sleeps.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
        rounds: u16,
        /// How long it is looked at while it waits, in seconds.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
        idle: u64,
        /// The run to have again; a new one else.
        #[arg(long)]
        seed: Option<u64>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Store {
    /// The encrypted folder.
    File,
    /// gnome-keyring, on a session bus of its own.
    Keychain,
}

pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Ok(runtime) = runtime else { return ExitCode::FAILURE };
    runtime.block_on(async {
        tokio::select! {
            held = begin(arguments.ordeal) => if held { ExitCode::SUCCESS } else { ExitCode::FAILURE },
            // Everything that was started goes with what is dropped here.
            () = interrupted() => ExitCode::FAILURE,
        }
    })
}

/// Whether every promise was kept.
async fn begin(ordeal: Ordeal) -> bool {
    match ordeal {
        Ordeal::Kill { times, minutes, seed, store } => {
            let seed = seed.unwrap_or_else(|| fastrand::u64(0..1_000_000));
            let limit = Duration::from_mins(minutes);
            match store {
                Store::File => kill(Product::new("file"), times, limit, seed).await,
                Store::Keychain => {
                    let bus = SessionBus::start().await;
                    let _keyring = Keyring::start(&bus).await;
                    let mut product = Product::new("keychain");
                    for (name, value) in bus.addresses() {
                        product.set(name, value);
                    }
                    kill(product, times, limit, seed).await
                }
            }
        }
        Ordeal::Desktop { idle } => {
            let measuring = desktop::figures::measure(Duration::from_secs(idle), |figure| say(&figure.to_string()));
            let figures = Box::pin(measuring).await;
            figures.iter().all(Figure::holds)
        }
        Ordeal::Pictures { folder } => {
            Box::pin(pictures::take(&folder)).await;
            true
        }
        Ordeal::Soak { minutes, seed } => {
            let seed = seed.unwrap_or_else(|| fastrand::u64(0..1_000_000));
            soak(Duration::from_mins(minutes), seed).await
        }
        Ordeal::Weather { rounds, idle, seed } => {
            let seed = seed.unwrap_or_else(|| fastrand::u64(0..1_000_000));
            weather(rounds.into(), Duration::from_secs(idle), seed).await
        }
    }
}

async fn kill(product: Product, times: usize, limit: Duration, seed: u64) -> bool {
    say(&format!("{times} kills with seed {seed}, at most {} minutes", limit.as_secs() / 60));
    let watch = Stopwatch::start();
    let tally = kills::ordeal(product, times, seed, |tally: &Tally| {
        let done = tally.kills.len();
        if done.is_multiple_of(100) {
            let [window, broken] = [Verdict::Window, Verdict::Broken].map(|verdict| tally.count(verdict));
            let seconds = watch.elapsed().as_secs();
            say(&format!(
                "{done} kills in {seconds} s: {window} logins lost in the window, {broken} against a promise"
            ));
        }
        watch.elapsed() < limit
    });
    let tally = tally.await;
    say(&format!("{tally}\nseed {seed}, {} s", watch.elapsed().as_secs()));
    tally.count(Verdict::Broken) == 0
}

async fn soak(span: Duration, seed: u64) -> bool {
    say(&format!("{} minutes of faults with seed {seed}", span.as_secs() / 60));
    let mut due = Duration::ZERO;
    let tell = |at: Duration, level: Level| {
        if at >= due {
            say(&format!("{:>6} s  {level}", at.as_secs()));
            due += Duration::from_mins(1);
        }
    };
    let cast = Cast { foreign: 2, simulated: 3 };
    let report = soak::ordeal(Product::new("file"), cast, span, seed, tell).await;
    say(&format!("{report}\nseed {seed}"));
    report.broken().is_empty()
}

async fn weather(rounds: usize, idle: Duration, seed: u64) -> bool {
    say(&format!("{rounds} troubles with the network and as many sleeps with seed {seed}"));
    let watch = Stopwatch::start();
    let figures = Box::pin(weather::figures::measure(rounds, idle, seed, say)).await;
    say(&format!("seed {seed}, {} s", watch.elapsed().as_secs()));
    figures.is_some_and(|figures| figures.iter().all(Figure::holds))
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn say(text: &str) {
    // Nobody reads any more: that ends nothing.
    let _ = writeln!(std::io::stdout(), "{text}");
}
