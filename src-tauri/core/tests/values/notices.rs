//! Which toasts are shown, when, and in whose place.

use std::time::Duration;

use lamplighter_core::condition::{Cause, Transport};
use lamplighter_core::config::GrantKind;
use lamplighter_core::notice::{Board, News, Notice, Toast};
use lamplighter_core::{Moment, Reading};

const SECOND: Duration = Duration::from_secs(1);

/// A board, and the clock it is shown.
struct Desk {
    board: Board,
    now: Reading,
}

impl Desk {
    fn new() -> Self {
        let wall = jiff::Timestamp::from_second(1_795_248_000).unwrap();
        let now = Reading { moment: Moment::from_millis(5_000_000), awake: Duration::ZERO, wall };
        Self { board: Board::default(), now }
    }

    /// Time goes by, and what is due meanwhile is shown.
    fn pass(&mut self, span: Duration) {
        let end = self.now.moment + span;
        while self.board.deadline().is_some_and(|due| due < end) {
            self.elapse();
        }
        self.now.moment = end;
    }

    fn notice(&mut self, workload: &str, notice: &Notice) -> Vec<Toast> {
        self.board.noticed([(workload, notice)], self.now)
    }

    /// The one toast that this notice leads to, at once or when it may change again.
    fn toast(&mut self, workload: &str, notice: &Notice) -> Toast {
        let mut toasts = self.notice(workload, notice);
        if toasts.is_empty() {
            toasts = self.elapse();
        }
        let [toast] = toasts.try_into().expect("one toast");
        toast
    }

    fn woke(&mut self) {
        self.board.woke(self.now);
    }

    fn elapse(&mut self) -> Vec<Toast> {
        let at = self.board.deadline().expect("a deadline");
        self.pass(at.since(self.now.moment));
        self.board.elapsed(self.now)
    }
}

fn retrying() -> Notice {
    Notice::Retrying { episode: 1, cause: Cause::Transport(Transport::Timeout) }
}

fn blocked() -> Notice {
    Notice::Retrying { episode: 1, cause: Cause::Firewall { status: 403, page: true } }
}

fn needing(grant: GrantKind) -> Notice {
    Notice::SignInNeeded { grant, cause: Cause::OAuth("invalid_grant".to_owned()) }
}

fn recovered() -> Notice {
    Notice::Recovered { episode: 1 }
}

fn ended() -> Notice {
    needing(GrantKind::AuthorizationCode)
}

#[test]
fn a_notice_is_shown_at_once() {
    let mut desk = Desk::new();
    let toast = desk.toast("linear", &blocked());
    let expected = Toast {
        id: 1,
        title: "linear is trying again".to_owned(),
        body: "The sign-in server answered 403 with a web page. Nothing to do: it goes on by itself.".to_owned(),
        workloads: vec!["linear".to_owned()],
        sign_in: None,
        news: News::Retrying,
    };
    assert_eq!(toast, expected);
    assert_eq!(desk.board.deadline(), None);
}

#[test]
fn a_needed_sign_in_stays_and_has_its_button() {
    let mut desk = Desk::new();
    let toast = desk.toast("linear", &ended());
    assert_eq!(toast.title, "linear needs you to sign in");
    assert_eq!(toast.body, "The sign-in server ended this login.");
    assert_eq!((toast.sign_in.as_deref(), toast.news), (Some("linear"), News::SignInNeeded));
}

#[test]
fn where_no_button_signs_in_the_toast_says_what_to_do() {
    let mut desk = Desk::new();
    let pasted = Notice::SignInNeeded { grant: GrantKind::Bearer, cause: Cause::RefusedByServer };
    let toast = desk.toast("linear", &pasted);
    assert_eq!((toast.title.as_str(), toast.sign_in.as_deref()), ("linear needs a new token", None));
    assert!(toast.body.starts_with("The server refuses this login. To give a new token, "), "{}", toast.body);
    assert!(toast.body.contains("`lamplighter add linear URL --bearer-stdin`"), "{}", toast.body);
    assert!(toast.news.asks());
    let both = desk.toast("notion", &pasted);
    assert_eq!((both.id, both.title.as_str()), (1, "2 servers need a new token"));
    assert_eq!(both.body, "linear and notion: the server refuses this login.");

    let toast = desk.toast("sentry", &needing(GrantKind::ClientCredentials));
    assert_eq!((toast.title.as_str(), toast.sign_in.as_deref()), ("sentry is not signed in", None));
    assert!(toast.body.contains("`lamplighter retry sentry`"), "{}", toast.body);
    let toast = desk.toast("mail", &needing(GrantKind::ClientCredentials));
    assert_eq!(toast.title, "2 servers are not signed in");
    let toast = desk.toast("files", &ended());
    assert_eq!((toast.workloads, toast.sign_in), (vec!["files".to_owned()], Some("files".to_owned())));
}

