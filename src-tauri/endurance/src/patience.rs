//! Waiting for other processes: always for something to be seen, never past a deadline.

use std::time::Duration;

/// Longer than anything here takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The outcome of `work`, which must come before patience runs out.
pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    #[expect(clippy::disallowed_methods, reason = "another process takes its own time")]
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// What `look` finds, which is asked again and again until it finds something.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            pause(Duration::from_millis(50)).await;
        }
    };
    within(what, looking).await
}

/// Lets time pass.
pub async fn pause(span: Duration) {
    #[expect(clippy::disallowed_methods, reason = "another process takes its own time")]
    tokio::time::sleep(span).await;
}

/// Runs since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

#[expect(clippy::disallowed_methods, reason = "another process takes its own time")]
impl Stopwatch {
    /// From now.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long it has run.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
