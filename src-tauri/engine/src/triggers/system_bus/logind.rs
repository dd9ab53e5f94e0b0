//! Sleep, waking and the session, as logind tells of them over the system bus; and the delay that it grants while a token
//! exchange is under way. Without logind nothing is told, and the clock notices sleeps by itself.

use futures_util::StreamExt;
use tokio::sync::watch;
use zbus::fdo::PropertiesChanged;
use zbus::message::Type;
use zbus::zvariant::{OwnedFd, OwnedObjectPath};
use zbus::{Connection, MatchRule, MessageStream, proxy};

use crate::machine::{Surroundings, Teller};

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

/// Tells all that logind tells.
pub(super) async fn watch(bus: &Connection, teller: Teller) -> zbus::Result<()> {
    let Teller { surroundings, falling_asleep, busy } = teller;
    let manager = ManagerProxy::new(bus).await?;
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
            if let Err(error) = sessions(bus, &manager, &surroundings).await {
                tracing::debug!(%error, "it is not told when the person comes back");
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

/// Tells when the person comes back to the session that this process belongs to: it is active again, or unlocked. Which
/// session that is, is asked each time: one may begin when this process runs already, and another may follow it.
async fn sessions(
    bus: &Connection,
    manager: &ManagerProxy<'_>,
    surroundings: &watch::Sender<Surroundings>,
) -> zbus::Result<()> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.login1")?
        .path_namespace("/org/freedesktop/login1/session")?
        .interface("org.freedesktop.DBus.Properties")?
        .member("PropertiesChanged")?
        .arg(0, "org.freedesktop.login1.Session")?
        .build();
    let mut changes = MessageStream::for_match_rule(rule, bus, None).await?;
    while let Some(change) = changes.next().await {
        let Some(change) = PropertiesChanged::from_message(change?) else { continue };
        if !is_return(&change) {
            continue;
        }
        // Outside any session, as a service of the person's, `auto` is the session with their display.
        match manager.get_session("auto").await {
            Ok(own) if change.message().header().path() == Some(&*own) => {
                tracing::debug!("the person came back to the session");
                surroundings.send_modify(|told| told.resumed += 1);
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "this process belongs to no session"),
        }
    }
    Ok(())
}

/// Whether somebody came back to some session.
fn is_return(change: &PropertiesChanged) -> bool {
    change.args().is_ok_and(|change| {
        let is = |property, value| {
            change.changed_properties.get(property).is_some_and(|now| bool::try_from(now) == Ok(value))
        };
        is("Active", true) || is("LockedHint", false)
    })
}
