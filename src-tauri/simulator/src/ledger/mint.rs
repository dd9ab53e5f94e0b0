//! Makes the texts of tokens, codes, secrets and ids: unique, and recognisable where they are secret.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Terms;
use crate::CANARY;

/// Unique texts, out of one random seed and a count.
pub(crate) struct Mint {
    seed: [u8; 16],
    made: u64,
}

impl Mint {
    pub(crate) fn new() -> io::Result<Self> {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { seed, made: 0 })
    }

    /// `lamp-canary-KIND-…`
    pub(super) fn secret(&mut self, kind: &str) -> String {
        format!("{CANARY}{kind}-{}", self.text())
    }

    pub(super) fn access_token(&mut self, terms: Terms) -> String {
        let text = self.secret("at");
        let Some(issued_at) = terms.jwt_issued_at else { return text };
        let lifetime = i64::try_from(terms.lifetime.as_secs()).unwrap_or(i64::MAX);
        unsigned_jwt(&json!({ "iat": issued_at, "exp": issued_at.saturating_add(lifetime) }), &text)
    }

    pub(super) fn client_id(&mut self) -> String {
        format!("client-{}", self.text())
    }

    /// Eight letters that make no word, as RFC 8628 section 6.1 has it.
    pub(super) fn user_code(&mut self) -> String {
        const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
        let mut code: String =
            self.digest().iter().take(8).map(|byte| char::from(LETTERS[usize::from(byte % 20)])).collect();
        code.insert(4, '-');
        code
    }

    pub(super) fn session_id(&mut self) -> String {
        format!("session-{}", self.text())
    }

    fn text(&mut self) -> String {
        URL_SAFE_NO_PAD.encode(&self.digest()[..18])
    }

    fn digest(&mut self) -> [u8; 32] {
        self.made += 1;
        Sha256::new().chain_update(self.seed).chain_update(self.made.to_be_bytes()).finalize().into()
    }
}

/// A JWT whose signature is no signature but `mark`.
pub(crate) fn unsigned_jwt(claims: &Value, mark: &str) -> String {
    let header = json!({ "alg": "none", "typ": "JWT" });
    let [header, claims] = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.{mark}")
}
