//! What must hold, looked at with every row of the journal.

mod schedule;

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_core::entry::EntryKind;
use lamplighter_engine::ports::Row;

use super::figures::Figures;
use super::network::Weather;
use super::server::Loss;
use super::world::World;

const CEILING: Duration = Duration::from_hours(24);
/// The longest that an attempt takes.
const ATTEMPT: Duration = Duration::from_secs(36);

/// What is known of one workload from outside.
#[derive(Default)]
struct Known {
    phase: Option<Phase>,
    /// Phases of this life in the order of the rows.
    phases: Vec<Phase>,
    attempt: Option<Attempt>,
    /// Answers of the last minute.
    minute: Vec<Duration>,
    /// `Retry-After`: not before.
    floor: Option<Duration>,
    triggered: Option<Duration>,
    asked: Option<Duration>,
    /// The server refused its access token.
    rejected: Option<Duration>,
    /// Something new: an engine, a sign-in.
    renewed: Option<Duration>,
    /// The last episode that was begun, and told.
    episode: u64,
    told: u64,
    /// The episode told of whose end has not been told.
    open: bool,
    /// When this episode began, reckoned in time that the machine was awake and an engine running.
    began: Duration,
    /// When, on the same reckoning, the last row was written.
    written: Duration,
    /// What of this episode no row told of when an engine ended, or passed without any network.
    forgotten: Duration,
    /// The last attempt found no network.
    offline: bool,
    /// Attempts of this episode that were made past its ceiling.
    overdue: u32,
    /// Only a sign-in helps; restarts do not change that.
    lacking: bool,
}

#[derive(Clone, Copy)]
struct Attempt {
    at: Duration,
    /// When the server gave what it brought, where it was a success: a sleep may lie in between.
    given: Option<Duration>,
}

#[derive(Default)]
struct Sight {
    workloads: Vec<Known>,
    figures: Figures,
    /// Notices given in this life, recoveries aside, which are shown in place of what they end.
    notices: u64,
    /// Time awake at which connections were cut.
    cuts: Vec<Duration>,
    /// When attempts were given up as unanswered, in time awake.
    given_up: Vec<Duration>,
    /// For how long engines ran on an awake machine, those before this one.
    ran: Duration,
    /// When the present one began.
    began: Duration,
    /// The same by time awake.
    runs_since: Option<Duration>,
}

pub(super) struct Checks(Mutex<Sight>);

impl Checks {
    pub(super) fn new(workloads: usize) -> Self {
        let workloads = (0..workloads).map(|_| Known::default()).collect();
        Self(Mutex::new(Sight { workloads, ..Sight::default() }))
    }

