//! All servers of one story, on one clock.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::clock::{Clock, Time};
use crate::rules::Consent;
use crate::server::Server;

/// All servers of one story. They stop when it and every [`Server`] taken from it are dropped.
pub struct World {
    time: Time,
    servers: Mutex<BTreeMap<String, Server>>,
}

impl World {
    /// A world on the machine's own clock.
    #[must_use]
    pub fn new() -> Self {
        Self::on(Time::real())
    }

    /// A world on `clock`, whose origin is at `origin` on the wall clock: tokens expire by it, and `Date`
    /// tells it. Delays on the wire take real time all the same.
    #[must_use]
    pub const fn with_clock(clock: Clock, origin: jiff::Timestamp) -> Self {
        Self::on(Time::new(clock, origin))
    }

    /// The server called `name`: started at the first call, the same one ever after. Call it within a
    /// Tokio runtime that lives as long as the world.
    ///
    /// # Errors
    /// When `name` is no plain path segment (`[a-z0-9-]`), or no loopback port can be had.
    pub fn server(&self, name: &str) -> io::Result<Server> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = servers.get(name) {
            return Ok(server.clone());
        }
        let server = Server::start(name, self.time.clone())?;
        servers.insert(name.to_owned(), server.clone());
        Ok(server)
    }

    /// A server to try a client out with, the same one at every call. It asks its person before it lets anybody in.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub fn demonstration(&self) -> io::Result<Server> {
        let server = self.server("simulated")?;
        server.authorization(|rules| {
            rules.consent = Consent::Ask;
            rules.account = Some("you@example.com".to_owned());
        });
        Ok(server)
    }

    const fn on(time: Time) -> Self {
        Self { time, servers: Mutex::new(BTreeMap::new()) }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("World").field("servers", &self.servers).finish_non_exhaustive()
    }
}
