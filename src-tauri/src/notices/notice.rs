//! A notice as a value.

use lamplighter_core::condition::{Condition, Severity, toasts};
use lamplighter_core::notice::{News, Toast};

/// What is shown to the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Its place: a later one with the same takes it.
    pub(crate) slot: Slot,
    /// The first line.
    pub(crate) title: String,
    /// One or two sentences.
    pub(crate) body: String,
    /// The workloads that it speaks of.
    pub(crate) workloads: Vec<String>,
    /// The one workload whose login all of it is about.
    pub(crate) login: Option<String>,
    /// The workload that its Sign in button is for.
    pub(crate) sign_in: Option<String>,
    /// How long it stays.
    pub(crate) stays: Stays,
}

/// How long a notice stays on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stays {
    /// As long as the desktop pleases.
    Awhile,
    /// Until the person has seen it.
    UntilSeen,
    /// It asks something of the person: until they have seen it, or none of its workloads needs them any more.
    UntilAnswered,
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
    fn from(Toast { id, title, body, workloads, sign_in, news }: Toast) -> Self {
        let alone = if let [only] = workloads.as_slice() { Some(only.clone()) } else { None };
        let login = match news {
            News::Retrying | News::Recovered | News::SignInNeeded => alone,
            // A login works before it is saved: that it does is another matter.
            News::NotStored => None,
        };
        let stays = if news.asks() { Stays::UntilAnswered } else { Stays::Awhile };
        Self { slot: Slot::Toast(id), title, body, workloads, login, sign_in, stays }
    }
}

impl Notice {
    /// The person signed the workload `name` in.
    pub(crate) fn signed_in(name: &str) -> Self {
        Self { login: Some(name.to_owned()), ..Self::of(name, toasts::signed_in(name)) }
    }

    /// The sign-in that the person asked for came to nothing.
    pub(crate) fn not_signed_in(name: &str, reason: &str) -> Self {
        let workload = Some(name.to_owned());
        Self { login: workload.clone(), sign_in: workload, ..Self::of(name, toasts::not_signed_in(name, reason)) }
    }

    /// What the person asked for was not done.
    pub(crate) fn failed(name: &str, error: &dyn std::error::Error) -> Self {
        Self::of(name, toasts::failed(name, &error.to_string()))
    }

    /// Something is in the way of what the person asked for.
    pub(crate) fn of_condition(name: &str, condition: &Condition) -> Self {
        let words =
            toasts::Words { title: condition.title.clone(), body: format!("{} {}", condition.text, condition.remedy) };
        let stays = match condition.severity {
            Severity::Error => Stays::UntilSeen,
            Severity::Info | Severity::Warning => Stays::Awhile,
        };
        Self { stays, ..Self::of(name, words) }
    }

    /// The window was asked for, and cannot be shown.
    pub(crate) fn no_window(error: &dyn std::error::Error) -> Self {
        let toasts::Words { title, body } = toasts::no_window(&error.to_string());
        Self {
            slot: Slot::Window,
            title,
            body,
            workloads: Vec::new(),
            login: None,
            sign_in: None,
            stays: Stays::Awhile,
        }
    }

    /// Whether this takes the place of `shown`: of its like; and the word on a sign-in that of a toast about the same
    /// login, or the other way round. What a sign-in mends, both tell of.
    pub(crate) fn replaces(&self, shown: &Self) -> bool {
        match (&self.slot, &shown.slot) {
            (Slot::Asked(_), Slot::Toast(_)) | (Slot::Toast(_), Slot::Asked(_)) => {
                self.login.is_some() && self.login == shown.login
            }
            (slot, its) => slot == its,
        }
    }

    /// The workload at which a click opens the window.
    pub(crate) fn opens(&self) -> Option<String> {
        self.sign_in.as_ref().or(self.workloads.first()).cloned()
    }

    fn of(name: &str, toasts::Words { title, body }: toasts::Words) -> Self {
        Self {
            slot: Slot::Asked(name.to_owned()),
            title,
            body,
            workloads: vec![name.to_owned()],
            login: None,
            sign_in: None,
            stays: Stays::Awhile,
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
            news: News::SignInNeeded,
        };
        let notice = Notice::from(toast.clone());
        assert_eq!((&notice.slot, notice.opens().as_deref()), (&Slot::Toast(7), Some("linear")));
        toast.sign_in = None;
        assert_eq!(Notice::from(toast).opens().as_deref(), Some("notion"));
    }

    #[test]
    fn what_tells_of_one_login_stands_in_one_place() {
        let toast = |news, workloads: &[&str]| {
            let workloads = workloads.iter().map(|&name| name.to_owned()).collect();
            Notice::from(Toast { id: 7, title: String::new(), body: String::new(), workloads, sign_in: None, news })
        };
        let outcome = Notice::signed_in("linear");
        for news in [News::Retrying, News::Recovered, News::SignInNeeded] {
            let alone = toast(news, &["linear"]);
            assert!(outcome.replaces(&alone) && alone.replaces(&outcome), "{news:?}");
            let others = toast(news, &["notion"]);
            assert!(!outcome.replaces(&others) && !others.replaces(&outcome), "{news:?}");
            let both = toast(news, &["linear", "notion"]);
            assert!(!outcome.replaces(&both) && !both.replaces(&outcome), "{news:?}: notion needs its word too");
        }
        let unsaved = toast(News::NotStored, &["linear"]);
        assert!(!outcome.replaces(&unsaved) && !unsaved.replaces(&outcome), "both are so");
        let failed = Notice::failed("linear", &std::io::Error::other("no clipboard"));
        assert!(!failed.replaces(&toast(News::SignInNeeded, &["linear"])), "the sign-in is needed still");
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
