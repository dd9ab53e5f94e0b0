//! The invariants, held over random walks: events aimed at live ids, on clocks that also sleep.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lamplighter_core::condition::{Cause, StoreFault, Transport, UpstreamFault, remedy};
use lamplighter_core::config::GrantKind;
use lamplighter_core::entry::EntryKind;
use lamplighter_core::event::{Loaded, Trigger};
use lamplighter_core::lease::Attempt;
use lamplighter_core::monitor::Wake;
use lamplighter_core::notice::Notice;
use lamplighter_core::status::{Gate, Status};
use lamplighter_core::verdict::{Answer, Content};
use lamplighter_core::{Command, Event, Lease, LeaseId, Moment, Phase, Policy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::rig::{Rig, busy, oauth, offline};

const GIVE_UP: Duration = Duration::from_secs(35);

/// A step of a walk; ids are filled in when it is taken.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Sleep(u64),
    /// Jump to the deadline.
    Wake,
    Succeed {
        lifetime: Option<u64>,
        renewable: bool,
        stored: Result<(), StoreFault>,
    },
    Fail {
        answer: Answer,
        registered: bool,
    },
    Stale(u64),
    Load(Option<StoreFault>),
    Store(Result<(), StoreFault>),
    Reject {
        current: bool,
        replayed: bool,
    },
    Accept,
    SignIn {
        lifetime: Option<u64>,
        renewable: bool,
        stored: Result<(), StoreFault>,
    },
    Tell(Event),
}

fn steps() -> impl Strategy<Value = Step> {
    let stored = || select(vec![Ok(()), Ok(()), Ok(()), Err(StoreFault::Locked), Err(StoreFault::Absent)]);
    let lifetime = || select(vec![None, Some(1), Some(20), Some(600), Some(3600), Some(86_400)]);
    let answers = vec![
        offline(),
        Answer::Tls,
        Answer::Transport(Transport::Timeout),
        Answer::Transport(Transport::Offline),
        busy(5),
        busy(5000),
        oauth(400, "odd_word"),
        oauth(400, "slow_down"),
        oauth(400, "invalid_grant"),
        oauth(401, "invalid_client"),
        Answer::Http { status: 403, content: Content::Page, retry_after: None },
    ];
    let told = vec![
        Event::Challenged,
        Event::ScopeChallenged { scopes: vec!["write".to_owned()] },
        Event::UpstreamFailed(UpstreamFault::ServerError(500)),
        Event::UpstreamFailed(UpstreamFault::Unreachable(Transport::Refused)),
        Event::UpstreamReached,
        Event::Triggered(Trigger::Woke),
        Event::Triggered(Trigger::NetworkChanged),
        Event::Triggered(Trigger::Resumed),
        Event::Triggered(Trigger::Reached),
        Event::Triggered(Trigger::Asked),
        Event::SignInStarted,
        Event::SignInFailed { cause: Cause::SignIn(String::new()) },
    ];
    let commanded = vec![
        Event::StartRequested,
        Event::StartRequested,
        Event::StartRequested,
        Event::StopRequested,
        Event::SignOutRequested,
        Event::RemoveRequested,
    ];
    prop_oneof![
        4 => (0_u64..100_000).prop_map(Step::Pass),
        1 => (0_u64..20_000_000).prop_map(Step::Sleep),
        12 => Just(Step::Wake),
        4 => (lifetime(), prop::bool::weighted(0.9), stored())
            .prop_map(|(lifetime, renewable, stored)| Step::Succeed { lifetime, renewable, stored }),
        12 => (select(answers), any::<bool>()).prop_map(|(answer, registered)| Step::Fail { answer, registered }),
        1 => (0_u64..50).prop_map(Step::Stale),
        4 => select(vec![None, None, None, Some(StoreFault::Locked)]).prop_map(Step::Load),
        2 => stored().prop_map(Step::Store),
        3 => (prop::bool::weighted(0.8), prop::bool::weighted(0.2))
            .prop_map(|(current, replayed)| Step::Reject { current, replayed }),
        3 => Just(Step::Accept),
        1 => (lifetime(), prop::bool::weighted(0.9), stored())
            .prop_map(|(lifetime, renewable, stored)| Step::SignIn { lifetime, renewable, stored }),
        8 => select(told).prop_map(Step::Tell),
        1 => select(commanded).prop_map(Step::Tell),
    ]
}

fn grants() -> impl Strategy<Value = GrantKind> {
    prop_oneof![
        4 => Just(GrantKind::AuthorizationCode),
        3 => Just(GrantKind::ClientCredentials),
        1 => Just(GrantKind::Bearer),
    ]
}

/// What the secret store would hold.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Nothing,
    Grant(Lease),
    Ended(Lease),
}

