//! A whole outage on this machine: simulated servers, the real engine, and the story as it happens.
//!
//! Three workloads: one stays well, one meets a firewall and recovers, one is revoked and asks for a
//! sign-in. Every line that is printed has just happened; whether it should have is judged at the end.

mod caller;
mod play;
mod scene;

use std::time::Duration;

use lamplighter_engine::clock::SystemClock;

use crate::exit::ExitCode;
use crate::ports::Out;
use play::Play;
use scene::Scene;

/// What keeps the story from being told; it is shown as it is.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What the story takes when nobody says otherwise.
const USUAL: u64 = 60;

/// The times of the story, all parts of its length.
#[derive(Clone, Copy)]
struct Tempo {
    /// A twentieth of the whole.
    beat: Duration,
}

impl Tempo {
    fn beats(self, count: f64) -> Duration {
        self.beat.mul_f64(count)
    }
}

/// Plays the story, for `seconds` at most.
pub(crate) async fn run(seconds: Option<u64>, out: &mut Out) -> ExitCode {
    let tempo = Tempo { beat: Duration::from_secs(seconds.unwrap_or(USUAL)) / 20 };
    match tell(tempo, out).await {
        Ok(true) => ExitCode::Done,
        Ok(false) => ExitCode::Failed,
        Err(error) => {
            out.note(&format!("error: {error}"));
            out.note("hint: the demo needs loopback ports and a folder for temporary files, and nothing else");
            ExitCode::Failed
        }
    }
}

async fn tell(tempo: Tempo, out: &mut Out) -> Result<bool> {
    let clock = std::sync::Arc::new(SystemClock::new());
    let scene = Scene::set(tempo, clock.clone()).await?;
    let outcome = Play::new(&scene, tempo, clock, out).perform().await;
    scene.strike().await;
    outcome
}
