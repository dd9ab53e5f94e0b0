//! What the machine around the engine tells of itself, and what it is told: sleep, the network, the person's session.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

/// What the machine has told so far. Counters, so that what happens twice is not taken for once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// How often it woke.
    pub woken: u64,
    /// How often addresses, routes or name servers changed or the internet came within reach, bursts counted as one.
    pub network: u64,
    /// How often the person came back to the session.
    pub resumed: u64,
}

/// Tells whether any way leads out of the machine.
#[derive(Clone)]
pub(crate) struct HasNetwork(Arc<dyn Fn() -> bool + Send + Sync>);

/// The engine's ear to the machine, and its word to it; cheap to clone.
#[derive(Clone, Debug)]
pub struct Machine {
    surroundings: watch::Receiver<Surroundings>,
    falling_asleep: watch::Receiver<bool>,
    busy: Arc<watch::Sender<usize>>,
    has_network: HasNetwork,
    /// Who finds out what there is to tell; they end with the last of these.
    _doors: Arc<JoinSet<()>>,
}

/// The other end: whoever knows how the machine is.
#[derive(Debug)]
pub struct Teller {
    /// What there is to tell.
    pub surroundings: watch::Sender<Surroundings>,
    /// Whether the machine has said that it is about to sleep: nothing new may be begun.
    pub falling_asleep: watch::Sender<bool>,
    /// How many token exchanges are under way: until there are none, the machine should stay awake.
    pub busy: watch::Receiver<usize>,
}

/// The machine should stay awake as long as this is held.
#[derive(Debug)]
pub(crate) struct Vigil(Arc<watch::Sender<usize>>);

impl Machine {
    /// A machine, and the other end of it. `has_network` tells whether any way leads out of it.
    #[must_use]
    pub fn new(has_network: impl Fn() -> bool + Send + Sync + 'static) -> (Self, Teller) {
        let (surroundings, told) = watch::channel(Surroundings::default());
        let (falling_asleep, announced) = watch::channel(false);
        let (busy, watched) = watch::channel(0);
        let machine = Self {
            surroundings: told,
            falling_asleep: announced,
            busy: Arc::new(busy),
            has_network: HasNetwork(Arc::new(has_network)),
            _doors: Arc::default(),
        };
        (machine, Teller { surroundings, falling_asleep, busy: watched })
    }

    /// A machine that nothing is known of.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|| true).0
    }

    /// The same machine, told of by `doors`.
    pub(crate) fn told_by(self, doors: JoinSet<()>) -> Self {
        Self { _doors: Arc::new(doors), ..self }
    }

    /// Tells whether any way leads out of it; where nobody knows, one does.
    pub(crate) fn has_network(&self) -> HasNetwork {
        self.has_network.clone()
    }

    /// What it tells, from now on.
    pub(crate) fn surroundings(&self) -> watch::Receiver<Surroundings> {
        let mut surroundings = self.surroundings.clone();
        surroundings.borrow_and_update();
        surroundings
    }

    /// Whether it is about to sleep, told at every change from now on.
    pub(crate) fn falling_asleep(&self) -> watch::Receiver<bool> {
        self.falling_asleep.clone()
    }

    /// Asks it to stay awake, for as long as the answer is held; it need not obey. `None` once it has said that it is
    /// about to sleep: nothing new may be begun.
    pub(crate) fn stay_awake(&self) -> Option<Vigil> {
        // In this order: either the sleep is seen here, or this is seen by whoever waits before it comes.
        self.busy.send_modify(|busy| *busy += 1);
        let vigil = Vigil(Arc::clone(&self.busy));
        (!*self.falling_asleep.borrow()).then_some(vigil)
    }

    /// Asks it to stay awake, once no sleep is announced.
    pub(crate) async fn stay_awake_from_now_on(&self) -> Vigil {
        let mut falling_asleep = self.falling_asleep();
        loop {
            if let Some(vigil) = self.stay_awake() {
                return vigil;
            }
            if falling_asleep.wait_for(|asleep| !asleep).await.is_err() {
                // Nobody is there who could tell of its end.
                return std::future::pending().await;
            }
        }
    }
}

impl Teller {
    /// The machine has said that it is about to sleep. Ready when nothing is under way any more: sleep may come.
    pub async fn falls_asleep(&self) {
        self.falling_asleep.send_replace(true);
        // Where the engine is gone, nothing is under way either.
        let _ = self.busy.clone().wait_for(|busy| *busy == 0).await;
    }

    /// The machine woke. Told before anything may begin, so that nobody begins as if there had been no sleep.
    pub fn wakes(&self) {
        self.surroundings.send_modify(|told| told.woken += 1);
        self.falling_asleep.send_replace(false);
    }
}

impl HasNetwork {
    /// Whether one does, at this moment.
    pub(crate) fn is_so(&self) -> bool {
        (self.0)()
    }
}

impl Default for HasNetwork {
    fn default() -> Self {
        Self(Arc::new(|| true))
    }
}

impl fmt::Debug for HasNetwork {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HasNetwork")
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        self.0.send_modify(|busy| *busy -= 1);
    }
}
