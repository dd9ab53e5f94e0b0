//! Notices by the Desktop Notifications Specification, over the session bus.

use futures_util::future::BoxFuture;
use notify_rust::{Hint, Notification, NotificationResponse, Timeout, Urgency};
use tokio::sync::oneshot;

use super::{Board, Click, NotShown, Notice, Shown};

/// The daemon's name, and that of its interface.
const DAEMON: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

const SIGN_IN: &str = "sign-in";
/// The action that a click on the notice itself is.
const BODY: &str = "default";
/// The desktop entry, by which desktops know whose notice it is.
const DESKTOP_ENTRY: &str = "Lamplighter";

pub(super) struct Bus;

impl Board for Bus {
    fn show<'a>(&'a self, notice: &'a Notice, replaced: Option<u32>) -> BoxFuture<'a, Result<Shown, NotShown>> {
        Box::pin(async move {
            let can = capabilities().await.map_err(|error| NotShown(error.into()))?;
            let shown = draw(notice, &can, replaced).show_async().await.map_err(|error| NotShown(error.into()))?;
            let number = shown.id();
            let clicked = async move {
                let (tell, told) = oneshot::channel();
                let response = shown.wait_for_action_async(|response: &NotificationResponse| {
                    let _ = tell.send(clicked_by(response));
                });
                response.await;
                told.await.ok().flatten()
            };
            Ok(Shown { number, clicked: Box::pin(clicked) })
        })
    }

    fn take_down(&self, number: u32) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Err(error) = ask("CloseNotification", &number).await {
                tracing::debug!(%error, "a notice is not taken down");
            }
        })
    }
}

fn clicked_by(response: &NotificationResponse) -> Option<Click> {
    match response {
        NotificationResponse::Default => Some(Click::Body),
        NotificationResponse::Action(action) => (action == SIGN_IN).then_some(Click::SignIn),
        NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
    }
}

/// What the notification daemon can do.
struct Capabilities {
    actions: bool,
    markup: bool,
}

/// Asked anew each time: another daemon may have taken over.
async fn capabilities() -> zbus::Result<Capabilities> {
    let words: Vec<String> = ask("GetCapabilities", &()).await?.body().deserialize()?;
    let has = |word: &str| words.iter().any(|held| held == word);
    Ok(Capabilities { actions: has("actions"), markup: has("body-markup") })
}

/// Calls the notification daemon.
async fn ask<B: serde::Serialize + zbus::zvariant::DynamicType>(method: &str, body: &B) -> zbus::Result<zbus::Message> {
    let bus = zbus::Connection::session().await?;
    bus.call_method(Some(DAEMON), PATH, Some(DAEMON), method, body).await
}

fn draw(notice: &Notice, can: &Capabilities, replaced: Option<u32>) -> Notification {
    let mut drawn = Notification::new();
    drawn.appname("Lamplighter").summary(&notice.title).hint(Hint::DesktopEntry(DESKTOP_ENTRY.to_owned()));
    drawn.body(&if can.markup { escaped(&notice.body) } else { notice.body.clone() });
    // What asks for the person stays until they have seen it.
    if notice.urgent {
        drawn.urgency(Urgency::Critical).timeout(Timeout::Never);
    } else {
        drawn.urgency(Urgency::Normal).timeout(Timeout::Default);
    }
    if can.actions {
        drawn.action(BODY, "Open Lamplighter");
        if notice.sign_in.is_some() {
            drawn.action(SIGN_IN, "Sign in");
        }
    }
    if let Some(number) = replaced {
        drawn.id(number);
    }
    drawn
}

/// `text` where the daemon reads markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Notice {
        Notice {
            sign_in: Some("linear".to_owned()),
            urgent: true,
            body: "It said <no> & left.".to_owned(),
            ..Notice::not_signed_in("linear", "")
        }
    }

    #[test]
    fn buttons_are_drawn_where_the_daemon_has_them() {
        let drawn = |actions| draw(&notice(), &Capabilities { actions, markup: false }, None).actions;
        assert_eq!(drawn(true), ["default", "Open Lamplighter", "sign-in", "Sign in"]);
        assert!(drawn(false).is_empty());
    }

    #[test]
    fn what_asks_for_the_person_stays() {
        let mut notice = notice();
        let can = Capabilities { actions: true, markup: true };
        let drawn = draw(&notice, &can, None);
        assert_eq!(drawn.timeout, Timeout::Never);
        assert!(drawn.hints.contains(&Hint::Urgency(Urgency::Critical)));
        assert_eq!(drawn.body, "It said &lt;no&gt; &amp; left.");
        notice.urgent = false;
        assert_eq!(draw(&notice, &can, None).timeout, Timeout::Default);
    }
}
