//! The notification daemon, played by `python3-dbusmock`: what it was asked to show, and its buttons pressed.

use std::collections::HashMap;

use futures_util::{Stream, StreamExt as _};
use zbus::message::Type;
use zbus::names::MemberName;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Message, MessageStream, Proxy};

use crate::bus::SessionBus;
use crate::child::Child;
use crate::patience::{until, within};

const DAEMON: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const MOCK: &str = "org.freedesktop.DBus.Mock";

/// What was called, and with what.
type Call = (String, Vec<OwnedValue>);

/// A running daemon.
pub struct Notices {
    mock: Proxy<'static>,
    _daemon: Child,
}

/// One notice as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What the daemon calls it.
    pub number: u32,
    /// Whether it took the place of the one that had this number.
    pub replaces: bool,
    /// Its first line.
    pub summary: String,
    /// What it says.
    pub body: String,
    /// Its buttons, each with the key by which it is pressed before what it says.
    pub actions: Vec<String>,
    /// How urgent it is: 0, 1, 2.
    pub urgency: Option<u8>,
    /// The desktop entry of the program that it is from.
    pub desktop_entry: Option<String>,
}

impl Notices {
    /// Starts one whose notices have buttons.
    pub async fn start(bus: &SessionBus) -> Self {
        // Debian's own, which has the module; another may come first on the path.
        let mut command = bus.command("/usr/bin/python3");
        command.args(["-m", "dbusmock", "--session", "-t", "notification_daemon"]);
        command.args(["-p", r#"{"capabilities": "actions body body-markup"}"#]);
        let daemon = bus.begin(command);
        bus.until_owned(DAEMON).await;
        let mock = Proxy::new(bus.connection(), DAEMON, PATH, MOCK).await.unwrap();
        let answers = async || {
            let asked = bus.connection().call_method(Some(DAEMON), PATH, Some(DAEMON), "GetCapabilities", &());
            asked.await.ok().map(drop)
        };
        until("the notification daemon", answers).await;
        Self { mock, _daemon: daemon }
    }

    /// All that it was asked to show, in order.
    pub async fn shown(&self) -> Vec<Shown> {
        let asked = self.mock.call("GetMethodCalls", &("Notify",));
        let calls: Vec<(u64, Vec<OwnedValue>)> = within("the notification daemon", asked).await.unwrap();
        let mut next = 0;
        calls.into_iter().map(|(_, arguments)| Shown::read(arguments, &mut next)).collect()
    }

    /// The first notice after the first `seen` that is as it should be, once it is there.
    pub async fn until_shown(&self, what: &str, seen: usize, is_so: impl Fn(&Shown) -> bool) -> Shown {
        until(what, async || self.shown().await.into_iter().skip(seen).find(&is_so)).await
    }

    /// Tells of every notice that the daemon is asked to show from now on.
    pub async fn calls(&self) -> impl Stream<Item = Message> + use<> {
        let calls = self.mock.receive_signal("MethodCalled").await.unwrap();
        calls.filter(|call| std::future::ready(call.body().deserialize().is_ok_and(|(name, _): Call| name == "Notify")))
    }

    /// Presses a button of the notice with this number, or the notice itself (`default`).
    pub async fn press(&self, number: u32, action: &str) {
        let arguments = [Value::from(number), Value::from(action)];
        let signal = ("", "ActionInvoked", "us", arguments.as_slice());
        within("the press", self.mock.call::<_, _, ()>("EmitSignal", &signal)).await.unwrap();
    }
}

/// Takes the daemon's place on `bus`: one whose first notice has its button `action` pressed before whoever asked for it
/// is told its number.
pub async fn hasty(bus: &SessionBus, action: &'static str) {
    let bus = bus.connect_as(DAEMON).await;
    tokio::spawn(async move {
        let mut calls = MessageStream::from(&bus);
        let mut shown = 0_u32;
        while let Some(Ok(call)) = calls.next().await {
            let header = call.header();
            let asked = header.member().filter(|_| header.message_type() == Type::MethodCall);
            match asked.map(MemberName::as_str) {
                None => {}
                Some("GetCapabilities") => bus.reply(&header, &["actions", "body"].as_slice()).await.unwrap(),
                Some("Notify") => {
                    shown += 1;
                    if shown == 1 {
                        let pressed = (shown, action);
                        bus.emit_signal(None::<&str>, PATH, DAEMON, "ActionInvoked", &pressed).await.unwrap();
                    }
                    bus.reply(&header, &shown).await.unwrap();
                }
                Some(_) => bus.reply(&header, &()).await.unwrap(),
            }
        }
    });
}

impl Shown {
    /// The daemon counts from one, and a notice keeps the number of the one whose place it takes.
    fn read(arguments: Vec<OwnedValue>, last: &mut u32) -> Self {
        let Ok([_app, replaced, _icon, summary, body, actions, hints, _timeout]) =
            <[OwnedValue; 8]>::try_from(arguments)
        else {
            panic!("a notice has eight arguments")
        };
        let replaced = u32::try_from(replaced).unwrap();
        if replaced == 0 {
            *last += 1;
        }
        let mut hints = HashMap::<String, OwnedValue>::try_from(hints).unwrap();
        Self {
            number: if replaced == 0 { *last } else { replaced },
            replaces: replaced != 0,
            summary: summary.try_into().unwrap(),
            body: body.try_into().unwrap(),
            actions: actions.try_into().unwrap(),
            urgency: hints.remove("urgency").map(|urgency| urgency.try_into().unwrap()),
            desktop_entry: hints.remove("desktop-entry").map(|entry| entry.try_into().unwrap()),
        }
    }

    /// Whether it has a button called `label`.
    pub fn has_button(&self, label: &str) -> bool {
        self.actions.chunks(2).any(|action| action.get(1).is_some_and(|text| text == label))
    }

    /// The key of the button called `label`.
    pub fn button(&self, label: &str) -> &str {
        let found = self.actions.chunks(2).find(|action| action.get(1).is_some_and(|text| text == label));
        found.map_or_else(|| panic!("no button {label:?} in {self:?}"), |action| &action[0])
    }
}