#[test]
fn a_token_that_is_not_saved_is_said() {
    let mut desk = Desk::new();
    let toast = desk.toast("linear", &Notice::NotStored);
    assert_eq!(toast.title, "linear: login not saved yet");
    assert_eq!((toast.sign_in.as_deref(), toast.news), (None, News::NotStored));
    let toast = desk.toast("notion", &Notice::NotStored);
    assert_eq!((toast.id, toast.title.as_str()), (1, "2 logins not saved yet"));
    assert!(toast.body.starts_with("linear and notion: the renewed login works"), "{}", toast.body);
}

#[test]
fn others_of_the_same_cause_amend_it_in_place() {
    let mut desk = Desk::new();
    let first = desk.toast("linear", &retrying());
    desk.pass(2 * SECOND);
    desk.toast("notion", &retrying());
    desk.pass(SECOND);
    let third = desk.toast("sentry", &retrying());
    assert_eq!((first.id, third.id), (1, 1));
    assert_eq!(third.title, "3 servers are trying again");
    assert_eq!(
        third.body,
        "linear, notion and sentry: the sign-in server did not answer in time. Nothing to do: it goes on by itself."
    );
    assert_eq!(third.workloads, ["linear", "notion", "sentry"]);
    desk.pass(Duration::from_millis(1));
    assert_eq!(desk.toast("late", &retrying()).id, 2, "three seconds are over");
}

#[test]
fn of_many_only_a_few_are_named() {
    let mut desk = Desk::new();
    let names: Vec<String> = (1..=7).map(|number| format!("lamp-{number}")).collect();
    let toast = names.iter().map(|name| desk.toast(name, &retrying())).last().unwrap();
    assert_eq!(toast.title, "7 servers are trying again");
    assert!(toast.body.starts_with("lamp-1, lamp-2, lamp-3, lamp-4 and 3 others: "), "{}", toast.body);
    assert_eq!(toast.workloads, names, "it speaks of all of them");

    let toast = names[2..].iter().map(|name| desk.toast(name, &recovered())).last().unwrap();
    assert_eq!(toast.body, "lamp-1 and lamp-2 are still being tried.");
}

#[test]
fn what_comes_together_is_made_into_one_toast() {
    let mut desk = Desk::new();
    let (slow, blocked) = (retrying(), blocked());
    let toasts = desk.board.noticed([("linear", &slow), ("sentry", &blocked), ("notion", &slow)], desk.now);
    let told: Vec<(u64, &[String])> = toasts.iter().map(|toast| (toast.id, toast.workloads.as_slice())).collect();
    assert_eq!(told, [(1, &["linear".to_owned(), "notion".to_owned()][..]), (2, &["sentry".to_owned()][..])]);
}

#[test]
fn a_toast_changes_twice_a_second_at_most() {
    let mut desk = Desk::new();
    let first = desk.notice("linear", &retrying());
    assert_eq!(first.len(), 1, "at once");
    let shown = desk.now.moment;
    for name in ["notion", "sentry", "mail"] {
        desk.now.moment = desk.now.moment + Duration::from_millis(100);
        assert_eq!(desk.notice(name, &retrying()), []);
    }
    assert_eq!(desk.board.deadline(), Some(shown + Duration::from_millis(500)));
    let [second] = desk.elapse().try_into().expect("one toast");
    assert_eq!((second.id, second.workloads.len()), (1, 4), "with all that came meanwhile");
    assert_eq!(desk.board.deadline(), None);
    assert_eq!(desk.board.elapsed(desk.now), []);
}

#[test]
fn another_cause_is_another_toast() {
    let mut desk = Desk::new();
    assert_eq!(desk.toast("linear", &retrying()).id, 1);
    assert_eq!(desk.toast("notion", &blocked()).id, 2);
    assert_eq!(desk.toast("sentry", &ended()).id, 3);
    assert_eq!(desk.toast("sentry", &Notice::NotStored).id, 4);
}

