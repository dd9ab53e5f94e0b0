//! Whether servers can be reached again, where nobody tells: looked for as long as somebody waits, with requests that carry
//! nothing of the person's. The backstop for networks, as the clock is for sleeps.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lamplighter_core::Event;
use lamplighter_core::event::Trigger;
use lamplighter_core::lookout::{self, Place, Sight, Unreached};
use tokio::sync::watch;
use url::Url;

use super::Triggers;
use crate::driver::maybe;
use crate::http::HttpClient;
use crate::oauth;
use crate::ports::Clock;
use crate::probe;
use crate::registry::{Entry, Registry};

/// Looks out for all workloads.
pub(crate) struct Lookout {
    pub(crate) registry: Arc<Registry>,
    pub(crate) http: HttpClient,
    pub(crate) clock: Arc<dyn Clock>,
    /// What else happens: all who wait try then, and trouble may be another.
    pub(crate) triggers: Triggers,
    pub(crate) falling_asleep: watch::Receiver<bool>,
}

impl Lookout {
    /// Runs as long as the engine does.
    pub(crate) async fn run(mut self) {
        let mut lookout = lookout::Lookout::default();
        let mut looks = FuturesUnordered::new();
        let mut changes = self.registry.changed().subscribe();
        changes.mark_changed();
        loop {
            let awake = !*self.falling_asleep.borrow_and_update();
            if !awake {
                looks.clear();
            }
            let due = lookout.deadline().filter(|_| awake).map(|at| self.clock.sleep_until(at));
            tokio::select! {
                biased;
                Ok(()) = self.falling_asleep.changed() => {}
                _ = self.triggers.next(&*self.clock) => lookout.stirred(self.clock.now().moment),
                () = maybe(due) => {
                    let places = lookout.look(self.clock.now().moment);
                    looks.extend(places.into_iter().map(|address| self.look(address)));
                }
                Some((address, sight)) = looks.next() => {
                    if lookout.saw(&address, sight, self.clock.now().moment) {
                        self.tell(&address);
                    }
                }
                Ok(()) = changes.changed() => {
                    let places: Vec<_> = self.registry.all().iter().filter_map(|entry| awaited(entry)).collect();
                    lookout.wait_for(places, self.clock.now().moment);
                }
            }
        }
    }

    /// Who answers at `address`.
    fn look(&self, address: Url) -> impl Future<Output = (Url, Sight)> + use<> {
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        async move {
            let sight = probe::glance(&http, &*clock, &address).await;
            (address, sight)
        }
    }

    /// Tells whoever waits for the server at `address` that it answers.
    fn tell(&self, address: &Url) {
        tracing::debug!(host = address.host_str(), "a server can be reached again");
        let waiting = |entry: &Arc<Entry>| awaited(entry).is_some_and(|place| place.address == *address);
        for entry in self.registry.all().into_iter().filter(waiting) {
            entry.route.report(Event::Triggered(Trigger::Reached));
        }
    }
}

/// Where the server may be seen that `entry` waits for, if it does.
fn awaited(entry: &Entry) -> Option<Place> {
    let (unreached, met) = lookout::unreached(entry.route.access().status.cause.as_ref()?)?;
    let address = match unreached {
        Unreached::SignInServer => entry.session.sign_in_server()?,
        Unreached::Server => oauth::root(&entry.route.upstream),
    };
    Some(Place { address, met })
}
