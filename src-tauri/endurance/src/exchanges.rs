//! What the authorization server wrote down of each exchange, on the one clock that all processes share.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::patience::within;

/// A moment on the monotonic clock, since the machine was started.
pub(crate) fn monotonic() -> Duration {
    clock_gettime(ClockId::Monotonic).try_into().unwrap()
}

/// One request to the token endpoint, as the server saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) number: u64,
    /// When it came.
    pub(crate) came: Duration,
    /// Whether the server worked on it, or noticed in time that nobody waited for the answer any more.
    pub(crate) begun: bool,
    /// The status of the answer, and when that was handed to the system, from where it is with the client at once.
    pub(crate) answered: Option<(u64, Duration)>,
}

/// What the server tells, as it tells it.
pub(crate) struct Server {
    told: UnboundedReceiver<String>,
    exchanges: Vec<Exchange>,
}

impl Server {
    pub(crate) fn new(told: UnboundedReceiver<String>) -> Self {
        Self { told, exchanges: Vec::new() }
    }

    /// The newest exchange so far.
    pub(crate) fn last(&mut self) -> u64 {
        while let Ok(line) = self.told.try_recv() {
            self.note(&line);
        }
        self.exchanges.last().map_or(0, |exchange| exchange.number)
    }

    /// The first exchange after the one numbered `after`, as soon as it has come.
    pub(crate) async fn arrival(&mut self, after: u64) -> Exchange {
        self.first(after, |_| true).await
    }

    /// The first exchange after the one numbered `after`, as soon as it has been answered.
    pub(crate) async fn answer(&mut self, after: u64) -> Exchange {
        self.first(after, |exchange| exchange.answered.is_some()).await
    }

    /// The newest exchange after the one numbered `after`, if there is one.
    pub(crate) fn newest(&self, after: u64) -> Option<Exchange> {
        self.exchanges.last().filter(|exchange| exchange.number > after).copied()
    }

    async fn first(&mut self, after: u64, is_so: impl Fn(&Exchange) -> bool) -> Exchange {
        loop {
            let found = self.exchanges.iter().find(|exchange| exchange.number > after && is_so(exchange));
            if let Some(found) = found {
                return *found;
            }
            let line = within("a request to the token endpoint", self.told.recv()).await.unwrap();
            self.note(&line);
        }
    }

    fn note(&mut self, line: &str) {
        let line: Value = serde_json::from_str(line).unwrap();
        let number = line["exchange"].as_u64().unwrap();
        let at = Duration::from_micros(line["at"].as_u64().unwrap());
        if line["what"] == "came" {
            return self.exchanges.push(Exchange { number, came: at, begun: false, answered: None });
        }
        // Those from before anybody listened are nobody's.
        let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.number == number) else { return };
        match line["status"].as_u64() {
            Some(status) => exchange.answered = Some((status, at)),
            None => exchange.begun = true,
        }
    }
}
