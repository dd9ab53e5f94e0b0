//! The schedule of attempts, as the design has it: none comes sooner.

use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_engine::ports::Row;

use super::super::server::Mood;
use super::super::world::World;
use super::Attempt;

/// Those of a short retry, the first tries of four triggers and what the first of them had of others, and one that was
/// under way.
const MOST_IN_A_MINUTE: usize = 5 + 4 + 2 + 1;
/// What a server's `Retry-After` can come to.
const LONGEST_FLOOR: Duration = Duration::from_mins(10);
/// The shortest tick.
const SHORTEST_TICK: Duration = Duration::from_mins(9);
/// The shortest wait of a short retry.
const SHORTEST_WAIT: Duration = Duration::from_secs(5);
/// For so long after a trigger there may be quick tries: those of the trigger before, a settle time and an attempt aside.
const QUICK: Duration = Duration::from_secs(140);

/// The schedule: no attempt sooner than the design has it.
pub(super) fn attempt(world: &World, workload: usize, row: &Row) -> Option<String> {
    let now = world.clock.age();
    let (lifetime, tells, mood, given) = {
        let server = world.servers.of(workload);
        (server.tokens.lifetime, server.tokens.tells, server.mood, server.tokens.newest().1)
    };
    let mut sight = world.checks.sight();
    sight.figures.attempts += 1;
    if row.reason_code.as_deref() == Some("timeout") {
        sight.given_up.push(world.clock.awake());
    }
    let known = &mut sight.workloads[workload];
    let given = (row.verdict.as_deref() == Some("ok")).then_some(given);
    // One that found no network was none.
    let offline = row.reason_code.as_deref() == Some("offline");
    let before = if offline { known.attempt } else { known.attempt.replace(Attempt { at: now, given }) };
    known.minute.retain(|at| now.saturating_sub(*at) < Duration::from_mins(1));
    known.minute.push(now);
    let since =
        |moment: Option<Duration>, span: Duration| moment.is_some_and(|moment| now.saturating_sub(moment) <= span);
    let asked = since(known.asked, QUICK);
    let renewed = before.is_some_and(|before| known.renewed.is_some_and(|renewed| renewed >= before.at));
    if known.minute.len() > MOST_IN_A_MINUTE && !asked && !renewed {
        return Some(format!("{} attempts in a minute", known.minute.len()));
    }
    if !asked && !renewed && known.floor.is_some_and(|floor| now < floor) {
        return Some("an attempt sooner than the server's Retry-After".to_owned());
    }
    // Where the server said when to come again, the tries of a trigger, or of the person, begin then.
    let wanted = known.triggered.max(known.asked);
    let tries_from = wanted.map(|wanted| known.floor.map_or(wanted, |floor| floor.max(wanted)));
    if given.is_some() {
        known.floor = None;
    }
    if let (Some(429), Mood::TooMany(seconds)) = (row.http_status, mood) {
        known.floor = known.floor.max(Some(now + Duration::from_secs(u64::from(seconds)).min(LONGEST_FLOOR)));
    }
    let before = before.filter(|_| !offline)?;
    if asked || renewed || since(tries_from, QUICK) {
        return None;
    }
    let (from, shortest) = match (before.given, known.phase) {
        (Some(_), _) if !tells || known.rejected.is_some_and(|rejected| rejected >= before.at) => return None,
        (Some(given), _) => {
            let margin = (lifetime / 5).min(Duration::from_mins(5)).mul_f64(1.1);
            (given, lifetime.saturating_sub(margin))
        }
        (None, Some(Phase::AuthRetrying)) => (before.at, SHORTEST_TICK),
        (None, _) => (before.at, SHORTEST_WAIT),
    };
    let gap = now.saturating_sub(from);
    (gap < shortest).then(|| format!("an attempt {gap:?} after the one before, where {shortest:?} is the least"))
}
