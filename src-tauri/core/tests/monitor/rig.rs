//! A monitor on simulated clocks, and short words for what happens to it.

use std::time::Duration;

use lamplighter_core::condition::{Cause, StoreFault, Transport};
use lamplighter_core::config::GrantKind;
use lamplighter_core::entry::EntryKind;
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::lease::Attempt;
use lamplighter_core::monitor::{Remembered, Wake};
use lamplighter_core::notice::Notice;
use lamplighter_core::verdict::{Answer, Content};
use lamplighter_core::{Command, Entry, Event, Lease, LeaseId, Moment, Monitor, Phase, Policy, Reading};

/// Where the simulated clocks begin.
pub(crate) const BOOT: u64 = 1_000_000_000;
/// 2026-11-21T08:00:00Z
pub(crate) const DAWN: i64 = 1_795_248_000;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const HOUR: Duration = Duration::from_hours(1);

pub(crate) fn dawn() -> Reading {
    Reading {
        moment: Moment::from_millis(BOOT),
        awake: Duration::from_millis(BOOT / 2),
        wall: jiff::Timestamp::from_second(DAWN).unwrap(),
    }
}

/// A monitor, and the clocks it is shown.
pub(crate) struct Rig {
    pub(crate) monitor: Monitor,
    pub(crate) now: Reading,
    /// Every command so far, with the moment it was given.
    pub(crate) story: Vec<(Moment, Command)>,
    leases: u64,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(Policy::default(), None)
    }

    pub(crate) fn with(policy: Policy, remembered: Option<Remembered>) -> Self {
        Self::of(GrantKind::AuthorizationCode, policy, remembered)
    }

    /// Of a workload whose grant is obtained by `grant`.
    pub(crate) fn of(grant: GrantKind, policy: Policy, remembered: Option<Remembered>) -> Self {
        let now = dawn();
        Self { monitor: Monitor::new("linear", grant, policy, remembered, now), now, story: Vec::new(), leases: 0 }
    }

    /// Started, and running on a lease of an hour that can be renewed.
    pub(crate) fn running() -> Self {
        let mut rig = Self::new();
        let lease = rig.lease(Some(HOUR), true);
        rig.send(Event::StartRequested);
        rig.send(Event::Loaded(Loaded::Grant(lease)));
        assert_eq!(rig.phase(), Phase::Running);
        rig.story.clear();
        rig
    }

    /// Started, without any grant.
    pub(crate) fn open() -> Self {
        let mut rig = Self::new();
        rig.send(Event::StartRequested);
        rig.send(Event::Loaded(Loaded::Nothing));
        assert_eq!(rig.phase(), Phase::Running);
        rig.story.clear();
        rig
    }

    /// In its first episode, the lease expired.
    pub(crate) fn retrying() -> Self {
        let mut rig = Self::new();
        let lease = rig.expired_lease();
        rig.send(Event::StartRequested);
        rig.send(Event::Loaded(Loaded::Grant(lease)));
        rig.fail(offline());
        assert_eq!(rig.phase(), Phase::AuthRetrying);
        rig.story.clear();
        rig
    }

    /// Ended by the ceiling, the refresh token kept.
    pub(crate) fn past_ceiling() -> Self {
        let mut rig = Self::retrying();
        while rig.phase() == Phase::AuthRetrying {
            rig.until_attempt();
            rig.fail(offline());
        }
        assert_eq!(rig.phase(), Phase::Unauthenticated);
        rig.story.clear();
        rig
    }

    pub(crate) fn send(&mut self, event: Event) -> Vec<Command> {
        let woken = event == Event::Woken;
        let commands = self.monitor.handle(event, self.now);
        if woken && let Some((at, wake)) = self.monitor.deadline() {
            assert!(at > self.now.moment, "{wake:?} was not dealt with");
        }
        self.story.extend(commands.iter().map(|command| (self.now.moment, command.clone())));
        commands
    }

    /// A lease issued now.
    pub(crate) fn lease(&mut self, lifetime: Option<Duration>, renewable: bool) -> Lease {
        self.leases += 1;
        Lease {
            id: LeaseId(self.leases),
            issued_at: self.now.moment,
            expires_at: lifetime.map(|lifetime| self.now.moment + lifetime),
            renewable,
        }
    }

    /// A renewable lease that was issued two hours ago for one hour.
    pub(crate) fn expired_lease(&mut self) -> Lease {
        let lease = self.lease(None, true);
        Lease { issued_at: self.now.moment - 2 * HOUR, expires_at: Some(self.now.moment - HOUR), ..lease }
    }

    /// Time passes, the machine awake; nothing is told to the monitor.
    pub(crate) fn pass(&mut self, span: Duration) {
        self.now.awake += span;
        self.sleep(span);
    }

    /// Time passes, the machine asleep.
    pub(crate) fn sleep(&mut self, span: Duration) {
        self.now.moment = self.now.moment + span;
        self.now.wall = self.now.wall.checked_add(jiff::SignedDuration::try_from(span).unwrap()).unwrap();
    }

    /// Jumps to the deadline and wakes the monitor.
    pub(crate) fn wake(&mut self) -> (Wake, Vec<Command>) {
        let (at, wake) = self.monitor.deadline().expect("a deadline");
        self.pass(at.since(self.now.moment));
        (wake, self.send(Event::Woken))
    }

    /// Wakes the monitor as often as `span` asks for, then stands at its end.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now.moment + span;
        while self.monitor.deadline().is_some_and(|(at, _)| at <= end) {
            self.wake();
        }
        self.pass(end.since(self.now.moment));
    }

    /// Wakes until an attempt is made.
    pub(crate) fn until_attempt(&mut self) -> Attempt {
        for _ in 0..100 {
            let (_, commands) = self.wake();
            if let Some(attempt) = commands.iter().find_map(renewal) {
                return attempt;
            }
        }
        panic!("no attempt in a hundred deadlines");
    }

    /// The attempt under way fails.
    pub(crate) fn fail(&mut self, answer: Answer) -> Vec<Command> {
        let attempt = self.attempt();
        self.send(Event::RenewalFailed { attempt, answer, registered: false, skew: None })
    }

    /// The attempt under way brings a lease of an hour.
    pub(crate) fn succeed(&mut self) -> Vec<Command> {
        let (attempt, lease) = (self.attempt(), self.lease(Some(HOUR), true));
        self.send(Event::Renewed { attempt, lease, stored: Ok(()), skew: None })
    }

    /// The newest attempt that was begun.
    pub(crate) fn attempt(&self) -> Attempt {
        self.story.iter().rev().find_map(|(_, command)| renewal(command)).expect("an attempt")
    }

    pub(crate) fn trigger(&mut self, trigger: Trigger) -> Vec<Command> {
        self.send(Event::Triggered(trigger))
    }

    pub(crate) fn phase(&self) -> Phase {
        self.monitor.status().phase
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        self.monitor.status().cause.clone()
    }

    /// Time until the deadline, and what it is for.
    pub(crate) fn deadline(&self) -> Option<(Duration, Wake)> {
        self.monitor.deadline().map(|(at, wake)| (at.since(self.now.moment), wake))
    }

    pub(crate) fn codes(&self) -> Vec<&str> {
        self.monitor.status().conditions.iter().map(|condition| condition.code.as_str()).collect()
    }

    pub(crate) fn notices(&self) -> Vec<Notice> {
        let notices = self
            .story
            .iter()
            .filter_map(|(_, command)| if let Command::Notify(notice) = command { Some(notice.clone()) } else { None });
        notices.collect()
    }

    /// When attempts were begun, from `start` on.
    pub(crate) fn attempts_since(&self, start: Moment) -> Vec<Duration> {
        let attempts = self.story.iter().filter(|(at, command)| *at >= start && renewal(command).is_some());
        attempts.map(|(at, _)| at.since(start)).collect()
    }
}

