//! The way to the servers, where nobody tells that it is open again: it is looked, with requests that carry nothing of the
//! person's, as long as somebody waits for it. The backstop for networks, as the clock is for sleeps.

use std::sync::Arc;

use futures_util::future::join_all;
use lamplighter_core::event::Trigger;
use lamplighter_core::lookout::{self, Place, Sight, Unreached};
use tokio::sync::watch;
use url::Url;

use crate::driver::maybe;
use crate::http::HttpClient;
use crate::machine::{HasNetwork, Machine};
use crate::ports::Clock;
use crate::probe;
use crate::registry::{Entry, Registry};
use crate::triggers::Triggers;

/// Looks out for all workloads.
pub(crate) struct Lookout {
    registry: Arc<Registry>,
    http: HttpClient,
    clock: Arc<dyn Clock>,
    has_network: HasNetwork,
    falling_asleep: watch::Receiver<bool>,
    /// What else happens: then trouble may be another.
    triggers: Triggers,
    /// Told whenever a way was found open.
    openings: watch::Sender<()>,
}

impl Lookout {
    pub(crate) fn new(
        registry: &Arc<Registry>,
        http: HttpClient,
        clock: &Arc<dyn Clock>,
        machine: &Machine,
        triggers: Triggers,
        openings: watch::Sender<()>,
    ) -> Self {
        Self {
            registry: Arc::clone(registry),
            http,
            clock: Arc::clone(clock),
            has_network: machine.has_network(),
            falling_asleep: machine.falling_asleep(),
            triggers,
            openings,
        }
    }

    /// Runs as long as the engine does.
    pub(crate) async fn run(mut self) {
        let mut lookout = lookout::Lookout::default();
        let mut changes = self.registry.changed().subscribe();
        loop {
            lookout.wait_for(self.registry.all().iter().filter_map(|entry| awaited(entry)), self.clock.now().moment);
            let awake = !*self.falling_asleep.borrow_and_update();
            let due = lookout.deadline().filter(|_| awake).map(|at| self.clock.sleep_until(at));
            tokio::select! {
                Ok(()) = changes.changed() => {}
                Ok(()) = self.falling_asleep.changed() => {}
                trigger = self.triggers.next(&*self.clock) => self.heed(trigger, &mut lookout),
                () = maybe(due) => self.look(&mut lookout).await,
            }
        }
    }

    /// What happened may have brought other trouble. What this found out itself has not.
    fn heed(&self, trigger: Trigger, lookout: &mut lookout::Lookout) {
        if trigger != Trigger::Reached {
            lookout.stirred(self.clock.now().moment);
        }
    }

    /// Looks wherever it is time to, unless something happens meanwhile.
    async fn look(&mut self, lookout: &mut lookout::Lookout) {
        let places = lookout.look(self.clock.now().moment);
        let looks = join_all(places.iter().map(|place| self.glance(place)));
        let (mut triggers, mut falling_asleep) = (self.triggers.clone(), self.falling_asleep.clone());
        let seen = tokio::select! {
            biased;
            // Then looks are cut short, as is whatever else is just beginning.
            _ = triggers.next(&*self.clock) => return,
            Ok(()) = falling_asleep.changed() => return,
            seen = looks => seen,
        };
        // Each is taken note of.
        let opened = places.iter().zip(seen).filter(|(place, sight)| lookout.saw(place, *sight)).count();
        if opened > 0 {
            tracing::debug!("the way to a server is open again");
            self.openings.send_replace(());
        }
    }

    async fn glance(&self, place: &Url) -> Sight {
        if self.has_network.is_so() { probe::glance(&self.http, &*self.clock, place).await } else { Sight::Nothing }
    }
}

/// Where the server is that `entry` waits for, if it does.
fn awaited(entry: &Entry) -> Option<Place> {
    let (unreached, met) = lookout::unreached(entry.route.access().status.cause.as_ref()?)?;
    let address = match unreached {
        Unreached::SignInServer => entry.session.public_address(),
        Unreached::Server => None,
    };
    Some(Place { address: address.unwrap_or_else(|| entry.route.upstream.clone()), met })
}
