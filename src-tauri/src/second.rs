//! A start that finds the profile held: the one that runs shows its window, and this one ends. Where that one has none
//! (it is `lamplighter serve`), this one opens a window on it, and ends with that.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lamplighter_client::{Client, Error};
use lamplighter_engine::api::{WindowRequest, Word};
use lamplighter_engine::ports::Clock;
use lamplighter_engine::profile::Profile;

use crate::{give_up, window};

/// How long one that is just starting may take until it can be asked.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether it can.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What becomes of this start.
enum Fate {
    /// The other one shows its window.
    Shown,
    /// The other one has no window.
    Windowless,
}

pub(crate) fn start(profile: &Profile, clock: &Arc<dyn Clock>, hidden: bool) -> ExitCode {
    if hidden {
        // Nothing was asked of it but to run, and one does.
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return give_up(1, &error, "try again"),
    };
    match runtime.block_on(ask(profile, &**clock)) {
        Ok(Fate::Shown) => ExitCode::SUCCESS,
        Ok(Fate::Windowless) => window::open_alone(),
        Err(error) => {
            give_up(1, &error, "another Lamplighter holds this profile and does not answer: end it, and start again")
        }
    }
}

async fn ask(profile: &Profile, clock: &dyn Clock) -> Result<Fate, Error> {
    let client = reach(profile, clock).await?;
    match client.post::<()>(&["window"], &WindowRequest::default()).await {
        Ok(()) => Ok(Fate::Shown),
        Err(Error::Refused(problem)) if problem.code == Word::NoWindow => Ok(Fate::Windowless),
        Err(error) => Err(error),
    }
}

/// The engine that holds the profile, once it can be asked.
async fn reach(profile: &Profile, clock: &dyn Clock) -> Result<Client, Error> {
    let end = clock.now().moment + PATIENCE;
    loop {
        match Client::of(profile) {
            Err(Error::NoEngine) if clock.now().moment < end => {
                clock.sleep_until(clock.now().moment + LOOK_EVERY).await;
            }
            reached => return reached,
        }
    }
}