#[test]
fn several_that_need_a_sign_in_share_a_toast_without_a_button() {
    let mut desk = Desk::new();
    desk.notice("linear", &ended());
    let toast = desk.toast("notion", &ended());
    assert_eq!((toast.id, toast.sign_in, toast.news), (1, None, News::SignInNeeded));
    assert_eq!(toast.title, "2 servers need you to sign in");
    assert_eq!(toast.body, "linear and notion: the sign-in server ended this login.");
}

#[test]
fn a_sign_in_that_is_needed_again_is_news_however_soon() {
    let mut desk = Desk::new();
    let first = desk.toast("linear", &ended());
    // It is signed in, of which no notice tells, and the toast is put away.
    desk.pass(2 * SECOND);
    let again = desk.notice("linear", &ended());
    assert_eq!(again, std::slice::from_ref(&first), "at once, in the same place");
    desk.pass(Duration::from_millis(100));
    assert_eq!(desk.toast("linear", &ended()), first, "as soon as it may change");

    let both = desk.toast("notion", &ended());
    assert_eq!(both.workloads, ["linear", "notion"]);
    assert_eq!(desk.toast("linear", &ended()), both, "each is named once");
    assert_eq!(desk.board.deadline(), None);
}

#[test]
fn a_token_that_is_not_saved_again_is_news_however_soon() {
    let mut desk = Desk::new();
    let first = desk.toast("linear", &Notice::NotStored);
    assert_eq!(desk.toast("linear", &Notice::NotStored), first);
}

#[test]
fn three_seconds_are_together_and_not_a_moment_more() {
    let mut desk = Desk::new();
    desk.notice("linear", &ended());
    desk.pass(3 * SECOND);
    assert_eq!(desk.toast("notion", &ended()).id, 1);
    desk.pass(Duration::from_millis(1));
    assert_eq!(desk.toast("sentry", &ended()).id, 2);
}

#[test]
fn a_recovery_replaces_the_toast_of_its_trouble() {
    let mut desk = Desk::new();
    let entry = desk.toast("linear", &retrying());
    desk.pass(3600 * SECOND);
    let end = desk.toast("linear", &recovered());
    assert_eq!((end.id, end.title.as_str()), (entry.id, "linear works again"));
    assert_eq!(end.body, "The login was renewed; nothing was lost.");
    assert_eq!(desk.notice("linear", &recovered()), [], "told once");
}

#[test]
fn a_recovery_of_a_trouble_that_was_not_shown_is_not_shown() {
    let mut desk = Desk::new();
    assert_eq!(desk.notice("linear", &recovered()), []);
    desk.notice("notion", &retrying());
    assert_eq!(desk.notice("linear", &recovered()), []);
    desk.notice("sentry", &Notice::NotStored);
    assert_eq!(desk.notice("sentry", &recovered()), []);
}

#[test]
fn those_that_share_a_toast_recover_one_by_one() {
    let mut desk = Desk::new();
    for name in ["linear", "notion", "sentry"] {
        desk.notice(name, &retrying());
    }
    desk.pass(60 * SECOND);
    let toast = desk.toast("notion", &recovered());
    assert_eq!((toast.id, toast.title.as_str()), (1, "notion works again"));
    assert_eq!(toast.body, "linear and sentry are still being tried.");
    let toast = desk.toast("linear", &recovered());
    assert_eq!((toast.title.as_str(), toast.body.as_str()), ("2 servers work again", "sentry is still being tried."));
    let toast = desk.toast("sentry", &recovered());
    assert_eq!(toast.title, "3 servers work again");
    assert_eq!(toast.body, "notion, linear and sentry: every login was renewed; nothing was lost.");
    assert_eq!(toast.id, 1);
}

#[test]
fn the_next_episode_has_a_toast_of_its_own() {
    let mut desk = Desk::new();
    desk.notice("linear", &retrying());
    desk.pass(60 * SECOND);
    desk.notice("linear", &recovered());
    desk.pass(60 * SECOND);
    assert_eq!(desk.toast("linear", &retrying()).id, 2);
    assert_eq!(desk.toast("linear", &recovered()).id, 2);
}

#[test]
fn an_episode_right_after_the_last_takes_its_toast() {
    let mut desk = Desk::new();
    desk.notice("linear", &retrying());
    desk.notice("linear", &recovered());
    desk.pass(SECOND);
    let toast = desk.toast("linear", &retrying());
    assert_eq!((toast.id, toast.title.as_str()), (1, "linear is trying again"));
    assert_eq!(toast.workloads, ["linear"]);
    assert_eq!(desk.toast("linear", &recovered()).title, "linear works again");
}