/// A walk, and what an onlooker knows.
struct Walk {
    rig: Rig,
    grant: GrantKind,
    kept: Kept,
    /// The person, or a start, has asked for client credentials to be used again since the last verdict or sign-out.
    asked: bool,
    /// The attempt that was begun and not answered, and when.
    under_way: Option<(Attempt, Moment)>,
    /// The attempt that was begun last, as long as no answer came: the machine may have slept, and it be waited for still.
    unanswered: Option<Attempt>,
    loads: u32,
    rejected: BTreeSet<LeaseId>,
    /// The status as the rows tell it.
    told: Phase,
    /// Entry and end notices of each episode.
    episodes: BTreeMap<u64, (u32, u32)>,
}

impl Walk {
    fn new(grant: GrantKind) -> Self {
        let mut rig = Rig::of(grant, Policy::default(), None);
        let lease = rig.lease(Some(Duration::from_hours(1)), grant != GrantKind::Bearer);
        let mut walk = Self {
            rig,
            grant,
            kept: Kept::Grant(lease),
            asked: false,
            under_way: None,
            unanswered: None,
            loads: 0,
            rejected: BTreeSet::new(),
            told: Phase::Stopped,
            episodes: BTreeMap::new(),
        };
        walk.send(Event::StartRequested);
        walk
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Pass(millis) => self.rig.pass(Duration::from_millis(millis)),
            Step::Sleep(millis) => self.rig.sleep(Duration::from_millis(millis)),
            Step::Wake => self.wake(),
            Step::Succeed { lifetime, renewable, stored } => {
                if let Some((attempt, _)) = self.under_way {
                    let lease = self.lease(lifetime, renewable || self.grant == GrantKind::ClientCredentials);
                    self.succeed(Event::Renewed { attempt, lease, stored, skew: None }, lease);
                }
            }
            Step::Fail { answer, registered } => {
                if let Some((attempt, _)) = self.under_way.take() {
                    self.unanswered = None;
                    self.send(Event::RenewalFailed { attempt, answer, registered, skew: None });
                }
            }
            Step::Stale(number) => self.send_stale(Attempt(number)),
            Step::Load(None) if self.loads > 0 => {
                self.loads -= 1;
                if self.grant == GrantKind::ClientCredentials && matches!(self.kept, Kept::Nothing) {
                    // A grant that is yet to be obtained.
                    let lease = self.lease(Some(0), true);
                    self.kept = Kept::Grant(lease);
                }
                let loaded = match self.kept {
                    Kept::Nothing => Loaded::Nothing,
                    Kept::Grant(lease) => Loaded::Grant(lease),
                    Kept::Ended(lease) => Loaded::Ended(lease),
                };
                self.send(Event::Loaded(loaded));
            }
            Step::Load(Some(fault)) if self.loads > 0 => {
                self.loads -= 1;
                self.send(Event::Loaded(Loaded::Unavailable(fault)));
            }
            Step::Load(_) => {}
            Step::Store(outcome) => self.send(Event::Stored(outcome)),
            Step::Reject { current, replayed } => {
                let usable = self.rig.monitor.status().usable;
                let lease = if current { usable } else { self.rejected.first().copied() };
                if let Some(lease) = lease {
                    self.rejected.insert(lease);
                    self.send(Event::Rejected { lease, replayed });
                }
            }
            Step::Accept => {
                if let Some(lease) = self.rig.monitor.status().usable {
                    self.send(Event::Accepted { lease });
                }
            }
            // No other grant has one.
            Step::SignIn { .. } if self.grant != GrantKind::AuthorizationCode => {}
            Step::SignIn { lifetime, renewable, stored } => {
                let lease = self.lease(lifetime, renewable);
                if self.rig.phase() == Phase::Removing {
                    self.send(Event::SignedIn { lease, stored });
                } else {
                    self.succeed(Event::SignedIn { lease, stored }, lease);
                }
            }
            Step::Tell(event) => self.send(event),
        }
    }

    fn lease(&mut self, lifetime: Option<u64>, renewable: bool) -> Lease {
        self.rig.lease(lifetime.map(Duration::from_secs), renewable)
    }

    fn wake(&mut self) {
        if let Some((at, _)) = self.rig.monitor.deadline() {
            self.rig.pass(at.since(self.rig.now.moment));
            self.send(Event::Woken);
        }
    }

    /// Invariant 8: success from any path clears the episode, and the next caller is served.
    fn succeed(&mut self, event: Event, lease: Lease) {
        let before = self.rig.phase();
        let is_sign_in = matches!(event, Event::SignedIn { .. });
        if !is_sign_in {
            (self.under_way, self.unanswered) = (None, None);
        }
        let told = self.rig.story.len();
        self.send(event);
        // The answer to an attempt whose grant is gone is nobody's.
        if !is_sign_in && !self.took_answer(told) {
            return;
        }
        self.kept = Kept::Grant(lease);
        let status = self.rig.monitor.status();
        assert_eq!(status.ends, None);
        match before {
            Phase::Stopped | Phase::Stopping => assert_eq!(status.phase, Phase::Stopped),
            Phase::Starting if status.phase == Phase::Starting => {}
            Phase::Starting | Phase::Running | Phase::AuthRetrying | Phase::Unauthenticated | Phase::Unhealthy => {
                assert!(matches!(status.phase, Phase::Running | Phase::Unhealthy), "{before:?} to {:?}", status.phase);
                assert_eq!((status.usable, status.gate), (Some(lease.id), Gate::Open));
            }
            Phase::Removing | Phase::Error | Phase::Unknown | Phase::PolicyStopped => unreachable!("{before:?}"),
        }
    }

    /// Whether an answer was written down as one, since the story was `told` entries long.
    fn took_answer(&self, told: usize) -> bool {
        let mut latest = self.rig.story[told..].iter();
        latest.any(|(_, command)| matches!(command, Command::Record(entry) if entry.verdict == Some("ok")))
    }

    /// Invariant 4: a stale attempt's answer changes nothing.
    fn send_stale(&mut self, attempt: Attempt) {
        while self.rig.monitor.deadline().is_some_and(|(at, _)| at <= self.rig.now.moment) {
            self.send(Event::Woken);
        }
        if self.unanswered == Some(attempt) {
            return;
        }
        let lease = self.rig.lease(None, true);
        let before = self.seen();
        for event in [
            Event::Renewed { attempt, lease, stored: Ok(()), skew: None },
            Event::RenewalFailed { attempt, answer: oauth(400, "invalid_grant"), registered: true, skew: None },
        ] {
            assert_eq!(self.rig.send(event), []);
        }
        assert_eq!(self.seen(), before);
    }

    /// All that an event may change, but for the end of an episode, which sleep moves.
    fn seen(&self) -> (Status, Option<(Moment, Wake)>) {
        (Status { ends: None, ..self.rig.monitor.status().clone() }, self.rig.monitor.deadline())
    }

    fn send(&mut self, event: Event) {
        let before = self.rig.phase();
        if let Some((_, begun)) = self.under_way
            && event == Event::Woken
            && self.rig.now.moment >= begun + GIVE_UP
        {
            self.under_way = None;
        }
        let retries = event == Event::Triggered(Trigger::Asked) && before == Phase::Unauthenticated;
        self.asked = self.asked || retries || matches!(event, Event::Loaded(_));
        let sent = event.clone();
        for command in &self.rig.send(event) {
            self.look_at(command, before);
        }
        // Invariant 7: the order of what is written is the order in memory.
        assert_eq!(self.told, self.rig.phase(), "the rows tell of another status");
        self.check_status(&sent, before);
        self.check_deadline();
        self.check_words();
    }

    fn look_at(&mut self, command: &Command, before: Phase) {
        match command {
            Command::Renew(attempt) => {
                // Invariant 2: never two renewals in flight.
                assert_eq!(self.under_way, None, "{attempt:?} was begun beside another");
                (self.under_way, self.unanswered) = (Some((*attempt, self.rig.now.moment)), Some(*attempt));
                let renewable = matches!(self.kept, Kept::Grant(lease) if lease.renewable);
                if !renewable {
                    // One attempt each time that it is asked for.
                    assert!(self.grant == GrantKind::ClientCredentials && self.asked, "nothing to renew with");
                    self.asked = false;
                }
            }
            Command::Load => self.loads += 1,
            Command::Retire => {
                self.asked = false;
                if let Kept::Grant(lease) = self.kept {
                    self.kept = Kept::Ended(lease);
                }
            }
            Command::Forget => {
                self.asked = false;
                self.kept = Kept::Nothing;
            }
            Command::Record(entry) if entry.kind == EntryKind::Status => {
                assert_eq!(entry.from, Some(self.told), "a row is missing");
                self.told = entry.to.unwrap();
            }
            // Invariant 6: exactly one entry notice an episode, and at most one at its end.
            Command::Notify(Notice::Retrying { episode, .. }) => {
                assert_eq!(self.told, Phase::AuthRetrying);
                assert!(self.episodes.insert(*episode, (1, 0)).is_none(), "episode {episode} was told twice");
            }
            Command::Notify(Notice::Recovered { episode }) => self.end(*episode),
            Command::Notify(Notice::SignInNeeded { .. }) if before == Phase::AuthRetrying => {
                let latest = *self.episodes.last_key_value().expect("an episode").0;
                self.end(latest);
            }
            Command::Notify(Notice::SignInNeeded { .. } | Notice::NotStored)
            | Command::Record(_)
            | Command::Store
            | Command::ForgetRegistration
            | Command::Probe => {}
        }
    }

    fn end(&mut self, episode: u64) {
        let (entries, ends) = self.episodes.get_mut(&episode).expect("an episode that was told");
        *ends += 1;
        assert_eq!((*entries, *ends), (1, 1), "episode {episode}");
    }

    fn check_status(&self, event: &Event, before: Phase) {
        let status = self.rig.monitor.status();
        if let Some(usable) = status.usable {
            assert_eq!(status.gate, Gate::Open);
            assert!(status.expires.is_none_or(|expiry| self.rig.now.moment < expiry), "an expired lease is usable");
            assert!(!self.rejected.contains(&usable), "a rejected lease is usable");
        }
        match status.phase {
            Phase::Starting => assert!(status.usable.is_some() || status.gate == Gate::Wait),
            Phase::Running | Phase::Unhealthy => assert_ne!(status.gate, Gate::Refuse),
            Phase::AuthRetrying => {
                assert!(status.usable.is_some() || status.gate == Gate::Refuse);
                assert!(status.ends.is_some() && status.cause.is_some());
                let latest = self.episodes.last_key_value().expect("an episode that was told");
                assert_eq!(*latest.1, (1, 0));
            }
            Phase::Unauthenticated | Phase::Stopping | Phase::Stopped | Phase::Removing => {
                assert_eq!((status.usable, status.gate), (None, Gate::Refuse));
            }
            Phase::Error | Phase::Unknown | Phase::PolicyStopped => panic!("{:?}", status.phase),
        }
        if status.phase == Phase::Unauthenticated && before != Phase::Unauthenticated {
            self.check_way_to_unauthenticated(event);
        }
    }

    /// Nobody is sent to a sign-in that would be refused.
    fn check_words(&self) {
        let Status { phase, cause, conditions, .. } = self.rig.monitor.status();
        let remedy = remedy("linear", self.grant, *phase, cause.as_ref(), conditions);
        for words in conditions.iter().map(|condition| &condition.remedy).chain(&remedy) {
            let sends = words.contains("lamplighter login");
            assert!(!sends || self.grant == GrantKind::AuthorizationCode, "no sign-in helps here: {words}");
        }
    }

    /// Invariant 5: nothing but these makes a workload `unauthenticated`.
    fn check_way_to_unauthenticated(&self, event: &Event) {
        let cause = self.rig.cause().unwrap();
        let fits = match event {
            Event::Loaded(_) => true,
            Event::RenewalFailed { answer: Answer::Http { content: Content::OAuthError(word), .. }, .. } => {
                cause == Cause::OAuth(word.clone()) || cause == Cause::Ceiling
            }
            Event::RenewalFailed { .. } => cause == Cause::Ceiling,
            Event::Woken => cause == Cause::Ceiling || cause == Cause::NoRefreshToken,
            Event::Rejected { .. } => cause == Cause::RefusedByServer,
            Event::Challenged => cause == Cause::SignInNeeded,
            Event::SignOutRequested => cause == Cause::SignedOut,
            Event::StartRequested
            | Event::Renewed { .. }
            | Event::Stored(_)
            | Event::Accepted { .. }
            | Event::ScopeChallenged { .. }
            | Event::UpstreamFailed(_)
            | Event::UpstreamReached
            | Event::Triggered(_)
            | Event::SignInStarted
            | Event::SignedIn { .. }
            | Event::SignInFailed { .. }
            | Event::StopRequested
            | Event::RemoveRequested => false,
        };
        assert!(fits, "{event:?} made it unauthenticated: {cause:?}");
        assert_ne!(cause, Cause::OAuth("slow_down".to_owned()), "that is weather");
    }

    /// Invariant 3: a deadline always exists unless stopped, waiting for the person, or for a server that said nothing
    /// of an expiry.
    fn check_deadline(&self) {
        let status = self.rig.monitor.status();
        let needed = match status.phase {
            Phase::Starting | Phase::AuthRetrying | Phase::Unhealthy | Phase::Stopping => true,
            Phase::Running => status.expires.is_some() || status.gate == Gate::Wait,
            Phase::Unauthenticated => false,
            Phase::Stopped | Phase::Removing => {
                assert_eq!(self.rig.monitor.deadline(), None);
                false
            }
            Phase::Error | Phase::Unknown | Phase::PolicyStopped => panic!("{:?}", status.phase),
        };
        assert!(!needed || self.rig.monitor.deadline().is_some(), "nothing is awaited in {status:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_invariants_hold(grant in grants(), steps in vec(steps(), 1..150)) {
        let mut walk = Walk::new(grant);
        for step in steps {
            walk.take(step);
        }
    }
}
