//! Looking whether the way to a server is open again, where nobody tells of that: a portal that lets the person through, a
//! router that is back, a tunnel that leads somewhere again change nothing about this machine.
//!
//! Decides where to look and when, and whether what was seen is news. Nothing is sent but by whoever looks, and no look
//! carries a token.

use std::time::Duration;

use url::Url;

use crate::condition::{Cause, Transport, UpstreamFault};
use crate::time::Moment;

/// Between two looks, at the least.
const APART: Duration = Duration::from_secs(5);

/// The longer trouble lasts, the less often it is looked: its end is found out within this part of its length.
const PART: u32 = 360;

/// As many places are looked at at once; the others have their turn at the next look.
const AT_ONCE: usize = 4;

/// Which server somebody does not reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreached {
    /// The authorization server, by whose token endpoint logins are renewed.
    SignInServer,
    /// The MCP server.
    Server,
}

/// Who answered where a server was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Nothing was sent: this machine had no network.
    Nothing,
    /// Nobody, or nobody who could be trusted.
    Nobody,
    /// Somebody in the server's place: with a web page, a redirect, a failure.
    Stranger,
    /// The server, as far as can be seen.
    Server,
}

/// Somewhere to look, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What is asked for.
    pub address: Url,
    /// Who answered whoever waits.
    pub met: Sight,
}

/// Where to look, and when. Nothing is due while there is nothing to wait for.
#[derive(Debug, Default)]
pub struct Lookout {
    awaited: Vec<Awaited>,
    last_look: Option<Moment>,
}

#[derive(Debug)]
struct Awaited {
    place: Place,
    /// Who answered last.
    seen: Sight,
    /// Since when trouble lasts: whatever happens begins it anew.
    since: Moment,
    /// When it was last looked, or the trouble began.
    looked_at: Moment,
}

impl Lookout {
    /// These are waited for from now on, and nothing else. What was seen at one stays known as long as whoever waits meets
    /// nobody else there.
    pub fn wait_for(&mut self, places: impl IntoIterator<Item = Place>, now: Moment) {
        let mut before = std::mem::take(&mut self.awaited);
        for place in places {
            if self.awaited.iter().any(|awaited| awaited.place.address == place.address) {
                continue;
            }
            let known = before.iter().position(|awaited| awaited.place.address == place.address);
            let known = known.map(|index| before.swap_remove(index)).filter(|known| known.place == place);
            let seen = place.met;
            self.awaited.push(known.unwrap_or(Awaited { place, seen, since: now, looked_at: now }));
        }
    }

    /// Something happened that is tried for: what lasts is looked for as if it had begun now.
    pub fn stirred(&mut self, now: Moment) {
        for awaited in &mut self.awaited {
            (awaited.since, awaited.looked_at) = (now, now);
        }
    }

    /// When to look next.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let due = self.awaited.iter().map(Awaited::due).min()?;
        Some(self.last_look.map_or(due, |last| due.max(last + APART)))
    }

    /// Where to look now; each has its turn.
    pub fn look(&mut self, now: Moment) -> Vec<Url> {
        if self.deadline().is_none_or(|at| now < at) {
            return Vec::new();
        }
        self.last_look = Some(now);
        self.awaited.sort_by_key(Awaited::due);
        let due = self.awaited.iter_mut().take(AT_ONCE).take_while(|awaited| awaited.due() <= now);
        due.map(|awaited| {
            awaited.looked_at = now;
            awaited.place.address.clone()
        })
        .collect()
    }

    /// Who answered at `address`. True where that is a reason to try now: somebody, and more than before.
    #[must_use]
    pub fn saw(&mut self, address: &Url, sight: Sight) -> bool {
        let awaited = self.awaited.iter_mut().find(|awaited| awaited.place.address == *address);
        let before = awaited.map(|awaited| std::mem::replace(&mut awaited.seen, sight));
        sight > Sight::Nobody && before.is_some_and(|before| before < sight)
    }
}

impl Awaited {
    fn due(&self) -> Moment {
        self.looked_at + APART.max(self.looked_at.since(self.since) / PART)
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
        Cause::Transport(Transport::Offline) => Some((Unreached::SignInServer, Sight::Nothing)),
        Cause::Upstream(UpstreamFault::Unreachable(Transport::Offline)) => Some((Unreached::Server, Sight::Nothing)),
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
