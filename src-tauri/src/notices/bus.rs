//! Notices by the Desktop Notifications Specification, over the session bus.

use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use notify_rust::{Hint, Notification, NotificationHandle, NotificationResponse, Timeout, Urgency};
use serde::Serialize;
use tokio::sync::oneshot;
use zbus::message::Type;
use zbus::zvariant::DynamicType;
use zbus::{MatchRule, Message, MessageStream};

use super::{Board, Click, NotShown, Notice, Shown, Stays};

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
            let prepared = async {
                let bus = zbus::Connection::session().await?;
                Ok((capabilities(&bus).await?, presses(&bus).await?))
            };
            let (can, presses) = prepared.await.map_err(|error: zbus::Error| NotShown(error.into()))?;
            let shown = draw(notice, &can, replaced).show_async().await.map_err(|error| NotShown(error.into()))?;
            Ok(Shown { number: shown.id(), clicked: Box::pin(clicked(shown, presses)) })
        })
    }

    fn take_down(&self, number: u32) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let done = async { ask(&zbus::Connection::session().await?, "CloseNotification", &number).await };
            if let Err(error) = done.await {
                tracing::debug!(%error, "a notice is not taken down");
            }
        })
    }
}

/// Listens to what is pressed, from before the notice is shown: whoever is quick must not be missed.
async fn presses(bus: &zbus::Connection) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder().msg_type(Type::Signal).path(PATH)?.interface(DAEMON)?.member("ActionInvoked")?;
    MessageStream::for_match_rule(rule.build(), bus, None).await
}

/// Ready when the person clicks the notice that is `shown`, or it is gone.
async fn clicked(shown: NotificationHandle, presses: MessageStream) -> Option<Click> {
    let number = shown.id();
    let mut presses = pin!(presses.filter_map(|press| {
        let told: Option<(u32, String)> = press.ok().and_then(|press| press.body().deserialize().ok());
        std::future::ready(told.filter(|(notice, _)| *notice == number))
    }));
    let (tell, told) = oneshot::channel();
    let response = shown.wait_for_action_async(|response: &NotificationResponse| {
        let _ = tell.send(clicked_by(response));
    });
    tokio::select! {
        biased;
        Some((_, action)) = presses.next() => click(&action),
        () = response => told.await.ok().flatten(),
    }
}

fn clicked_by(response: &NotificationResponse) -> Option<Click> {
    match response {
        NotificationResponse::Default => click(BODY),
        NotificationResponse::Action(action) => click(action),
        NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
    }
}

fn click(action: &str) -> Option<Click> {
    match action {
        BODY => Some(Click::Body),
        SIGN_IN => Some(Click::SignIn),
        _ => None,
    }
}

/// What the notification daemon can do.
struct Capabilities {
    actions: bool,
    markup: bool,
}

/// Asked anew each time: another daemon may have taken over.
async fn capabilities(bus: &zbus::Connection) -> zbus::Result<Capabilities> {
    let words: Vec<String> = ask(bus, "GetCapabilities", &()).await?.body().deserialize()?;
    let has = |word: &str| words.iter().any(|held| held == word);
    Ok(Capabilities { actions: has("actions"), markup: has("body-markup") })
}

/// Calls the notification daemon.
async fn ask<B: Serialize + DynamicType>(bus: &zbus::Connection, method: &str, body: &B) -> zbus::Result<Message> {
    bus.call_method(Some(DAEMON), PATH, Some(DAEMON), method, body).await
}

fn draw(notice: &Notice, can: &Capabilities, replaced: Option<u32>) -> Notification {
    let mut drawn = Notification::new();
    drawn.appname("Lamplighter").summary(&notice.title).hint(Hint::DesktopEntry(DESKTOP_ENTRY.to_owned()));
    drawn.body(&if can.markup { escaped(&notice.body) } else { notice.body.clone() });
    match notice.stays {
        Stays::UntilSeen | Stays::UntilAnswered => drawn.urgency(Urgency::Critical).timeout(Timeout::Never),
        Stays::Awhile => drawn.urgency(Urgency::Normal).timeout(Timeout::Default),
    };
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
            stays: Stays::UntilAnswered,
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
        notice.stays = Stays::Awhile;
        assert_eq!(draw(&notice, &can, None).timeout, Timeout::Default);
    }
}
