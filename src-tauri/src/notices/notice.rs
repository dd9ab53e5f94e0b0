//! A notice as a value.

use lamplighter_core::condition::{Condition, Severity, toasts};
use lamplighter_core::notice::Toast;

/// What is shown to the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Its place: a later one with the same takes it.
    pub(crate) slot: Slot,
    /// The first line.
    pub(crate) title: String,
    /// One or two sentences.
    pub(crate) body: String,
    /// The workload at which a click opens the window.
    pub(crate) opens: Option<String>,
    /// The workload that its Sign in button is for.
    pub(crate) sign_in: Option<String>,
    /// Whether it asks something of the person, and so stays.
    pub(crate) urgent: bool,
}

/// Where notices take each other's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A toast of the engine, by its number.
    Toast(u64),
    /// What came of something that the person asked for this workload.
    Asked(String),
    /// What came of asking for the window.
    Window,
}

impl From<Toast> for Notice {
    fn from(Toast { id, title, body, workloads, sign_in, urgent }: Toast) -> Self {
        let opens = sign_in.clone().or_else(|| workloads.into_iter().next());
        Self { slot: Slot::Toast(id), title, body, opens, sign_in, urgent }
    }
}

impl Notice {
    /// The person signed the workload `name` in.
    pub(crate) fn signed_in(name: &str) -> Self {
        Self::of(name, toasts::signed_in(name), None)
    }

    /// The sign-in that the person asked for came to nothing.
    pub(crate) fn not_signed_in(name: &str, reason: &str) -> Self {
        Self::of(name, toasts::not_signed_in(name, reason), Some(name))
    }

    /// What the person asked for was not done.
    pub(crate) fn failed(name: &str, error: &dyn std::error::Error) -> Self {
        Self::of(name, toasts::failed(name, &error.to_string()), None)
    }

    /// Something is in the way of what the person asked for.
    pub(crate) fn of_condition(name: &str, condition: &Condition) -> Self {
        let words =
            toasts::Words { title: condition.title.clone(), body: format!("{} {}", condition.text, condition.remedy) };
        Self { urgent: condition.severity == Severity::Error, ..Self::of(name, words, None) }
    }

    /// The window was asked for, and cannot be shown.
    pub(crate) fn no_window(error: &dyn std::error::Error) -> Self {
        let toasts::Words { title, body } = toasts::no_window(&error.to_string());
        Self { slot: Slot::Window, title, body, opens: None, sign_in: None, urgent: false }
    }

    fn of(name: &str, toasts::Words { title, body }: toasts::Words, sign_in: Option<&str>) -> Self {
        Self {
            slot: Slot::Asked(name.to_owned()),
            title,
            body,
            opens: Some(name.to_owned()),
            sign_in: sign_in.map(str::to_owned),
            urgent: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toast_opens_where_its_button_signs_in_else_at_the_first_it_speaks_of() {
        let mut toast = Toast {
            id: 7,
            title: "linear needs you to sign in".to_owned(),
            body: "The server ended this login.".to_owned(),
            workloads: vec!["notion".to_owned(), "linear".to_owned()],
            sign_in: Some("linear".to_owned()),
            urgent: true,
        };
        let notice = Notice::from(toast.clone());
        assert_eq!((notice.slot, notice.opens.as_deref(), notice.urgent), (Slot::Toast(7), Some("linear"), true));
        toast.sign_in = None;
        assert_eq!(Notice::from(toast).opens.as_deref(), Some("notion"));
    }

    #[test]
    fn what_comes_of_a_wish_is_told_in_one_place_a_workload() {
        let failed = Notice::not_signed_in("linear", "the sign-in was cancelled");
        assert_eq!(failed.title, "linear is not signed in");
        assert_eq!(failed.body, "The sign-in was cancelled.");
        assert_eq!(failed.sign_in.as_deref(), Some("linear"));
        assert_eq!(failed.slot, Notice::signed_in("linear").slot);
        assert_ne!(failed.slot, Notice::signed_in("notion").slot);
    }
}