pub(crate) fn renewal(command: &Command) -> Option<Attempt> {
    if let Command::Renew(attempt) = command { Some(*attempt) } else { None }
}

/// Commands in short: rows without their words, so that a whole list fits into a line.
pub(crate) fn brief(commands: &[Command]) -> Vec<String> {
    commands.iter().map(brief_one).collect()
}

fn brief_one(command: &Command) -> String {
    match command {
        Command::Record(entry) => brief_entry(entry),
        Command::Renew(Attempt(number)) => format!("renew {number}"),
        Command::Notify(Notice::Retrying { episode, cause }) => format!("notify retrying {episode} {}", cause.code()),
        Command::Notify(Notice::Recovered { episode }) => format!("notify recovered {episode}"),
        Command::Notify(Notice::SignInNeeded { cause, .. }) => format!("notify sign-in {}", cause.code()),
        Command::Notify(Notice::NotStored) => "notify not-stored".to_owned(),
        Command::Load => "load".to_owned(),
        Command::Store => "store".to_owned(),
        Command::Retire => "retire".to_owned(),
        Command::ForgetRegistration => "forget-registration".to_owned(),
        Command::Forget => "forget".to_owned(),
        Command::Probe => "probe".to_owned(),
    }
}

fn brief_entry(entry: &Entry) -> String {
    let reason = entry.reason_code.as_deref().unwrap_or("-");
    let episode = entry.episode.map(|mark| format!(" @{}", mark.number)).unwrap_or_default();
    let told = match entry.kind {
        EntryKind::Attempt => {
            let status = entry.http_status.map(|status| format!(" {status}")).unwrap_or_default();
            format!("attempt {}{status} {reason}", entry.verdict.unwrap())
        }
        EntryKind::Status => {
            let (from, to) = (entry.from.unwrap(), entry.to.unwrap());
            format!("{} > {} {reason}", word(from), word(to))
        }
        EntryKind::Trigger => format!("trigger {reason}"),
        EntryKind::Login => format!("login {reason}"),
        EntryKind::Notice => format!("notice {reason}"),
        EntryKind::Store => format!("store {reason}"),
        EntryKind::Engine => format!("engine {reason}"),
    };
    told + &episode
}

fn word(phase: Phase) -> String {
    serde_json::to_value(phase).unwrap().as_str().unwrap().to_owned()
}

pub(crate) fn offline() -> Answer {
    Answer::Transport(Transport::Dns)
}

pub(crate) fn no_network() -> Answer {
    Answer::Transport(Transport::Offline)
}

pub(crate) fn oauth(status: u16, word: &str) -> Answer {
    Answer::Http { status, content: Content::OAuthError(word.to_owned()), retry_after: None }
}

pub(crate) fn busy(seconds: u64) -> Answer {
    Answer::Http { status: 503, content: Content::Page, retry_after: Some(Duration::from_secs(seconds)) }
}

pub(crate) fn locked() -> Result<(), StoreFault> {
    Err(StoreFault::Locked)
}
