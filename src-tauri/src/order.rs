//! What the person asks for by menu or notice. A value; who carries it out is [`crate::errands`].

use std::fmt;
use std::str::FromStr;

/// One wish of the person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    /// Sign this workload in: quietly where that may do, else in the browser.
    SignIn(String),
    /// Give up the sign-in of this workload that waits for the browser.
    CancelSignIn(String),
    /// Try this workload now.
    Retry(String),
    /// Try everything now that is waiting for its next try.
    RetryAll,
    /// Put this workload's local address on the clipboard.
    CopyAddress(String),
    /// Start this workload.
    Start(String),
    /// Stop this workload.
    Stop(String),
    /// Show the window, at this workload where one is named.
    Open(Option<String>),
    /// Show the window where a server is added.
    AddServer,
    /// Show the window at its settings.
    Settings,
    /// Drain and end.
    Quit,
}

/// Not the text of an order.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no order")]
pub(crate) struct NoOrder(String);

impl fmt::Display for Order {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn(name) => write!(out, "sign-in:{name}"),
            Self::CancelSignIn(name) => write!(out, "cancel-sign-in:{name}"),
            Self::Retry(name) => write!(out, "retry:{name}"),
            Self::RetryAll => out.write_str("retry-all"),
            Self::CopyAddress(name) => write!(out, "copy-address:{name}"),
            Self::Start(name) => write!(out, "start:{name}"),
            Self::Stop(name) => write!(out, "stop:{name}"),
            Self::Open(Some(name)) => write!(out, "open:{name}"),
            Self::Open(None) => out.write_str("open"),
            Self::AddServer => out.write_str("add-server"),
            Self::Settings => out.write_str("settings"),
            Self::Quit => out.write_str("quit"),
        }
    }
}

impl FromStr for Order {
    type Err = NoOrder;

    fn from_str(text: &str) -> Result<Self, NoOrder> {
        let (word, name) = match text.split_once(':') {
            Some((word, name)) => (word, Some(name.to_owned())),
            None => (text, None),
        };
        match (word, name) {
            ("sign-in", Some(name)) => Ok(Self::SignIn(name)),
            ("cancel-sign-in", Some(name)) => Ok(Self::CancelSignIn(name)),
            ("retry", Some(name)) => Ok(Self::Retry(name)),
            ("retry-all", None) => Ok(Self::RetryAll),
            ("copy-address", Some(name)) => Ok(Self::CopyAddress(name)),
            ("start", Some(name)) => Ok(Self::Start(name)),
            ("stop", Some(name)) => Ok(Self::Stop(name)),
            ("open", name) => Ok(Self::Open(name)),
            ("add-server", None) => Ok(Self::AddServer),
            ("settings", None) => Ok(Self::Settings),
            ("quit", None) => Ok(Self::Quit),
            _ => Err(NoOrder(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_survives_being_written_down() {
        let linear = || "linear".to_owned();
        for order in [
            Order::SignIn(linear()),
            Order::CancelSignIn(linear()),
            Order::Retry(linear()),
            Order::RetryAll,
            Order::CopyAddress(linear()),
            Order::Start(linear()),
            Order::Stop(linear()),
            Order::Open(Some(linear())),
            Order::Open(None),
            Order::AddServer,
            Order::Settings,
            Order::Quit,
        ] {
            assert_eq!(order.to_string().parse(), Ok(order));
        }
    }

    #[test]
    fn anything_else_is_no_order() {
        for text in ["", "sign-in", "quit:linear", "burn:linear"] {
            assert_eq!(text.parse::<Order>(), Err(NoOrder(text.to_owned())));
        }
    }
}
