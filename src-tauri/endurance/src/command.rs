//! The commands: what is asked for in, an ordeal, figures out.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use lamplighter_endurance::keyring;
use lamplighter_endurance::kills::{self, Tally, Verdict};
use lamplighter_endurance::patience::Stopwatch;
use lamplighter_endurance::product::Product;

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
    let on_a_bus = matches!(arguments.ordeal, Ordeal::Kill { store: Store::Keychain, .. });
    if on_a_bus && keyring::desktop().is_none() {
        let same: Vec<_> = std::env::args_os().skip(1).collect();
        let ended = keyring::on_a_bus_of_its_own(&same, false);
        return if ended.status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
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
                    let Some(desktop) = keyring::desktop() else { return false };
                    let _daemon = desktop.start_daemon().await;
                    let mut product = Product::new("keychain");
                    for (name, value) in keyring::addresses() {
                        product.set(name, value);
                    }
                    kill(product, times, limit, seed).await
                }
            }
        }
    }
}

async fn kill(product: Product, times: usize, limit: Duration, seed: u64) -> bool {
    say(&format!("{times} kills with seed {seed}, at most {} minutes", limit.as_secs() / 60));
    let watch = Stopwatch::start();
    let tally = kills::ordeal(product, times, seed, |tally: &Tally| {
        let done = tally.kills.len();
        if done.is_multiple_of(100) {
            let lost = done - tally.count(Verdict::Kept);
            say(&format!("{done} kills in {} s, {lost} logins lost", watch.elapsed().as_secs()));
        }
        watch.elapsed() < limit
    });
    let tally = tally.await;
    say(&format!("{tally}\nseed {seed}, {} s", watch.elapsed().as_secs()));
    tally.count(Verdict::Broken) == 0
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
