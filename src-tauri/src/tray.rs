//! The lamp in the tray and its menu: draws what [`lamp`] and [`menu`] decide, and only what has changed.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod item;
pub(crate) mod lamp;
pub(crate) mod menu;
mod picture;
#[cfg(test)]
mod samples;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lamplighter_core::Snapshot;
use lamplighter_engine::ports::Clock;
use tokio::sync::watch;

use self::lamp::Lamp;
use self::menu::{Menu, changes_at};

#[cfg(not(target_os = "linux"))]
pub(crate) use self::elsewhere::tend;
#[cfg(target_os = "linux")]
pub(crate) use self::item::tend;

/// The tray is drawn once in this time at most: panels fetch what has changed piece by piece, and stumble over what goes
/// while they do.
const PACE: Duration = Duration::from_millis(150);

/// What the tray shows: equal as long as there is nothing to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Face {
    lamp: Lamp,
    menu: Menu,
}

impl Face {
    fn of(snapshot: &Snapshot, now: Timestamp) -> Self {
        Self { lamp: Lamp::of_all(snapshot), menu: Menu::of(snapshot, now) }
    }
}

impl Default for Face {
    /// Before there is anything to tell.
    fn default() -> Self {
        Self::of(&Snapshot::default(), Timestamp::UNIX_EPOCH)
    }
}

/// Hands every new face to `draw`. Nothing runs while nothing changes and nothing counts down.
async fn follow<Drawn: Future<Output = ()>>(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Arc<dyn Clock>,
    draw: impl Fn(Face) -> Drawn,
) {
    let mut jumps = clock.jumps();
    let mut shown = None;
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let now = clock.now();
        let face = Face::of(&snapshot, now.wall);
        if shown.as_ref() != Some(&face) {
            draw(face.clone()).await;
            shown = Some(face);
            clock.sleep_until(now.moment + PACE).await;
        }
        let change = changes_at(&snapshot, now.wall).map(|wall| clock.sleep_until(now.moment_at(wall)));
        let counted_down = async {
            match change {
                Some(change) => change.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() { return },
            () = counted_down => {}
            // The wall clock was set: what counted down to a time counts anew.
            Ok(()) = jumps.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use lamplighter_core::Phase;
    use lamplighter_engine::clock::VirtualClock;
    use tokio::sync::mpsc;

    use super::samples::{snapshot, workload};
    use super::*;

    struct Followed {
        snapshots: watch::Sender<Arc<Snapshot>>,
        clock: VirtualClock,
        faces: mpsc::UnboundedReceiver<Face>,
    }

    fn followed(first: Snapshot) -> Followed {
        let clock = VirtualClock::new();
        let (snapshots, changes) = watch::channel(Arc::new(first));
        let (drawn, faces) = mpsc::unbounded_channel();
        let draw = move |face| {
            drawn.send(face).unwrap();
            std::future::ready(())
        };
        tokio::spawn(follow(changes, Arc::new(clock.clone()), draw));
        Followed { snapshots, clock, faces }
    }

    async fn settle() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    impl Followed {
        /// What was drawn since it was last asked.
        async fn drawn(&mut self) -> Vec<Face> {
            settle().await;
            std::iter::from_fn(|| self.faces.try_recv().ok()).collect()
        }
    }

    #[tokio::test]
    async fn only_what_changes_is_drawn() {
        let mut tray = followed(snapshot([workload("notion", Phase::Running)]));
        assert_eq!(tray.drawn().await.len(), 1);
        let mut renewed = workload("notion", Phase::Running);
        renewed.expires_at = Some(Timestamp::UNIX_EPOCH);
        tray.snapshots.send_replace(Arc::new(snapshot([renewed])));
        tray.clock.advance(PACE);
        assert_eq!(tray.drawn().await, [], "what the tray does not show is no change of it");
        tray.snapshots.send_replace(Arc::new(snapshot([workload("notion", Phase::Unauthenticated)])));
        let drawn = tray.drawn().await;
        assert_eq!(drawn.iter().map(|face| face.lamp).collect::<Vec<_>>(), [Lamp::NeedsYou]);
        tray.clock.advance(Duration::from_hours(24));
        assert_eq!(tray.drawn().await, [], "nothing counts down");
    }

    #[tokio::test]
    async fn a_burst_of_changes_is_drawn_as_its_end() {
        let mut tray = followed(snapshot([workload("notion", Phase::Running)]));
        assert_eq!(tray.drawn().await.len(), 1);
        for phase in [Phase::Unauthenticated, Phase::Starting, Phase::Stopped] {
            tray.snapshots.send_replace(Arc::new(snapshot([workload("notion", phase)])));
            assert_eq!(tray.drawn().await, []);
        }
        tray.clock.advance(PACE);
        assert_eq!(tray.drawn().await, [Face::of(&tray.snapshots.borrow(), tray.clock.now().wall)]);
    }

    #[tokio::test]
    async fn a_text_that_counts_down_is_drawn_once_a_minute() {
        let mut retrying = workload("sentry", Phase::AuthRetrying);
        let clock = VirtualClock::new();
        retrying.next_attempt_at = Some(clock.now().wall + Duration::from_secs(150));
        let mut tray = followed(snapshot([retrying]));
        let text = |face: &Face| face.menu.entries[3].text().to_owned();
        assert_eq!(tray.drawn().await.iter().map(text).collect::<Vec<_>>(), ["~ sentry — next try in 3 min"]);
        tray.clock.advance(Duration::from_millis(29_999));
        assert_eq!(tray.drawn().await, []);
        tray.clock.advance(Duration::from_millis(1));
        assert_eq!(tray.drawn().await.iter().map(text).collect::<Vec<_>>(), ["~ sentry — next try in 2 min"]);
        tray.clock.advance(Duration::from_mins(1));
        assert_eq!(tray.drawn().await.iter().map(text).collect::<Vec<_>>(), ["~ sentry — next try in a minute"]);
        tray.clock.advance(Duration::from_mins(1));
        assert_eq!(tray.drawn().await.iter().map(text).collect::<Vec<_>>(), ["~ sentry — trying now"]);
        tray.clock.advance(Duration::from_hours(1));
        assert_eq!(tray.drawn().await, []);
    }
}
