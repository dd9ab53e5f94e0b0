//! Renewal: many callers at the moment a token expires, and how long the last of them waits.

use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;

use crate::measure::Effort;
use crate::measure::authorization::Authorization;
use crate::measure::child::PATIENCE;
use crate::measure::lamplighter::Lamplighter;
use crate::measure::load::{Caller, Target};
use crate::measure::profile::Profile;
use crate::measure::report::{Table, median, say};
use crate::measure::roles::{Role, Rules};
use crate::measure::stopwatch::{Stopwatch, now, pause};

/// As many callers as are wanted; what does not fit is left out.
const CALLERS: [usize; 3] = [1, 200, 10_000];

/// Kept free of callers: what the engine opens for itself, and those who look on.
const OTHER_DESCRIPTORS: u64 = 1_000;

/// The renewal begins this long before the token expires.
const MARGIN: Duration = Duration::from_millis(100);

/// Long enough for every caller to be there.
const TOKEN_LIFETIME: Duration = Duration::from_secs(4);

/// What the token endpoint takes: as long as every caller needs to have called.
const ENDPOINT: Duration = Duration::from_secs(2);

/// Connections that are being made at one time.
const AT_ONCE: usize = 50;

struct Round {
    /// How long the last caller waits that has a token at hand, in milliseconds.
    plain: f64,
    /// How long the last caller waits at expiry, from the moment the token endpoint has answered, in milliseconds.
    beyond: f64,
    token_requests: u64,
}

/// The workload, and those who can make its token expire.
struct Scene {
    engine: Lamplighter,
    authorization: Authorization,
    target: Target,
}

pub(crate) async fn measure(effort: Effort) -> Result<Vec<Table>> {
    let (_server, server) = Role::Upstream.start(&[])?;
    let authorization = Authorization::start()?;
    let mut profile = Profile::new()?;
    let expires_at = now() + SignedDuration::from_hours(1);
    profile.signed_in("tools", &format!("http://{server}/mcp"), authorization.address, expires_at).await?;
    let margin = ("LAMPLIGHTER_TOKEN_REFRESH_MARGIN", format!("{}ms", MARGIN.as_millis()));
    let engine = Lamplighter::start(profile, &[margin]).await?;
    let target = engine.target("tools")?;
    let scene = Scene { engine, authorization, target };

    let columns = ["callers", "token requests", "last answered, beyond the endpoint's time", "with a token at hand"];
    let mut table = Table::new("Renewal: callers that arrive while an expired token is renewed", columns);
    let count = if effort.quick { 1 } else { 5 };
    let (most, descriptors) = room()?;
    for wanted in CALLERS {
        let callers = wanted.min(most);
        let mut rounds = Vec::new();
        for number in 1..=count {
            say(&format!("{callers} callers at expiry, round {number} of {count}"));
            rounds.push(scene.round(callers).await?);
        }
        let token_requests = rounds.iter().map(|round| round.token_requests).max().unwrap_or(0);
        let beyond = median(rounds.iter().map(|round| round.beyond).collect());
        let plain = median(rounds.iter().map(|round| round.plain).collect());
        let cells = [token_requests.to_string(), format!("{beyond:.1} ms"), format!("{plain:.1} ms")];
        table.row([callers.to_string()].into_iter().chain(cells));
        if callers < wanted {
            table.remark(format!(
                "{wanted} callers do not fit into the {descriptors} descriptors that a process may have here: each takes two \
                 of them in Lamplighter, so that {callers} is as many as were tried."
            ));
        }
        if wanted == CALLERS[CALLERS.len() - 1] {
            table.remark(format!(
                "Each caller has a connection of its own and calls once. The bound is the token endpoint's own time \
                 (here {} s), and the time that as many calls take which need not wait: {callers} callers at expiry cause \
                 {token_requests} token request{} (goal: 1), and the last is answered {:.2} times as late after it (goal: \
                 at most 1).",
                ENDPOINT.as_secs(),
                if token_requests == 1 { "" } else { "s" },
                beyond / plain,
            ));
        }
    }
    Ok(vec![table])
}

impl Scene {
    async fn round(&self, callers: usize) -> Result<Round> {
        let all = self.connect(callers).await?;
        let watch = Stopwatch::start();
        let plain = last(all, watch).await?;

        self.renew(TOKEN_LIFETIME).await?;
        self.authorization.rule(Rules { delay: ENDPOINT, ..Rules::default() }).await?;
        let before = self.authorization.tally().await?.requests();
        let all = self.connect(callers).await?;
        let begun = self.renewal_begins(before).await?;
        // The margin is jittered by a tenth: by then the token has expired.
        pause(MARGIN * 12 / 10).await;
        let answered = last(all, begun).await?;
        let token_requests = self.authorization.tally().await?.requests() - before;
        Ok(Round {
            plain: plain.as_secs_f64() * 1e3,
            beyond: (answered.as_secs_f64() - ENDPOINT.as_secs_f64()) * 1e3,
            token_requests,
        })
    }

    /// Has the token replaced by one that lasts for `lifetime`.
    async fn renew(&self, lifetime: Duration) -> Result<()> {
        self.authorization.rule(Rules { lifetime, ..Rules::default() }).await?;
        let before = self.authorization.tally().await?.renewed;
        self.engine.run(&["retry", "tools"])?;
        let watch = Stopwatch::start();
        while self.authorization.tally().await?.renewed == before {
            if watch.elapsed() > PATIENCE {
                bail!("the token is not renewed");
            }
            pause(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Callers that have called before: a connection without a key would give place to others.
    async fn connect(&self, callers: usize) -> Result<Vec<Caller>> {
        let connections = stream::iter(0..callers).map(|_| async {
            let mut caller = Caller::connect(self.target.clone()).await?;
            caller.call().await?;
            anyhow::Ok(caller)
        });
        connections.buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Runs since the token endpoint was asked.
    async fn renewal_begins(&self, before: u64) -> Result<Stopwatch> {
        let patience = Stopwatch::start();
        while self.authorization.tally().await?.requests() == before {
            if patience.elapsed() > PATIENCE {
                bail!("the token does not expire");
            }
            pause(Duration::from_millis(1)).await;
        }
        Ok(Stopwatch::start())
    }
}

/// As many callers as Lamplighter can carry here, with a connection down and one up for each; and the bound on
/// descriptors that says so.
fn room() -> Result<(usize, u64)> {
    let descriptors = rlimit::Resource::NOFILE.get_soft()?;
    Ok((usize::try_from(descriptors.saturating_sub(OTHER_DESCRIPTORS) / 2)?, descriptors))
}

/// Has each of them call once and leave; when the last was answered.
async fn last(callers: Vec<Caller>, watch: Stopwatch) -> Result<Duration> {
    try_join_all(callers.into_iter().map(|mut caller| async move { caller.call().await })).await?;
    Ok(watch.elapsed())
}