#[test]
fn a_trouble_that_becomes_a_needed_sign_in_gives_up_its_place() {
    let mut desk = Desk::new();
    let entry = desk.toast("linear", &retrying());
    desk.pass(60 * SECOND);
    let end = desk.toast("linear", &ended());
    assert_eq!((end.id, end.sign_in.as_deref()), (entry.id, Some("linear")));
    assert_eq!(desk.notice("linear", &recovered()), [], "that trouble did not pass");
    desk.pass(SECOND);
    let both = desk.toast("notion", &ended());
    assert_eq!((both.id, both.workloads.len()), (entry.id, 2));
}

#[test]
fn a_shared_toast_stays_for_the_others() {
    let mut desk = Desk::new();
    desk.notice("linear", &retrying());
    desk.notice("notion", &retrying());
    desk.pass(60 * SECOND);
    let end = desk.toast("linear", &ended());
    assert_eq!((end.id, end.workloads), (2, vec!["linear".to_owned()]));
    let back = desk.toast("notion", &recovered());
    assert_eq!((back.id, back.workloads), (1, vec!["notion".to_owned()]));
    assert_eq!(back.body, "The login was renewed; nothing was lost.");
}

#[test]
fn a_needed_sign_in_joins_those_of_just_now() {
    let mut desk = Desk::new();
    desk.notice("linear", &retrying());
    desk.pass(60 * SECOND);
    assert_eq!(desk.toast("notion", &ended()).id, 2);
    let both = desk.toast("linear", &ended());
    assert_eq!((both.id, both.workloads.len()), (2, 2));
}

#[test]
fn after_waking_nothing_is_shown_that_settles_by_itself() {
    let mut desk = Desk::new();
    desk.woke();
    assert_eq!(desk.board.deadline(), None);
    assert_eq!(desk.notice("linear", &retrying()), []);
    let grace = desk.board.deadline().unwrap().since(desk.now.moment);
    assert_eq!(grace, 60 * SECOND);
    desk.pass(20 * SECOND);
    assert_eq!(desk.notice("linear", &recovered()), []);
    assert_eq!(desk.board.deadline(), None, "it has settled");
    desk.pass(40 * SECOND);
    assert_eq!(desk.toast("linear", &retrying()).id, 1, "the grace is over");
}

#[test]
fn what_has_not_settled_is_shown_when_the_grace_ends() {
    let mut desk = Desk::new();
    desk.woke();
    desk.notice("linear", &retrying());
    desk.pass(10 * SECOND);
    desk.notice("notion", &retrying());
    desk.notice("sentry", &blocked());
    desk.notice("gone", &retrying());
    desk.notice("gone", &recovered());
    desk.pass(10 * SECOND);
    assert_eq!(desk.board.elapsed(desk.now), [], "too soon");
    let toasts = desk.elapse();
    let told: Vec<_> = toasts.iter().map(|toast| (toast.id, toast.workloads.join(" "))).collect();
    assert_eq!(told, [(1, "linear notion".to_owned()), (2, "sentry".to_owned())]);
    assert_eq!(desk.board.deadline(), None);
    assert_eq!(desk.board.elapsed(desk.now), []);
    assert_eq!(desk.toast("linear", &recovered()).id, 1);
}

#[test]
fn a_recovery_of_trouble_shown_before_the_sleep_is_shown_after_waking() {
    let mut desk = Desk::new();
    let entry = desk.toast("linear", &retrying());
    desk.pass(8 * 3600 * SECOND);
    desk.woke();
    desk.pass(5 * SECOND);
    assert_eq!(desk.toast("linear", &recovered()).id, entry.id);
}

#[test]
fn what_does_not_settle_by_itself_is_shown_after_waking() {
    let mut desk = Desk::new();
    desk.woke();
    assert_eq!(desk.notice("linear", &retrying()), []);
    assert_eq!(desk.toast("linear", &ended()).title, "linear needs you to sign in");
    assert_eq!(desk.board.deadline(), None, "its trouble has become this");
    desk.toast("notion", &Notice::NotStored);
}

#[test]
fn waking_again_begins_the_grace_again() {
    let mut desk = Desk::new();
    desk.woke();
    desk.notice("linear", &retrying());
    desk.pass(50 * SECOND);
    desk.woke();
    assert_eq!(desk.board.deadline().unwrap().since(desk.now.moment), 60 * SECOND);
    assert_eq!(desk.elapse().len(), 1);
}
