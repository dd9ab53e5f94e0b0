//! What an authorization server remembers of the tokens that it gave. A refresh token that is sent a second time ends
//! the grant, or, at a lenient server, is taken for the same request once more while its successor is unused.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::world::{Ending, Life, World};

/// From the server's answer until what it brought is stored, where the store is slow.
const WINDOW: Duration = Duration::from_secs(5);

/// Why a used refresh token was sent again, where that is nobody's fault but the weather's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    /// The engine was killed between the server's answer and the store.
    Killed,
    /// The engine was stopped, and the answer came later than it waits for.
    Stopped,
    /// The answer was lost on its way.
    Unanswered,
    /// The store took nothing until the engine ended.
    Unstored,
}

pub(in super::super) struct Tokens {
    number: usize,
    /// Takes a token that was used for the same request once more.
    pub(in super::super) lenient: bool,
    /// Gives a new refresh token with every access token.
    pub(in super::super) rotates: bool,
    pub(in super::super) lifetime: Duration,
    /// Tells when its tokens expire.
    pub(in super::super) tells: bool,
    given: u32,
    newest: (String, Duration),
    grant: Grant,
    refresh: BTreeMap<String, Refresh>,
    /// When each access token expires.
    access: BTreeMap<String, Duration>,
    accepted: BTreeSet<String>,
}

#[derive(Default)]
struct Grant {
    number: u32,
    ended: bool,
    /// The machine knows an older one alone.
    unclaimed: bool,
    /// The life that has been told so, and when.
    told: Option<(u32, Duration)>,
}

struct Refresh {
    grant: u32,
    used: Option<Use>,
}

#[derive(Clone)]
struct Use {
    life: Life,
    successor: String,
    /// When the machine was sent the answer, by its time awake.
    answered: Option<Duration>,
}

/// What a token request is answered with.
pub(super) struct Given {
    pub(super) access_token: String,
    pub(super) refresh_token: String,
    pub(super) expires_in: Option<Duration>,
}

impl Tokens {
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            lenient: false,
            rotates: true,
            lifetime: Duration::from_hours(1),
            tells: true,
            given: 0,
            newest: (String::new(), Duration::ZERO),
            grant: Grant { ended: true, ..Grant::default() },
            refresh: BTreeMap::new(),
            access: BTreeMap::new(),
            accepted: BTreeSet::new(),
        }
    }

    /// Whether the server has ended the grant, as far as the machine knows one.
    pub(in super::super) const fn is_ended(&self) -> bool {
        self.grant.ended || self.grant.unclaimed
    }

    /// The refresh token given last, and when.
    pub(in super::super) fn newest(&self) -> (&str, Duration) {
        (&self.newest.0, self.newest.1)
    }

    /// The server ends the grant.
    pub(in super::super) const fn end(&mut self) {
        self.grant.ended = true;
    }

    /// Whether the MCP server takes this access token at `now`.
    pub(in super::super) fn takes(&self, access_token: &str, now: Duration) -> bool {
        self.access.get(access_token).is_some_and(|expiry| now < *expiry)
    }

    /// Notes that a call was answered with it.
    pub(in super::super) fn accepted(&mut self, access_token: &str) {
        self.accepted.insert(access_token.to_owned());
    }

    /// The MCP server takes no access token any more that it has taken before.
    pub(in super::super) fn reject_access(&mut self) {
        let accepted = &self.accepted;
        self.access.retain(|token, _| !accepted.contains(token));
    }

    pub(super) fn answered(&mut self, refresh_token: &str, awake: Duration) {
        let use_of_it = self.refresh.values_mut().filter_map(|refresh| refresh.used.as_mut());
        for used in use_of_it.filter(|used| used.successor == refresh_token) {
            used.answered = Some(awake);
        }
    }

    /// The machine was sent `invalid_grant` in this life.
    pub(super) const fn told(&mut self, life: u32, awake: Duration) {
        self.grant.told = Some((life, awake));
    }

    fn give(&mut self, now: Duration, refresh_token: Option<&str>) -> Given {
        self.given += 1;
        let (number, given) = (self.number, self.given);
        let access_token = format!("access-{number}-{given}");
        self.access.insert(access_token.clone(), now + self.lifetime);
        let refresh_token = refresh_token.map_or_else(|| format!("refresh-{number}-{given}"), str::to_owned);
        self.newest = (refresh_token.clone(), now);
        let grant = self.grant.number;
        self.refresh.entry(refresh_token.clone()).or_insert(Refresh { grant, used: None });
        Given { access_token, refresh_token, expires_in: self.tells.then_some(self.lifetime) }
    }
}

