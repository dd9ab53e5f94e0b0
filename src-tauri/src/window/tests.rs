use std::sync::atomic::{AtomicUsize, Ordering};

use lamplighter_engine::clock::VirtualClock;
use lamplighter_engine::engine::Engine;
use tempfile::TempDir;

use super::*;
use crate::samples;

/// A window whose process is played by shell scripts, one a start.
struct Stage {
    window: Window,
    clock: VirtualClock,
    /// The workload at which each process was started.
    started: Arc<Mutex<Vec<Option<String>>>>,
    engine: Engine,
    _home: TempDir,
}

impl Stage {
    async fn set(scripts: &'static [&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new();
        let engine = samples::engine(home.path(), &clock).await;
        let started = Arc::<Mutex<Vec<_>>>::default();
        let (places, next) = (Arc::clone(&started), AtomicUsize::new(0));
        let begin = move |place: &WindowRequest| {
            places.lock().unwrap().push(place.workload.clone());
            let script = scripts[next.fetch_add(1, Ordering::Relaxed)];
            let mut command = Command::new("sh");
            command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()
        };
        let troubles = Troubles::new(engine.handle(), Vec::new());
        let window = Window::begun_by(Arc::new(begin), troubles, Arc::new(clock.clone()));
        Self { window, clock, started, engine, _home: home }
    }

    /// How often a process was started.
    fn starts(&self) -> usize {
        self.started.lock().unwrap().len()
    }
}

fn at(workload: &str) -> WindowRequest {
    WindowRequest { workload: Some(workload.to_owned()), screen: None }
}

#[tokio::test]
async fn the_open_window_is_asked_and_says_when_it_can_be_seen() {
    let stage =
        Stage::set(&[r#"echo '{"shown":0}'; read told; echo '{"shown":1}'; read told; echo '{"shown":2}'; cat"#]).await;
    for workload in ["linear", "notion", "sentry"] {
        assert_eq!(stage.window.show(at(workload)).await, Ok(()));
    }
    assert_eq!(stage.starts(), 1);
    stage.engine.stop().await;
}

#[tokio::test]
async fn a_wish_that_a_closing_window_does_not_fulfil_opens_a_new_one_at_the_last_place() {
    let stage = Stage::set(&[r#"echo '{"shown":0}'; read told; read told"#, r#"echo '{"shown":0}'; cat"#]).await;
    assert_eq!(stage.window.show(at("linear")).await, Ok(()));
    let both = tokio::join!(stage.window.show(at("notion")), stage.window.show(at("sentry")));
    assert_eq!(both, (Ok(()), Ok(())));
    assert_eq!(*stage.started.lock().unwrap(), ["linear", "sentry"].map(|name| Some(name.to_owned())));
    stage.engine.stop().await;
}

#[tokio::test]
async fn one_that_ends_without_having_been_seen_is_not_tried_for_ever() {
    let stage = Stage::set(&["exit 0"]).await;
    assert_eq!(stage.window.show(at("linear")).await, Err(NotShown::BrokeDown));
    assert_eq!(stage.starts(), 1);
    stage.engine.stop().await;
}

#[tokio::test]
async fn one_that_never_shows_itself_is_ended_and_told_of() {
    let stage = Stage::set(&["cat", r#"echo '{"shown":0}'; cat"#]).await;
    let patience = async {
        // It is started, and waited for.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        stage.clock.advance(process::PATIENCE);
    };
    let (shown, ()) = tokio::join!(stage.window.show(at("linear")), patience);
    assert_eq!(shown, Err(NotShown::BrokeDown));
    assert_eq!(stage.window.show(at("linear")).await, Ok(()), "the next is another one");
    stage.engine.stop().await;
}
