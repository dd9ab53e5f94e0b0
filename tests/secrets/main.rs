//! No secret leaves the rooms that are made for it: one long walk through everything that can happen, with every
//! log line, file, journal row and answer searched afterwards.

#[cfg(unix)]
mod program;
mod search;
#[expect(dead_code, reason = "the other stories need more of the stage")]
#[path = "../support/mod.rs"]
mod support;
mod walk;

use std::path::Path;

use lamplighter_simulator::CANARY;

use search::{Evidence, Log};
use support::Outcome;

#[tokio::test]
async fn no_secret_is_found_anywhere_after_a_walk_through_everything() -> Outcome {
    let log = Log::of_the_process()?;
    let mut walk = walk::Walk::begin().await?;
    walk.sign_in_in_every_way().await?;
    walk.meet_every_weather().await?;
    walk.be_refused_and_revoked().await?;
    walk.break_down().await?;
    walk.ask_wrongly().await?;
    walk.open_in_a_browser().await?;
    walk.ask_everything().await?;
    walk.restart().await?;
    let mut evidence = walk.end().await?;

    let logged = log.text();
    assert!(logged.contains("TRACE") && logged.contains("refresh failed"), "the log was listened to, at every level");
    assert!(
        logged.contains("broken by") && logged.contains("stack backtrace"),
        "and panics, with where they come from"
    );
    evidence.add("the log", logged);
    assert_eq!(evidence.leaks(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_secret_that_is_logged_would_be_found() {
    let log = Log::default();
    let secret = format!("{CANARY}planted");
    tracing::subscriber::with_default(log.subscriber(), || {
        tracing::trace_span!("exchange", secret).in_scope(|| tracing::trace!("nothing"));
        tracing::debug!(answer = ?Some(&secret), "refresh failed");
    });
    let mut evidence = Evidence::default();
    evidence.secret("the canary", CANARY);
    evidence.add("the log", log.text());
    assert_eq!(evidence.leaks().len(), 1, "{:?}", evidence.leaks());
}

#[test]
fn a_secret_in_a_file_would_be_found_wherever_it_is() -> Outcome {
    let home = tempfile::tempdir()?;
    std::fs::create_dir(home.path().join("secrets"))?;
    std::fs::write(home.path().join("secrets").join("one"), [b"\xff\x00", CANARY.as_bytes(), b"\xfe"].concat())?;
    std::fs::write(home.path().join("config.toml"), "name = \"a-key\"")?;
    let mut evidence = Evidence::default();
    evidence.secret("the canary", CANARY);
    evidence.secret("a key", "a-key");
    evidence.allow("a key", "config.toml");
    evidence.add_files(home.path())?;
    let leaks = evidence.leaks();
    let nested = Path::new("secrets").join("one");
    assert!(leaks.len() == 1 && leaks[0].starts_with(&format!("the canary in {}: ", nested.display())), "{leaks:?}");
    Ok(())
}