/// A new grant: a person has signed in.
pub(in super::super) fn sign_in(world: &World, workload: usize) -> Given {
    let mut server = world.servers.of(workload);
    let tokens = &mut server.tokens;
    tokens.grant = Grant { number: tokens.grant.number + 1, ..Grant::default() };
    world.story.tell(format!("w{workload}: the server gives grant {}", tokens.grant.number));
    tokens.give(world.clock.age(), None)
}

/// The answer to `refresh_token`; none is `invalid_grant`.
pub(super) fn refresh(world: &World, life: &Life, workload: usize, refresh_token: &str) -> Option<Given> {
    let mut server = world.servers.of(workload);
    let tokens = &mut server.tokens;
    let (current, ended, told) = (tokens.grant.number, tokens.grant.ended, tokens.grant.told);
    let Some(refresh) = tokens.refresh.get(refresh_token) else {
        world.story.broke(format!("w{workload}: {refresh_token} was sent, which nobody gave"));
        return None;
    };
    // One that a sign-in has replaced, whose answer was lost.
    tokens.grant.unclaimed |= refresh.grant != current;
    if refresh.grant != current || ended {
        world.story.tell(format!("w{workload}: {refresh_token} is answered by invalid_grant"));
        let heard = told.is_some_and(|(number, at)| number == life.number && !world.checks.was_cut(at));
        if refresh.grant == current && heard {
            world.story.broke(format!("w{workload}: {refresh_token} was sent again after invalid_grant"));
        }
        return None;
    }
    let used = refresh.used.clone();
    if let Some(used) = used {
        let loss = excuse(world, life, &used);
        match loss {
            Some(loss) => world.story.tell(format!("w{workload}: {refresh_token} is sent again: {loss:?}")),
            None => world.story.broke(format!("w{workload}: {refresh_token} was sent a second time")),
        }
        let unused = tokens.refresh.get(&used.successor).is_none_or(|successor| successor.used.is_none());
        if !(tokens.lenient && unused) {
            tokens.end();
            world.checks.lost(workload, loss);
            return None;
        }
    }
    let given = tokens.give(world.clock.age(), (!tokens.rotates).then_some(refresh_token));
    if tokens.rotates {
        let successor = given.refresh_token.clone();
        let used = Use { life: life.clone(), successor, answered: None };
        if let Some(refresh) = tokens.refresh.get_mut(refresh_token) {
            refresh.used = Some(used);
        }
    }
    world.story.tell(format!("w{workload}: {refresh_token} is exchanged for {}", given.refresh_token));
    Some(given)
}

/// Why a token whose first use was `used` may be sent again, if it may.
fn excuse(world: &World, life: &Life, used: &Use) -> Option<Loss> {
    if world.documents.has_held(&used.successor) {
        return None;
    }
    let arrived = used.answered.is_some_and(|at| !world.checks.was_cut(at) && !world.checks.was_given_up(at));
    if used.life.number == life.number {
        return (!arrived).then_some(Loss::Unanswered);
    }
    let (ending, at) = used.life.ending()?;
    let in_window = !arrived || used.answered.is_some_and(|answered| at <= answered + WINDOW);
    match ending {
        _ if world.documents.refused_since(used.answered) => Some(Loss::Unstored),
        Ending::Killed => in_window.then_some(Loss::Killed),
        Ending::Drained => (!arrived).then_some(Loss::Unanswered),
        Ending::CutOff => in_window.then_some(Loss::Stopped),
    }
}
