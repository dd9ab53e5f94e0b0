//! The journal of a run, read from its beginning and held to what it promises. Knows rows only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What people did to one workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deeds {
    /// Stopped, and started again.
    pub rests: u64,
    /// Signed out by the person.
    pub sign_outs: u64,
    /// Grants that the administrator ended.
    pub revocations: u64,
    /// Removed, and added again.
    pub rejoins: u64,
}

/// What the journal tells, and what it should not.
#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    /// How many rows there are.
    pub rows: usize,
    /// How many of each kind, and of which sort.
    pub sorts: BTreeMap<String, u64>,
    /// Stays in `auth_retrying`.
    pub episodes: u64,
    /// Those that ended well.
    pub recovered: u64,
    /// Those that people ended: by signing out, removing the workload, or ending the grant.
    pub cut_short: u64,
    /// Logins that ended through nobody's doing.
    pub lost: u64,
    /// What breaks a promise, in words.
    pub broken: Vec<String>,
}

/// What the statuses of one workload may follow each other like.
const LEGAL: [(&str, &[&str]); 8] = [
    ("starting", &["running", "auth_retrying", "unauthenticated", "stopping", "stopped", "removing"]),
    ("running", &["auth_retrying", "unauthenticated", "unhealthy", "stopping", "stopped", "removing"]),
    ("unhealthy", &["running", "auth_retrying", "unauthenticated", "stopping", "stopped", "removing"]),
    ("auth_retrying", &["running", "unauthenticated", "stopping", "stopped", "removing"]),
    ("unauthenticated", &["running", "unauthenticated", "stopping", "stopped", "removing"]),
    ("stopping", &["stopped", "removing"]),
    ("stopped", &["starting", "removing"]),
    ("removing", &[]),
];

/// Reads `rows`, oldest first, of workloads to which these `deeds` were done.
pub(super) fn judge(rows: &[Value], deeds: &BTreeMap<String, Deeds>) -> Chronicle {
    let mut chronicle = Chronicle { rows: rows.len(), ..Chronicle::default() };
    for (index, row) in rows.iter().enumerate() {
        if row["id"].as_u64() != Some(index as u64 + 1) {
            chronicle.broken.push(format!("row {} should be number {}", row["id"], index + 1));
            break;
        }
    }
    let mut lives: BTreeMap<&str, Life> = BTreeMap::new();
    for row in rows {
        let life = lives.entry(word(row, "workload")).or_default();
        chronicle.count(row);
        if let Err(why) = life.read(row) {
            chronicle.broken.push(format!("{why}: {row}"));
        }
    }
    for (name, life) in lives {
        chronicle.episodes += life.total.episodes;
        chronicle.recovered += life.total.recovered;
        chronicle.cut_short += life.total.cut_short;
        let revoked = deeds.get(name).map_or(0, |deeds| deeds.revocations);
        if life.total.lost > revoked {
            chronicle.lost += life.total.lost - revoked;
            let ended = life.total.lost;
            chronicle.broken.push(format!("{name}: {ended} logins ended, and {revoked} grants were revoked"));
        }
        if let Err(why) = life.untold() {
            chronicle.broken.push(format!("{name}: {why}"));
        }
    }
    chronicle
}

impl Chronicle {
    fn count(&mut self, row: &Value) {
        let more = ["to", "verdict", "reason_code"].into_iter().find_map(|field| row[field].as_str());
        let sort = format!("{} {}", word(row, "kind"), more.unwrap_or_default());
        *self.sorts.entry(sort).or_default() += 1;
    }
}

/// One workload, from its being added to its being removed, and over again.
#[derive(Default)]
struct Life {
    status: Option<String>,
    signed_in: bool,
    /// The last episode, and what is known of it.
    episode: Option<Episode>,
    told: BTreeSet<u64>,
    total: Total,
}

#[derive(Default)]
struct Total {
    episodes: u64,
    recovered: u64,
    cut_short: u64,
    lost: u64,
}

struct Episode {
    number: u64,
    told: bool,
    end: End,
}

