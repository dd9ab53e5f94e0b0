//! A start that finds the profile held: the one that runs shows its window, and this one ends. Where that one has none
//! (it is `lamplighter serve`), this one opens a window on it, and ends with that. One that is just ending is waited for:
//! this one takes its place.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lamplighter_client::{Client, Error};
use lamplighter_engine::api::{WindowRequest, Word};
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;

use crate::{give_up, window};

/// How long the other one may take until it can be asked, or is gone: longer than an engine takes to drain (10 s) and to
/// write its journal (5 s).
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What becomes of this start.
enum Fate {
    /// The other one does what was asked of this one.
    Done,
    /// The other one has no window.
    Windowless,
    /// The other one is gone.
    Heir,
}

/// Why nothing becomes of it.
#[derive(Debug, thiserror::Error)]
enum Unmet {
    #[error("another Lamplighter holds this profile, and neither answers nor ends")]
    Stuck,
    #[error(transparent)]
    Refused(#[from] Error),
}

/// The code that this start ends with; `None` when the other one is gone, and this one may begin anew. `hidden`: nothing
/// is asked of it but that one runs.
pub(crate) fn start(profile: &Profile, clock: &Arc<dyn Clock>, hidden: bool) -> Option<ExitCode> {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Some(give_up(1, &error, "try again")),
    };
    match runtime.block_on(meet(profile, &**clock, hidden)) {
        Ok(Fate::Done) => Some(ExitCode::SUCCESS),
        Ok(Fate::Windowless) => Some(window::open_alone()),
        Ok(Fate::Heir) => None,
        Err(error) => Some(give_up(1, &error, "end the Lamplighter that runs, and start again")),
    }
}

async fn meet(profile: &Profile, clock: &dyn Clock, hidden: bool) -> Result<Fate, Unmet> {
    let end = clock.now().moment + PATIENCE;
    loop {
        let is_late = clock.now().moment >= end;
        match Client::of(profile) {
            Ok(_) if hidden => return Ok(Fate::Done),
            Ok(client) => match show(&client).await {
                // It may have begun to end just now.
                Err(Error::Silent { .. } | Error::Stopped) if !is_late => {}
                met => return Ok(met?),
            },
            Err(Error::NoEngine) if is_free(profile) => return Ok(Fate::Heir),
            Err(Error::NoEngine) if is_late => return Err(Unmet::Stuck),
            Err(Error::NoEngine) => {}
            Err(error) => return Err(error.into()),
        }
        clock.sleep_until(clock.now().moment + LOOK_EVERY).await;
    }
}

async fn show(client: &Client) -> Result<Fate, Error> {
    match client.post::<()>(&["window"], &WindowRequest::default()).await {
        Ok(()) => Ok(Fate::Done),
        Err(Error::Refused(problem)) if problem.code == Word::NoWindow => Ok(Fate::Windowless),
        Err(error) => Err(error),
    }
}

/// Whether nobody holds the profile. Where that cannot be told, a start says why.
fn is_free(profile: &Profile) -> bool {
    !matches!(profile.lock(), Ok(Err(_)))
}