    fn sight(&self) -> MutexGuard<'_, Sight> {
        self.0.lock().unwrap()
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Figures)) {
        count(&mut self.sight().figures);
    }

    pub(super) fn figures(&self) -> Figures {
        self.sight().figures.clone()
    }

    /// When the server of `workload` lets itself be asked again.
    pub(super) fn floor(&self, workload: usize) -> Option<Duration> {
        self.sight().workloads[workload].floor
    }

    /// A login was lost, and why.
    pub(super) fn lost(&self, _workload: usize, loss: Option<Loss>) {
        if let Some(loss) = loss {
            *self.sight().figures.lost.entry(loss).or_default() += 1;
        }
    }

    /// What the person asked for before goes on afterwards.
    pub(super) fn suspended(&self, span: Duration) {
        let mut sight = self.sight();
        sight.figures.suspends += 1;
        for asked in sight.workloads.iter_mut().filter_map(|known| known.asked.as_mut()) {
            *asked += span;
        }
    }

    pub(super) fn cut(&self, awake: Duration) {
        self.sight().cuts.push(awake);
    }

    /// Whether connections were cut within a second of `awake`.
    pub(super) fn was_cut(&self, awake: Duration) -> bool {
        self.sight().cuts.iter().rev().any(|cut| cut.abs_diff(awake) < Duration::from_secs(1))
    }

    /// Whether an attempt was given up at `awake`: an answer of that very moment came too late.
    pub(super) fn was_given_up(&self, awake: Duration) -> bool {
        self.sight().given_up.iter().rev().any(|given_up| given_up.as_millis() == awake.as_millis())
    }

    /// Whether connections were cut since `awake`.
    pub(super) fn was_cut_since(&self, awake: Duration) -> bool {
        self.sight().cuts.last().is_some_and(|cut| *cut >= awake)
    }

    pub(super) fn triggered(&self, age: Duration) {
        self.sight().workloads.iter_mut().for_each(|known| known.triggered = Some(age));
    }

    pub(super) fn asked(&self, workload: usize, age: Duration) {
        self.sight().workloads[workload].asked = Some(age);
    }

    pub(super) fn renewed(&self, workload: usize, age: Duration) {
        self.sight().workloads[workload].renew(age);
    }

    /// The MCP server refused an access token: a reason for one renewal.
    pub(super) fn rejected(&self, workload: usize, age: Duration) {
        self.sight().workloads[workload].rejected = Some(age);
    }

    pub(super) fn began(&self, age: Duration, awake: Duration) {
        let mut sight = self.sight();
        (sight.began, sight.runs_since, sight.notices) = (age, Some(awake), 0);
        for known in &mut sight.workloads {
            known.renew(age);
            known.phase = Some(Phase::Stopped);
            known.phases = vec![Phase::Stopped];
        }
    }

    pub(super) fn ended(&self, awake: Duration, killed: bool) {
        let mut sight = self.sight();
        let ran = sight.runs_since.take().map_or(Duration::ZERO, |since| awake.saturating_sub(since));
        sight.ran += ran;
        sight.figures.kills += u64::from(killed);
        let ran = sight.ran;
        sight.workloads.iter_mut().for_each(|known| known.forgotten += ran.saturating_sub(known.written));
    }

    /// How many notices were given in this life.
    pub(super) fn notices(&self) -> u64 {
        self.sight().notices
    }

    pub(super) fn phases(&self, workload: usize) -> Vec<Phase> {
        self.sight().workloads[workload].phases.clone()
    }
}

impl Known {
    /// What was planned or promised before does not count any more.
    fn renew(&mut self, age: Duration) {
        self.renewed = Some(age);
        self.floor = None;
        self.minute.clear();
    }
}

impl Sight {
    /// For how long an engine ran on an awake machine.
    fn ran(&self, awake: Duration) -> Duration {
        self.ran + self.runs_since.map_or(Duration::ZERO, |since| awake.saturating_sub(since))
    }
}

