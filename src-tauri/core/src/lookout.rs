//! Whether a server can be reached again, where nobody tells: when a captive portal lets the person through or a router is
//! back, nothing about this machine changes.
//!
//! Decides where to look and when, and whether what was seen is a reason to try. Whoever looks sends nothing of the
//! person's.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use crate::condition::{Cause, Transport, UpstreamFault};
use crate::time::Moment;

/// Between two looks at one place, at the least.
const APART: Duration = Duration::from_secs(5);

/// A place is looked at this often in the time that trouble has lasted, where that is less often.
const PART: u32 = 360;

/// As many places are looked at together; further ones are looked at when it is time again.
const AT_ONCE: usize = 16;

/// A server that is seen and fails whoever tries it is a reason to try again after twice the time before, up to this.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// Which server somebody does not reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreached {
    /// The authorization server, by whose token endpoint logins are renewed.
    SignInServer,
    /// The MCP server.
    Server,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nobody, or nobody who could be trusted.
    Nobody,
    /// Somebody in the server's place, or so it seems: with a web page, a redirect, a failure.
    Stranger,
    /// The server, as far as can be seen.
    Server,
}

/// Somewhere to look, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What is asked for.
    pub address: Url,
    /// Who answered when the server was tried.
    pub met: Sight,
}

/// Where to look, and when. Nothing is due while there is nothing to wait for.
#[derive(Debug, Default)]
pub struct Lookout {
    awaited: Vec<Awaited>,
    last_look: Option<Moment>,
    /// What was told lately, by address; also of those that nobody waits for at the moment.
    told: BTreeMap<Url, Told>,
}

#[derive(Debug)]
struct Awaited {
    place: Place,
    /// Since when trouble lasts: whatever happens begins it anew.
    since: Moment,
    /// When it was last looked, or the trouble began.
    looked_at: Moment,
}

/// That a server was seen, and of no use: if it had been, whoever waits would not wait again so soon.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// How often in a row.
    times: u32,
    last: Moment,
}

impl Lookout {
    /// These are waited for from now on, and nothing else.
    pub fn wait_for(&mut self, places: impl IntoIterator<Item = Place>, now: Moment) {
        let mut before = std::mem::take(&mut self.awaited);
        for place in places {
            if self.awaited.iter().any(|awaited| awaited.place.address == place.address) {
                continue;
            }
            let known = before.iter().position(|awaited| awaited.place.address == place.address);
            let (since, looked_at) = known.map_or((now, now), |index| {
                let known = before.swap_remove(index);
                (known.since, known.looked_at)
            });
            self.awaited.push(Awaited { place, since, looked_at });
        }
    }

    /// Something else happened that is tried for: whatever lasts is looked for as if it had begun now.
    pub fn stirred(&mut self, now: Moment) {
        for awaited in &mut self.awaited {
            (awaited.since, awaited.looked_at) = (now, now);
        }
        self.told.clear();
    }

    /// When to look next.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let due = self.awaited.iter().map(Awaited::due).min()?;
        Some(self.last_look.map_or(due, |last| due.max(last + APART)))
    }

    /// Where to look now, the deadline having come.
    pub fn look(&mut self, now: Moment) -> Vec<Url> {
        self.last_look = Some(now);
        self.awaited.sort_by_key(Awaited::due);
        let due = self.awaited.iter_mut().take(AT_ONCE).take_while(|awaited| awaited.due() <= now);
        due.map(|awaited| {
            awaited.looked_at = now;
            awaited.place.address.clone()
        })
        .collect()
    }

    /// Who answers at `address`. True where that is a reason to try now: more than when the server was tried, and not what
    /// has been of no use just now.
    #[must_use]
    pub fn saw(&mut self, address: &Url, sight: Sight, now: Moment) -> bool {
        let more = |awaited: &Awaited| awaited.place.address == *address && awaited.place.met < sight;
        if !self.awaited.iter().any(more) {
            return false;
        }
        self.told.retain(|_, told| now < told.last + 2 * told.pause());
        let before = self.told.get(address).copied();
        if before.is_some_and(|told| now < told.last + told.pause()) {
            return false;
        }
        let times = before.map_or(1, |told| told.times.saturating_add(1));
        self.told.insert(address.clone(), Told { times, last: now });
        true
    }
}

impl Awaited {
    fn due(&self) -> Moment {
        self.looked_at + APART.max(self.looked_at.since(self.since) / PART)
    }
}

impl Told {
    /// How long nothing more is told. After twice as long, it is forgotten.
    fn pause(self) -> Duration {
        APART.saturating_mul(2_u32.saturating_pow(self.times)).min(LONGEST_PAUSE)
    }
}

/// Which server `cause` kept somebody from, and who answered instead; `None` where that server itself has spoken, or no
/// way was in question.
#[must_use]
pub const fn unreached(cause: &Cause) -> Option<(Unreached, Sight)> {
    match cause {
        Cause::Transport(Transport::Exhausted) | Cause::Upstream(UpstreamFault::Unreachable(Transport::Exhausted)) => {
            None
        }
        Cause::Transport(_) | Cause::Tls => Some((Unreached::SignInServer, Sight::Nobody)),
        // RFC 6585 section 6: 511 is a portal's.
        Cause::CaptivePortal { .. } | Cause::Firewall { page: true, .. } | Cause::ServerBusy { status: 511 } => {
            Some((Unreached::SignInServer, Sight::Stranger))
        }
        Cause::Upstream(UpstreamFault::Unreachable(_) | UpstreamFault::Tls) => Some((Unreached::Server, Sight::Nobody)),
        Cause::Firewall { page: false, .. }
        | Cause::ServerBusy { .. }
        | Cause::Unreadable
        | Cause::OAuth(_)
        | Cause::Ceiling
        | Cause::NoRefreshToken
        | Cause::SignInNeeded
        | Cause::SignedOut
        | Cause::RefusedByServer
        | Cause::Store(_)
        | Cause::Upstream(UpstreamFault::ServerError(_))
        | Cause::SignIn(_) => None,
    }
}
