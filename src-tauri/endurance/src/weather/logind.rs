//! logind, played by `python3-dbusmock` on a system bus of its own: sleeps that are announced, who holds them back, and
//! sessions that people leave and come back to.

use std::collections::HashMap;

use zbus::Proxy;
use zbus::zvariant::{OwnedObjectPath, Value};

use super::play;
use crate::bus::SessionBus;
use crate::child::Child;
use crate::patience::{until, within};
use crate::product::Product;

const LOGIND: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const MOCK: &str = "org.freedesktop.DBus.Mock";

/// A running logind.
pub struct Logind {
    manager: Proxy<'static>,
    mock: Proxy<'static>,
    daemon: Child,
    bus: SessionBus,
}

/// Someone who holds sleep back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delay {
    /// What is held back.
    pub what: String,
    /// By whom.
    pub who: String,
    /// How.
    pub mode: String,
}

/// Somebody's session.
pub struct Session {
    path: OwnedObjectPath,
    mock: Proxy<'static>,
}

impl Logind {
    /// Starts one, of a machine that is awake.
    pub async fn start() -> Self {
        let bus = SessionBus::start().await;
        let daemon = play("logind", &bus);
        bus.until_owned(LOGIND).await;
        let manager = Proxy::new(bus.connection(), LOGIND, PATH, MANAGER).await.unwrap();
        let mock = Proxy::new(bus.connection(), LOGIND, PATH, MOCK).await.unwrap();
        let logind = Self { manager, mock, daemon, bus };
        until("logind", async || logind.delays_told().await.ok().map(drop)).await;
        logind
    }

    /// Has the programs of `product` find it.
    pub fn furnish(&self, product: &mut Product) {
        product.set("DBUS_SYSTEM_BUS_ADDRESS", self.bus.address());
    }

    /// Has another one take its place, which knows of nothing.
    pub async fn restart(&mut self) {
        self.daemon.strike();
        self.daemon.ended().await;
        self.daemon = play("logind", &self.bus);
        until("logind", async || self.delays_told().await.ok().map(drop)).await;
    }

    /// Says that the machine is about to sleep, or that it woke.
    pub async fn prepare_for_sleep(&self, start: bool) {
        let signal = (MANAGER, "PrepareForSleep", "b", vec![Value::from(start)]);
        within("logind", self.mock.call::<_, _, ()>("EmitSignal", &signal)).await.unwrap();
    }

    /// Begins a session called `id`.
    pub async fn session(&self, id: &str) -> Session {
        let session = (id, "seat0", 1000_u32, "person", true);
        let path: String = within("logind", self.mock.call("AddSession", &session)).await.unwrap();
        let mock = Proxy::new(self.bus.connection(), LOGIND, path.clone(), MOCK).await.unwrap();
        Session { path: path.try_into().unwrap(), mock }
    }

    /// Has `session` be the one that whoever asks belongs to.
    pub async fn belong_to(&self, session: &Session) {
        let method = (MANAGER, "GetSession", "s", "o", format!("ret = '{}'", session.path));
        within::<zbus::Result<()>>("logind", self.mock.call("AddMethod", &method)).await.unwrap();
    }

    /// Who holds sleep back.
    pub async fn delays(&self) -> Vec<Delay> {
        self.delays_told().await.unwrap()
    }

    /// Waits until so many hold it back.
    pub async fn until_delays(&self, count: usize) -> Vec<Delay> {
        until(&format!("{count} to hold sleep back"), async || {
            Some(self.delays().await).filter(|delays| delays.len() == count)
        })
        .await
    }

    async fn delays_told(&self) -> zbus::Result<Vec<Delay>> {
        let asked = self.manager.call("ListInhibitors", &());
        let told: Vec<(String, String, String, String, u32, u32)> = within("logind", asked).await?;
        Ok(told.into_iter().map(|(what, who, _, mode, _, _)| Delay { what, who, mode }).collect())
    }
}

impl Session {
    /// Has the screen be locked, or unlocked.
    pub async fn lock(&self, locked: bool) {
        self.becomes("LockedHint", locked).await;
    }

    /// Has the person go to this session, or to another.
    pub async fn activate(&self, active: bool) {
        self.becomes("Active", active).await;
    }

    async fn becomes(&self, property: &str, value: bool) {
        let change = ("", HashMap::from([(property, Value::from(value))]));
        within::<zbus::Result<()>>("logind", self.mock.call("UpdateProperties", &change)).await.unwrap();
    }
}