/// Holds one row against the promises.
pub(super) fn look(world: &World, row: &Row) {
    let Some(workload) = row.workload.strip_prefix('w').and_then(|number| number.parse::<usize>().ok()) else {
        return world.story.tell(row.reason_code.clone().unwrap_or_default());
    };
    let told = [row.verdict.as_deref(), row.reason_code.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let change = row.from.zip(row.to).map(|(from, to)| format!(" {from:?} -> {to:?}")).unwrap_or_default();
    let episode = row.episode.map(|number| format!(" (episode {number})")).unwrap_or_default();
    world.story.tell(format!("w{workload}: {:?}{change} {told}{episode}", row.kind));
    let past_ceiling = past_ceiling(world, workload, row);
    let broken = match row.kind {
        _ if past_ceiling.is_some() => past_ceiling,
        EntryKind::Attempt => schedule::attempt(world, workload, row),
        EntryKind::Status => status(world, workload, row),
        EntryKind::Notice => notice(&mut world.checks.sight(), workload, row),
        EntryKind::Login if row.reason_code.as_deref() == Some("signed_in") => {
            world.checks.renewed(workload, world.clock.age());
            None
        }
        EntryKind::Trigger if row.reason_code.as_deref() == Some("reached") => found_open(world, workload),
        EntryKind::Login | EntryKind::Trigger | EntryKind::Store | EntryKind::Engine => None,
    };
    if let Some(broken) = broken {
        world.story.broke(format!("w{workload}: {broken}"));
    }
}

/// Nobody is found where nobody answers. What is found is tried for.
fn found_open(world: &World, workload: usize) -> Option<String> {
    let weather = *world.weather.lock().unwrap();
    let answered =
        matches!(weather, Weather::Clear | Weather::Portal { .. }) || world.checks.was_cut(world.clock.awake());
    world.checks.sight().workloads[workload].triggered = Some(world.clock.age());
    (!answered).then(|| format!("the way is found open in a network that is {weather:?}"))
}

/// The order of states, the ceiling, and that no login is lost.
fn status(world: &World, workload: usize, row: &Row) -> Option<String> {
    let awake = world.clock.awake();
    let (ended, stored) = {
        let server = world.servers.of(workload);
        let (newest, given) = server.tokens.newest();
        (server.tokens.is_ended(), world.documents.has_held(newest) || world.checks.sight().began < given)
    };
    let mut sight = world.checks.sight();
    let ran = sight.ran(awake);
    let known = &mut sight.workloads[workload];
    let (from, to) = (row.from, row.to?);
    if known.phase != from {
        return Some(format!("a row from {from:?} where the one before led to {:?}", known.phase));
    }
    known.phase = Some(to);
    known.phases.push(to);
    let number = row.episode.unwrap_or_default();
    if to == Phase::AuthRetrying && number > known.episode {
        (known.episode, known.began, known.forgotten, known.lacking) = (number, ran, Duration::ZERO, false);
        (known.overdue, known.offline) = (0, row.reason_code.as_deref() == Some("offline"));
        sight.figures.episodes += 1;
        return None;
    }
    let known_to_need_it = known.lacking;
    match to {
        Phase::Unauthenticated => known.lacking = true,
        Phase::Running | Phase::AuthRetrying | Phase::Unhealthy => known.lacking = false,
        Phase::Starting
        | Phase::Stopping
        | Phase::Stopped
        | Phase::Error
        | Phase::Removing
        | Phase::Unknown
        | Phase::PolicyStopped => {}
    }
    if to != Phase::Unauthenticated || known_to_need_it {
        return None;
    }
    let spent = ran.saturating_sub(known.began);
    match row.reason_code.as_deref() {
        Some("ceiling") if spent < CEILING => Some(format!("the ceiling after {spent:?}")),
        Some("ceiling") => None,
        _ if ended => None,
        _ if !stored => {
            *sight.figures.lost.entry(Loss::Unstored).or_default() += 1;
            None
        }
        reason => Some(format!("a login is lost that its server has not ended: {reason:?}")),
    }
}

/// The ceiling, where it has been passed over: the first attempt past it is the last.
fn past_ceiling(world: &World, workload: usize, row: &Row) -> Option<String> {
    let mut sight = world.checks.sight();
    let ran = sight.ran(world.clock.awake());
    let known = &mut sight.workloads[workload];
    // A row that tells of no episode keeps none of its time either.
    row.episode?;
    let since = ran.saturating_sub(std::mem::replace(&mut known.written, ran));
    if known.offline {
        known.forgotten += since;
    }
    if row.kind != EntryKind::Attempt {
        return None;
    }
    known.offline = row.reason_code.as_deref() == Some("offline");
    let spent = ran.saturating_sub(known.began).saturating_sub(known.forgotten);
    let failed = row.verdict.as_deref() == Some("transient") && !known.offline;
    let goes_on = row.episode == Some(known.episode) && known.phase == Some(Phase::AuthRetrying);
    known.overdue += u32::from(failed && goes_on && spent > CEILING + ATTEMPT);
    (known.overdue > 1).then(|| format!("an episode goes on after {spent:?}"))
}

/// One entry an episode, and at most one end.
fn notice(sight: &mut Sight, workload: usize, row: &Row) -> Option<String> {
    let recovered = row.reason_code.as_deref() == Some("recovered");
    sight.notices += u64::from(!recovered);
    let known = &mut sight.workloads[workload];
    match row.reason_code.as_deref() {
        Some("auth_retrying") => {
            let number = row.episode.unwrap_or_default();
            let before = std::mem::replace(&mut known.told, number);
            known.open = true;
            (number <= before).then(|| format!("the entry into episode {number} is told after that into {before}"))
        }
        Some("recovered") => {
            (!std::mem::take(&mut known.open)).then(|| "a recovery is told of what was not told".to_owned())
        }
        Some("sign_in_needed") => {
            known.open = false;
            None
        }
        _ => None,
    }
}
