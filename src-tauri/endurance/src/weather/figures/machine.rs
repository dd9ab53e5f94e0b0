//! A machine in a weather of its own, and what its engine writes down about it. Knows nothing of figures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::child::Child;
use crate::exchanges::monotonic;
use crate::foreign::Servers;
use crate::patience::pause;
use crate::product::Product;
use crate::weather::logind::Logind;
use crate::weather::network::{Network, WayEnd};

/// Access tokens live for so many seconds: renewals are frequent, so that trouble is noticed soon, by the engine itself,
/// and no token outlives it.
const TOKENS: u32 = 10;
/// What is so for so long is seen to have been so; too short for a connection, which waits until a network has settled.
const NOTICED: Duration = Duration::from_millis(100);
/// What takes longer than this never happens.
const PATIENCE: Duration = Duration::from_mins(3);

/// What can happen to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The cable is pulled.
    Cable,
    /// All goes through a tunnel to a firewall that answers with a web page.
    Firewall,
    /// All goes through a tunnel where it is lost.
    Silence,
    /// The name server answers nobody.
    Names,
    /// Something is in the way at home, which changes nothing about the machine.
    Obstacle(WayEnd),
    /// The server answers so (`outage=`), and the machine sleeps until it does no more.
    Sleep(&'static str),
}

impl Trouble {
    /// Those of the network.
    pub(super) const NETWORK: [Self; 4] = [Self::Cable, Self::Firewall, Self::Silence, Self::Names];
    /// Those of whose end nobody tells.
    pub(super) const UNTOLD: [Self; 3] =
        [Self::Obstacle(WayEnd::Firewall), Self::Obstacle(WayEnd::Nothing), Self::Obstacle(WayEnd::Reset)];
    /// Those that are over when the machine wakes.
    pub(super) const SLEEP: [Self; 3] = [Self::Sleep("forbidden"), Self::Sleep("unavailable"), Self::Sleep("closed")];

    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Cable => "cable pulled",
            Self::Firewall => "tunnel to a firewall",
            Self::Silence => "tunnel that swallows",
            Self::Names => "name servers lost",
            Self::Obstacle(WayEnd::Firewall) => "portal at home",
            Self::Obstacle(WayEnd::Nothing) => "silence at home",
            Self::Obstacle(WayEnd::Reset) => "refusals at home",
            Self::Obstacle(WayEnd::Loss) => "losses at home",
            Self::Sleep(_) => "asleep",
        }
    }
}

/// A machine, with a program that keeps workloads signed in.
pub(super) struct Machine {
    pub(super) servers: Servers,
    pub(super) engine: Child,
    product: Product,
    network: Network,
    logind: Logind,
    workloads: usize,
}

