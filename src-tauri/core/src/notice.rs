//! Which desktop notices are due: coalescing, wake grace, replacement.
//!
//! Monitors decide once an episode that something is worth telling; the board decides when and in which toast. It
//! knows neither states nor how a toast is drawn; its words are those of [`crate::condition`].

use std::collections::HashSet;
use std::time::Duration;

use crate::condition::{Cause, toasts};
use crate::config::GrantKind;
use crate::time::{Moment, Reading};

/// Notices of one cause that come within this time share a toast.
const TOGETHER: Duration = Duration::from_secs(3);

/// A toast that is shown changes once in this time at most: nobody reads faster, and desktops refuse what comes thick.
const PACE: Duration = Duration::from_millis(500);

/// After waking, nothing is shown for this long that settles by itself.
const WAKE_GRACE: Duration = Duration::from_mins(1);

/// What a monitor asks to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// `auth_retrying` was entered.
    Retrying {
        /// The episode.
        episode: u64,
        /// Why.
        cause: Cause,
    },
    /// The episode ended well.
    Recovered {
        /// The episode.
        episode: u64,
    },
    /// Only a sign-in helps, or what stands in for one.
    SignInNeeded {
        /// How the grant is obtained.
        grant: GrantKind,
        /// Why.
        cause: Cause,
    },
    /// A rotated token could not be stored.
    NotStored,
}

/// A desktop notification to show, or to put in place of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// Tells toasts apart; one that has been shown under the same number is replaced in place.
    pub id: u64,
    /// The first line.
    pub title: String,
    /// One or two sentences.
    pub body: String,
    /// The workloads that it speaks of.
    pub workloads: Vec<String>,
    /// The workload that its Sign in button is for.
    pub sign_in: Option<String>,
    /// What it tells.
    pub news: News,
}

/// What a toast tells of the workloads that it speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// They cannot renew their logins, and try again.
    Retrying,
    /// They work again, or some of them do.
    Recovered,
    /// They need the person to sign in, or what stands in for that.
    SignInNeeded,
    /// Their renewed logins could not be saved.
    NotStored,
}

impl News {
    /// Whether something is asked of the person, so that the toast stays.
    #[must_use]
    pub fn asks(self) -> bool {
        match self {
            Self::SignInNeeded => true,
            Self::Retrying | Self::Recovered | Self::NotStored => false,
        }
    }
}

/// Collects the notices of all workloads into toasts.
#[derive(Debug, Default)]
pub struct Board {
    shown: Vec<Group>,
    /// Troubles that may settle before the wake grace is over.
    held: Vec<(String, Subject)>,
    grace_ends: Option<Moment>,
    last_id: u64,
}

/// One toast that has been shown, while it may still change.
#[derive(Debug)]
struct Group {
    id: u64,
    since: Moment,
    subject: Subject,
    /// Whom it speaks of.
    members: Vec<String>,
    /// Those of them that do not work again yet.
    waiting: HashSet<String>,
    /// Those that do.
    recovered: Vec<String>,
    /// When it was last shown.
    drawn: Option<Moment>,
    /// Whether it has changed since.
    stale: bool,
}

/// What a toast tells of; equal subjects share one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Retrying(Cause),
    SignInNeeded(GrantKind, Cause),
    NotStored,
}

