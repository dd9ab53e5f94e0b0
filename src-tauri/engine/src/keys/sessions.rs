//! Sessions in a browser: a one-time code opens one, a key keeps it open. Hashes of both, in memory alone.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use lamplighter_core::Moment;
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};

use super::{Hash, fresh_key, hash};

/// How long a code is good for.
const LIFETIME: Duration = Duration::from_mins(15);
/// Codes that wait at one time.
const CODES: usize = 16;
/// Sessions at one time: a tab each.
const SESSIONS: usize = 32;

/// Codes that wait, and keys that they brought.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    codes: Mutex<VecDeque<Code>>,
    /// Oldest first; read by every request, without a lock.
    keys: ArcSwap<Vec<Hash>>,
}

#[derive(Debug)]
struct Code {
    hash: Hash,
    good_until: Moment,
}

impl Sessions {
    pub(super) fn begin(&self, now: Moment) -> io::Result<SecretString> {
        let code = fresh_key()?;
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        if codes.len() == CODES {
            codes.pop_front();
        }
        codes.push_back(Code { hash: hash(code.expose_secret()), good_until: now + LIFETIME });
        Ok(code)
    }

    pub(super) fn redeem(&self, code: &str, now: Moment) -> io::Result<Option<SecretString>> {
        let key = fresh_key()?;
        if !self.use_up(code, now) {
            return Ok(None);
        }
        let hash = hash(key.expose_secret());
        self.keys.rcu(|keys| {
            let pushed_out = (keys.len() + 1).saturating_sub(SESSIONS);
            keys.iter().skip(pushed_out).copied().chain([hash]).collect::<Vec<_>>()
        });
        Ok(Some(key))
    }

    /// Whether `code` was waiting; it waits no longer.
    fn use_up(&self, code: &str, now: Moment) -> bool {
        let hash = hash(code);
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|code| now < code.good_until);
        let found = codes.iter().position(|code| bool::from(code.hash.ct_eq(&hash)));
        found.is_some_and(|place| codes.remove(place).is_some())
    }

    /// Whether `key` is the hash of a session's key.
    pub(super) fn know(&self, key: &Hash) -> Choice {
        self.keys.load().iter().fold(Choice::from(0), |found, known| found | known.ct_eq(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = Moment::from_millis(1_000_000);

    fn opens(sessions: &Sessions, key: &SecretString) -> bool {
        sessions.know(&hash(key.expose_secret())).into()
    }

    fn redeemed(sessions: &Sessions, code: &SecretString, now: Moment) -> Option<SecretString> {
        sessions.redeem(code.expose_secret(), now).unwrap()
    }

    #[test]
    fn a_code_brings_a_key_once() {
        let sessions = Sessions::default();
        let code = sessions.begin(START).unwrap();
        assert!(!opens(&sessions, &code), "a code is no key");
        let key = redeemed(&sessions, &code, START).unwrap();
        assert!(opens(&sessions, &key));
        assert!(redeemed(&sessions, &code, START).is_none());
        assert!(redeemed(&sessions, &key, START).is_none(), "a key is no code");
        assert!(opens(&sessions, &key), "and is not used up");
    }

    #[test]
    fn a_code_is_good_for_a_quarter_of_an_hour() {
        let sessions = Sessions::default();
        let [early, late] = [sessions.begin(START).unwrap(), sessions.begin(START).unwrap()];
        let end = START + Duration::from_mins(15);
        assert!(redeemed(&sessions, &early, Moment::from_millis(end.as_millis() - 1)).is_some());
        assert!(redeemed(&sessions, &late, end).is_none());
    }

    #[test]
    fn of_too_many_codes_the_oldest_is_forgotten() {
        let sessions = Sessions::default();
        let codes: Vec<_> = (0..=CODES).map(|_| sessions.begin(START).unwrap()).collect();
        assert!(redeemed(&sessions, &codes[0], START).is_none());
        assert!(codes[1..].iter().all(|code| redeemed(&sessions, code, START).is_some()));
    }

    #[test]
    fn of_too_many_sessions_the_oldest_ends() {
        let sessions = Sessions::default();
        let begin = || redeemed(&sessions, &sessions.begin(START).unwrap(), START).unwrap();
        let keys: Vec<_> = (0..=SESSIONS).map(|_| begin()).collect();
        assert!(!opens(&sessions, &keys[0]));
        assert!(keys[1..].iter().all(|key| opens(&sessions, key)));
    }

    #[test]
    fn neither_code_nor_key_is_shown() {
        let sessions = Sessions::default();
        let code = sessions.begin(START).unwrap();
        let key = redeemed(&sessions, &sessions.begin(START).unwrap(), START).unwrap();
        let shown = format!("{sessions:?}{code:?}{key:?}");
        assert!(!shown.contains(code.expose_secret()) && !shown.contains(key.expose_secret()));
    }
}