#[derive(PartialEq, Eq)]
enum End {
    /// Not yet.
    None,
    /// Well, and that is to be told.
    Well,
    /// Well, and it was told.
    Told,
    /// By the workload's needing the person, or being removed.
    Otherwise,
}

impl Life {
    fn read(&mut self, row: &Value) -> Result<(), String> {
        match (word(row, "kind"), word(row, "reason_code")) {
            ("status", _) => self.shifted(row),
            ("notice", "auth_retrying") => self.entry_told(row),
            ("notice", "recovered") => self.recovery_told(),
            ("login", "signed_in") => {
                self.signed_in = true;
                Ok(())
            }
            ("login", "signed_out") => {
                self.signed_in = false;
                self.end_episode(End::Otherwise);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn shifted(&mut self, row: &Value) -> Result<(), String> {
        let (from, to) = (word(row, "from"), word(row, "to"));
        let before = self.status.replace(to.to_owned());
        let before = before.as_deref().unwrap_or("stopped");
        let in_order = if before != from {
            Err(format!("it was {before}"))
        } else if LEGAL.iter().any(|(legal, next)| *legal == from && next.contains(&to)) {
            Ok(())
        } else {
            Err(format!("{from} is not followed by {to}"))
        };
        match to {
            "auth_retrying" => self.entered(row)?,
            "running" if row["episode"].is_u64() => self.end_episode(End::Well),
            "running" if self.episode.as_ref().is_some_and(|episode| episode.end == End::None) => {
                return Err("an episode is over that has not ended".to_owned());
            }
            "unauthenticated" => self.ended_by(from, word(row, "reason_code"))?,
            "removing" => {
                self.untold()?;
                self.end_episode(End::Otherwise);
                *self = Self { total: std::mem::take(&mut self.total), ..Self::default() };
            }
            _ => {}
        }
        in_order
    }

    fn entered(&mut self, row: &Value) -> Result<(), String> {
        let number = row["episode"].as_u64().ok_or("it has no episode")?;
        match &self.episode {
            // It went on where a stop had interrupted it.
            Some(last) if last.number == number && last.end == End::None => return Ok(()),
            Some(last) if number <= last.number => return Err(format!("episode {} came before", last.number)),
            Some(_) | None => {}
        }
        self.untold()?;
        self.total.episodes += 1;
        self.episode = Some(Episode { number, told: false, end: End::None });
        Ok(())
    }

    fn ended_by(&mut self, from: &str, reason: &str) -> Result<(), String> {
        self.end_episode(End::Otherwise);
        match reason {
            "sign_in_needed" if self.signed_in => return Err("it was signed in".to_owned()),
            "signed_out" | "sign_in_needed" => {}
            _ if from == "unauthenticated" => {}
            _ => self.total.lost += 1,
        }
        self.signed_in = false;
        Ok(())
    }

    fn entry_told(&mut self, row: &Value) -> Result<(), String> {
        let number = row["episode"].as_u64().ok_or("it has no episode")?;
        if !self.told.insert(number) {
            return Err("this episode was told before".to_owned());
        }
        match &mut self.episode {
            Some(episode) if episode.number == number && episode.end == End::None => {
                episode.told = true;
                Ok(())
            }
            Some(_) | None => Err("there is no such episode now".to_owned()),
        }
    }

    fn recovery_told(&mut self) -> Result<(), String> {
        match &mut self.episode {
            Some(episode) if episode.told && matches!(episode.end, End::None | End::Well) => {
                episode.end = End::Told;
                self.total.recovered += 1;
                Ok(())
            }
            Some(_) | None => Err("nothing was told that has recovered".to_owned()),
        }
    }

    fn end_episode(&mut self, end: End) {
        if let Some(episode) = self.episode.as_mut().filter(|episode| episode.end == End::None) {
            self.total.cut_short += u64::from(end == End::Otherwise);
            episode.end = end;
        }
    }

    /// What should have been told of the last episode before anything else comes.
    fn untold(&self) -> Result<(), String> {
        match &self.episode {
            Some(episode) if !episode.told => Err(format!("nobody was told of episode {}", episode.number)),
            Some(episode) if episode.end == End::Well => {
                Err(format!("nobody was told that episode {} is over", episode.number))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn word<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
