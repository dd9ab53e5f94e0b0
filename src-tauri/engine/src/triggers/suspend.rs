//! Sleep, waking and the session, as logind tells of them over the system bus; and the delay that it grants while a token
//! exchange is under way. Without logind nothing is told, and the clock notices sleeps by itself.

use futures_util::StreamExt;
use tokio::sync::watch;
use zbus::fdo::PropertiesProxy;
use zbus::zvariant::{OwnedFd, OwnedObjectPath};
use zbus::{Connection, proxy};

use crate::machine::{Surroundings, Teller};

const SESSION: &str = "org.freedesktop.login1.Session";

#[proxy(
    interface = "org.freedesktop.login1.Manager",
    default_service = "org.freedesktop.login1",
    default_path = "/org/freedesktop/login1"
)]
trait Manager {
    #[zbus(signal)]
    fn prepare_for_sleep(&self, start: bool) -> zbus::Result<()>;

    fn inhibit(&self, what: &str, who: &str, why: &str, mode: &str) -> zbus::Result<OwnedFd>;

    fn get_session(&self, id: &str) -> zbus::Result<OwnedObjectPath>;
}

/// Tells all that logind tells, as long as there is a system bus.
pub(super) async fn watch(teller: Teller) {
    if let Err(error) = follow(teller).await {
        tracing::debug!(%error, "logind is out of reach: sleeps are noticed when they are over");
    }
}

async fn follow(teller: Teller) -> zbus::Result<()> {
    let Teller { surroundings, falling_asleep, busy } = teller;
    let bus = Connection::system().await?;
    let manager = ManagerProxy::new(&bus).await?;
    let mut sleeps = manager.receive_prepare_for_sleep().await?;
    tokio::join!(
        async {
            while let Some(announced) = sleeps.next().await {
                let Ok(announced) = announced.args() else { continue };
                tracing::info!(sleep = announced.start, "the machine told of a sleep");
                falling_asleep.send_replace(announced.start);
                if !announced.start {
                    surroundings.send_modify(|told| told.woken += 1);
                }
            }
            // Whoever told of it is gone, and cannot tell of its end.
            falling_asleep.send_replace(false);
        },
        delay(&manager, busy),
        async {
            if let Err(error) = sessions(&bus, &manager, &surroundings).await {
                tracing::debug!(%error, "no session is followed");
            }
        },
    );
    Ok(())
}

/// Holds sleep back while something is under way: logind waits until this lets go, five seconds at most where nobody has
/// set it otherwise.
async fn delay(manager: &ManagerProxy<'_>, mut busy: watch::Receiver<usize>) {
    let mut held = None;
    loop {
        let wanted = *busy.borrow_and_update() > 0;
        if !wanted {
            held = None;
        } else if held.is_none() {
            let why = "A renewed login is being stored";
            match manager.inhibit("sleep", "Lamplighter", why, "delay").await {
                Ok(delay) => held = Some(delay),
                Err(error) => tracing::debug!(%error, "sleep cannot be held back"),
            }
        }
        if busy.changed().await.is_err() {
            return;
        }
    }
}

/// Tells when the person comes back to the session that this process belongs to: it is active again, or unlocked.
async fn sessions(
    bus: &Connection,
    manager: &ManagerProxy<'_>,
    surroundings: &watch::Sender<Surroundings>,
) -> zbus::Result<()> {
    let session = manager.get_session("auto").await?;
    let properties = PropertiesProxy::new(bus, "org.freedesktop.login1", session).await?;
    let mut changes = properties.receive_properties_changed().await?;
    while let Some(change) = changes.next().await {
        let Ok(change) = change.args() else { continue };
        let is = |property: &str, value| {
            change.changed_properties.get(property).is_some_and(|now| bool::try_from(now) == Ok(value))
        };
        if change.interface_name == SESSION && (is("Active", true) || is("LockedHint", false)) {
            surroundings.send_modify(|told| told.resumed += 1);
        }
    }
    Ok(())
}