impl Board {
    /// Monitors asked for `notices`, each of a workload; what is to be shown now.
    pub fn noticed<'a>(
        &mut self,
        notices: impl IntoIterator<Item = (&'a str, &'a Notice)>,
        now: Reading,
    ) -> Vec<Toast> {
        self.shown.retain(|group| group.stale || group.may_change(now.moment));
        for (workload, notice) in notices {
            self.take(workload, notice, now);
        }
        self.draw(now.moment)
    }

    /// The machine woke.
    pub fn woke(&mut self, now: Reading) {
        self.grace_ends = Some(now.moment + WAKE_GRACE);
    }

    /// The deadline has come; what is to be shown now.
    pub fn elapsed(&mut self, now: Reading) -> Vec<Toast> {
        if self.grace_ends.is_some_and(|end| now.moment >= end) {
            for (workload, subject) in std::mem::take(&mut self.held) {
                self.show(&workload, subject, now);
            }
        }
        self.draw(now.moment)
    }

    /// When to call [`Board::elapsed`].
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let grace_ends = self.grace_ends.filter(|_| !self.held.is_empty());
        self.shown.iter().filter_map(Group::due).chain(grace_ends).min()
    }

    /// The toasts whose turn it is to be shown, or shown anew.
    fn draw(&mut self, now: Moment) -> Vec<Toast> {
        let due = self.shown.iter_mut().filter(|group| group.due().is_some_and(|due| due <= now));
        due.map(|group| group.draw(now)).collect()
    }

    /// Enters what `notice` says of `workload`.
    fn take(&mut self, workload: &str, notice: &Notice, now: Reading) {
        match notice {
            Notice::Retrying { cause, .. } => {
                let subject = Subject::Retrying(cause.clone());
                if self.grace_ends.is_some_and(|end| now.moment < end) {
                    self.held.push((workload.to_owned(), subject));
                } else {
                    self.show(workload, subject, now);
                }
            }
            Notice::Recovered { .. } => self.recovered(workload),
            Notice::SignInNeeded { grant, cause } => {
                self.show_in_place(workload, Subject::SignInNeeded(*grant, cause.clone()), now);
            }
            Notice::NotStored => {
                self.show(workload, Subject::NotStored, now);
            }
        }
    }

    /// Shows `subject` for `workload`: in the toast of the others that it has befallen just now, else in a new one. The
    /// toast's number.
    fn show(&mut self, workload: &str, subject: Subject, now: Reading) -> u64 {
        let together = |group: &&mut Group| group.subject == subject && now.moment.since(group.since) <= TOGETHER;
        if let Some(group) = self.shown.iter_mut().find(together) {
            group.add(workload);
            return group.id;
        }
        self.last_id += 1;
        self.shown.push(Group {
            id: self.last_id,
            since: now.moment,
            subject,
            members: vec![workload.to_owned()],
            waiting: HashSet::from([workload.to_owned()]),
            recovered: Vec::new(),
            drawn: None,
            stale: true,
        });
        self.last_id
    }

    /// Shows `subject` for `workload`, in the place of the trouble that it has come of.
    fn show_in_place(&mut self, workload: &str, subject: Subject, now: Reading) {
        self.held.retain(|(name, _)| name != workload);
        let Some(index) = self.shown.iter().position(|group| group.waits_for(workload)) else {
            self.show(workload, subject, now);
            return;
        };
        let mut before = self.shown.remove(index);
        if before.members.len() > 1 {
            // The others still need theirs.
            before.members.retain(|name| name != workload);
            before.waiting.remove(workload);
            self.shown.push(before);
            self.show(workload, subject, now);
            return;
        }
        let id = self.show(workload, subject, now);
        if let Some(group) = self.shown.iter_mut().find(|group| group.id == id)
            && group.members.len() == 1
        {
            group.id = before.id;
        }
    }

    /// A recovery is told only where the trouble was, and in its place.
    fn recovered(&mut self, workload: &str) {
        self.held.retain(|(name, _)| name != workload);
        if let Some(group) = self.shown.iter_mut().find(|group| group.waits_for(workload)) {
            group.waiting.remove(workload);
            group.recovered.push(workload.to_owned());
            group.stale = true;
        }
    }
}

impl Group {
    /// Whether this toast tells of a trouble of `workload` that may yet pass.
    fn waits_for(&self, workload: &str) -> bool {
        matches!(self.subject, Subject::Retrying(_)) && self.waiting.contains(workload)
    }

    fn may_change(&self, now: Moment) -> bool {
        let may_pass = matches!(self.subject, Subject::Retrying(_)) && !self.waiting.is_empty();
        now.since(self.since) <= TOGETHER || may_pass
    }

    /// Monitors tell of a trouble once: one that tells of it again was well in between, and that is news too.
    fn add(&mut self, workload: &str) {
        self.stale = true;
        if !self.waiting.insert(workload.to_owned()) {
            return;
        }
        match self.recovered.iter().position(|name| name == workload) {
            Some(index) => drop(self.recovered.remove(index)),
            None => self.members.push(workload.to_owned()),
        }
    }

    /// When it is to be shown, or shown anew: a new one at once.
    fn due(&self) -> Option<Moment> {
        self.stale.then(|| self.drawn.map_or(self.since, |drawn| drawn + PACE))
    }

    /// The toast as it is now, which is shown `now`.
    fn draw(&mut self, now: Moment) -> Toast {
        self.drawn = Some(now);
        self.stale = false;
        self.toast()
    }

    fn toast(&self) -> Toast {
        let (news, words) = match &self.subject {
            Subject::Retrying(_) if !self.recovered.is_empty() => {
                let waiting = self.members.iter().filter(|name| self.waiting.contains(*name));
                (News::Recovered, toasts::recovered(&self.recovered, &waiting.cloned().collect::<Vec<_>>()))
            }
            Subject::Retrying(cause) => (News::Retrying, toasts::retrying(&self.members, cause)),
            Subject::SignInNeeded(grant, cause) => {
                (News::SignInNeeded, toasts::sign_in_needed(&self.members, *grant, cause))
            }
            Subject::NotStored => (News::NotStored, toasts::not_stored(&self.members)),
        };
        let by_sign_in = matches!(self.subject, Subject::SignInNeeded(GrantKind::AuthorizationCode, _));
        let sign_in = match self.members.as_slice() {
            [only] if by_sign_in => Some(only.clone()),
            _ => None,
        };
        Toast { id: self.id, title: words.title, body: words.body, workloads: self.members.clone(), sign_in, news }
    }
}