impl Machine {
    /// Sets one up. `None` where this user may not make networks; that is said.
    pub(super) async fn start(workloads: usize) -> Option<Self> {
        let network = Network::make().await?;
        let (servers, logind) = tokio::join!(network.servers(TOKENS), Logind::start());
        let mut product = network.product();
        logind.furnish(&mut product);
        // As people have it, but for the number of tries, after which trouble is a status: the least is the hardest, since
        // none of them is left when the trouble ends.
        for (name, value) in [
            ("LAMPLIGHTER_TOKEN_REFRESH_INITIAL_RETRY_INTERVAL", "10s"),
            ("LAMPLIGHTER_TOKEN_REFRESH_MAX_RETRY_INTERVAL", "2m"),
            ("LAMPLIGHTER_TOKEN_REFRESH_MAX_TRIES", "1"),
            ("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "10m"),
            ("LAMPLIGHTER_TRIGGER_SETTLE", "2s"),
        ] {
            product.set(name, value);
        }
        let engine = product.serve().await;
        for number in 1..=workloads {
            let name = format!("tools-{number}");
            product.done(&["add", &name, &servers.mcp]).await;
            product.done(&["login", &name]).await;
        }
        Some(Self { servers, engine, product, network, logind, workloads })
    }

    /// Its journal, from the first row on.
    pub(super) fn journal(&self) -> Journal {
        Journal::of(self.product.begin(&["events", "--follow", "--json"]), self.workloads)
    }

    /// Has `trouble` begin.
    pub(super) async fn worsen(&self, trouble: Trouble) {
        match trouble {
            Trouble::Cable => self.network.unplug(),
            Trouble::Firewall => self.network.go_through_tunnel(WayEnd::Firewall),
            Trouble::Silence => self.network.go_through_tunnel(WayEnd::Nothing),
            Trouble::Names => self.network.lose_names(),
            Trouble::Obstacle(end) => self.network.obstruct(end),
            Trouble::Sleep(outage) => self.servers.control(&format!("outage={outage}")).await,
        }
    }

    /// Has something change that could have ended `trouble`, and did not: a loose contact, a tunnel that is opened anew, a
    /// wake after a `nap`.
    pub(super) async fn stir(&self, trouble: Trouble, nap: Duration) {
        match trouble {
            Trouble::Cable => self.network.plug_in(),
            Trouble::Firewall | Trouble::Silence => self.network.leave_tunnel(),
            Trouble::Names | Trouble::Obstacle(_) => self.network.unplug(),
            Trouble::Sleep(_) => self.logind.prepare_for_sleep(true).await,
        }
        match trouble {
            Trouble::Cable | Trouble::Firewall | Trouble::Silence => {
                pause(NOTICED).await;
                self.worsen(trouble).await;
            }
            Trouble::Names | Trouble::Obstacle(_) => {
                pause(NOTICED).await;
                self.network.plug_in();
            }
            Trouble::Sleep(_) => {
                pause(nap).await;
                self.logind.prepare_for_sleep(false).await;
            }
        }
    }

    /// Ends `trouble`; the moment before, when nothing was mended yet or the machine did not know. Who sleeps does so for
    /// `nap`.
    pub(super) async fn mend(&self, trouble: Trouble, nap: Duration) -> Duration {
        if let Trouble::Sleep(_) = trouble {
            self.logind.prepare_for_sleep(true).await;
            pause(nap).await;
            self.servers.control("outage=none").await;
        }
        let begin = monotonic();
        match trouble {
            Trouble::Cable => self.network.plug_in(),
            Trouble::Firewall | Trouble::Silence => self.network.leave_tunnel(),
            Trouble::Names => self.network.find_names(),
            Trouble::Obstacle(_) => self.network.clear(),
            Trouble::Sleep(_) => self.logind.prepare_for_sleep(false).await,
        }
        begin
    }

    /// Whether every workload runs, and nothing is wrong with any.
    pub(super) async fn is_well(&self) -> bool {
        let list: Value = serde_json::from_str(&self.product.done(&["list", "--json"]).await).unwrap();
        let list = list["workloads"].as_array().unwrap();
        let well = |one: &Value| one["status"] == "running" && one["conditions"].as_array().unwrap().is_empty();
        list.len() == self.workloads && list.iter().all(well)
    }
}

/// The journal of an engine, as it is written.
pub(super) struct Journal {
    written: UnboundedReceiver<(Duration, Value)>,
    /// The status of each workload, as of the rows that were read.
    statuses: BTreeMap<String, String>,
    /// The rows that were read, with the moment when each came.
    rows: Vec<(Duration, Value)>,
    workloads: usize,
    _reader: JoinSet<()>,
}

impl Journal {
    fn of(mut follower: Child, workloads: usize) -> Self {
        let (write, written) = tokio::sync::mpsc::unbounded_channel();
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Some(line) = follower.next_line().await {
                // Whoever reads it may have gone.
                let _ = write.send((monotonic(), serde_json::from_str(&line).unwrap()));
            }
        });
        Self { written, statuses: BTreeMap::new(), rows: Vec::new(), workloads, _reader: reader }
    }

    /// Reads on until every workload is in this status; the moment when the last of them was.
    pub(super) async fn until_all(&mut self, status: &str) -> Duration {
        let mut at = Duration::ZERO;
        while self.statuses.len() < self.workloads || self.statuses.values().any(|now| now != status) {
            let row = tokio::select! {
                row = self.written.recv() => row.unwrap_or_else(|| panic!("the journal ended")),
                () = pause(PATIENCE) => panic!("not all are {status} within {PATIENCE:?}: {:?}", self.statuses),
            };
            if row.1["kind"] == "status" {
                let [name, to] = ["workload", "to"].map(|field| row.1[field].as_str().unwrap().to_owned());
                self.statuses.insert(name, to);
            }
            at = row.0;
            self.rows.push(row);
        }
        at
    }

    /// Begins anew with the rows that are told.
    pub(super) fn turn_over(&mut self) {
        self.rows.clear();
    }

    /// The rows that were read since, each a line, with the time since `begin`.
    pub(super) fn told(&self, begin: Duration) -> String {
        let mut text = String::new();
        for (at, row) in &self.rows {
            let word = |field: &str| row[field].as_str().unwrap_or_default();
            let words = ["workload", "kind", "from", "to", "verdict", "reason_code"].map(word);
            let at = at.as_secs_f64() - begin.as_secs_f64();
            let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
            // A string takes all that is written to it.
            let _ = writeln!(text, "    {at:>+9.3} s  {}", words.join(" "));
        }
        text
    }
}
