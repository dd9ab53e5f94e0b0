//! Sleep, waking and the session, as logind tells of them over the system bus; and the delay that it grants for a token
//! exchange that is under way. Without logind nothing is told, and the clock notices sleeps by itself.

use futures_util::StreamExt;
use tokio::sync::watch;
use zbus::fdo::PropertiesChanged;
use zbus::message::Type;
use zbus::proxy::OwnerChangedStream;
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
    let manager = ManagerProxy::new(bus).await?;
    let mut sleeps = manager.receive_prepare_for_sleep().await?;
    let mut owners = manager.inner().receive_owner_changed().await?;
    tokio::join!(
        async {
            loop {
                // Taken as soon as the machine is awake: once a sleep is announced, none is given.
                let delay = hold_back(&manager).await;
                match next(&mut sleeps, &mut owners).await {
                    Some(News::Sleep) => {}
                    Some(News::Wake) => {
                        teller.wakes();
                        continue;
                    }
                    Some(News::Another) => continue,
                    None => return,
                }
                let asleep = async {
                    teller.falls_asleep().await;
                    drop(delay);
                    std::future::pending::<()>().await;
                };
                let over = async { while let Some(News::Sleep) = next(&mut sleeps, &mut owners).await {} };
                tokio::select! { biased; () = asleep => {} () = over => {} }
                teller.wakes();
            }
        },
        async {
            if let Err(error) = sessions(bus, &manager, &teller.surroundings).await {
                tracing::debug!(%error, "it is not told when the person comes back");
            }
        },
    );
    Ok(())
}

/// What happens to the machine, or to whoever tells of it.
enum News {
    /// A sleep is announced.
    Sleep,
    /// It is over.
    Wake,
    /// Another logind is there, or none: of the delay it knows nothing, and of the end of a sleep it will not tell.
    Another,
}

/// What is told next; `None` once the bus is gone.
async fn next(sleeps: &mut PrepareForSleepStream, owners: &mut OwnerChangedStream<'_>) -> Option<News> {
    loop {
        tokio::select! {
            Some(told) = sleeps.next() => {
                let Ok(told) = told.args() else { continue };
                tracing::info!(sleep = told.start, "the machine told of a sleep");
                return Some(if told.start { News::Sleep } else { News::Wake });
            }
            Some(_) = owners.next() => return Some(News::Another),
            else => return None,
        }
    }
}

/// Has logind wait before a sleep until this is dropped: five seconds at most where nobody has set it otherwise. Held
/// whenever the machine is awake, since none is given once a sleep is announced.
async fn hold_back(manager: &ManagerProxy<'_>) -> Option<OwnedFd> {
    match manager.inhibit("sleep", "Lamplighter", "A renewed login may have to be stored", "delay").await {
        Ok(delay) => Some(delay),
        Err(error) => {
            tracing::debug!(%error, "sleep cannot be held back");
            None
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
