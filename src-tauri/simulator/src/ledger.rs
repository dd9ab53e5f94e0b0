//! What an authorization server remembers: clients, codes, grants, tokens, and the rules of using each
//! once. Knows no HTTP; the time is an argument.

mod device;
mod mint;

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::rules::RefreshTokens;
use device::Device;
pub(crate) use device::DeviceCodes;
pub(crate) use mint::{Mint, unsigned_jwt};

/// A registered client (RFC 7591).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; a public client has none.
    pub secret: Option<String>,
    /// `redirect_uris`.
    pub redirect_uris: Vec<String>,
    /// `grant_types`.
    pub grant_types: Vec<String>,
}

/// An error of RFC 6749 section 5.2, with its description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) &'static str, pub(crate) &'static str);

/// What a person has approved.
#[derive(Clone, Debug)]
pub(crate) struct Approval {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    /// PKCE `code_challenge`, method S256 (RFC 7636).
    pub(crate) code_challenge: String,
    pub(crate) scope: String,
}

/// A pair of tokens on their way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: String,
}

/// How tokens are made just now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) now: Duration,
    pub(crate) lifetime: Duration,
    pub(crate) refresh_tokens: RefreshTokens,
    /// `iat` of JWTs; opaque tokens when there is none.
    pub(crate) jwt_issued_at: Option<i64>,
}

pub(crate) struct Ledger {
    mint: Mint,
    clients: HashMap<String, Client>,
    codes: HashMap<String, Code>,
    /// By `device_code`.
    devices: HashMap<String, Device>,
    grants: Vec<Grant>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
    reuse_detected: u64,
    revocations: u64,
    tokens_issued: u64,
}

struct Code {
    approval: Approval,
    expires_at: Duration,
    /// What it was exchanged for.
    grant: Option<GrantId>,
}

#[derive(Clone, Copy)]
struct GrantId(usize);

struct Grant {
    client_id: String,
    scope: String,
    ended: bool,
}

struct RefreshToken {
    grant: GrantId,
    rotated_at: Option<Duration>,
}

struct AccessToken {
    scope: String,
    grant: GrantId,
    expires_at: Duration,
    refused: bool,
}

/// RFC 6749 section 4.1.2 recommends ten minutes at most.
const CODE_LIFETIME: Duration = Duration::from_mins(10);

impl Ledger {
    pub(crate) fn new(mint: Mint) -> Self {
        Self {
            mint,
            clients: HashMap::new(),
            codes: HashMap::new(),
            devices: HashMap::new(),
            grants: Vec::new(),
            refresh_tokens: HashMap::new(),
            access_tokens: HashMap::new(),
            reuse_detected: 0,
            revocations: 0,
            tokens_issued: 0,
        }
    }

    pub(crate) fn register(
        &mut self,
        redirect_uris: Vec<String>,
        grant_types: Vec<String>,
        confidential: bool,
    ) -> Client {
        let client = Client {
            id: self.mint.client_id(),
            secret: confidential.then(|| self.mint.secret("secret")),
            redirect_uris,
            grant_types,
        };
        self.clients.insert(client.id.clone(), client.clone());
        client
    }

    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.get(id)
    }

    pub(crate) fn forget_clients(&mut self) {
        self.clients.clear();
    }

    /// A code for what was approved.
    pub(crate) fn approve(&mut self, approval: Approval, now: Duration) -> String {
        let code = self.mint.secret("code");
        self.codes.insert(code.clone(), Code { approval, expires_at: now + CODE_LIFETIME, grant: None });
        code
    }

    /// RFC 6749 section 4.1.3, RFC 7636 section 4.6.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        client_id: &str,
        redirect_uri: &str,
        verifier: &str,
        terms: Terms,
    ) -> Result<Issued, Refusal> {
        const WORD: &str = "invalid_grant";
        let known = self.codes.get(code).ok_or(Refusal(WORD, "the code is unknown"))?;
        if let Some(grant) = known.grant {
            self.end(grant);
            return Err(Refusal(WORD, "the code was used before; what it brought is revoked"));
        }
        let approval = known.approval.clone();
        if terms.now >= known.expires_at {
            return Err(Refusal(WORD, "the code has expired"));
        }
        if approval.client_id != client_id {
            return Err(Refusal(WORD, "the code was given to another client"));
        }
        if approval.redirect_uri != redirect_uri {
            return Err(Refusal(WORD, "redirect_uri is not the one of the authorization request"));
        }
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != approval.code_challenge {
            return Err(Refusal(WORD, "code_verifier does not match code_challenge"));
        }
        let grant = self.begin(client_id, approval.scope.clone());
        if let Some(code) = self.codes.get_mut(code) {
            code.grant = Some(grant);
        }
        Ok(self.issue(grant, approval.scope, terms, true))
    }

    /// RFC 6749 section 6; reuse detection after RFC 9700 section 4.14.2.
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        client_id: &str,
        scope: Option<&str>,
        terms: Terms,
    ) -> Result<Issued, Refusal> {
        const WORD: &str = "invalid_grant";
        let known = self.refresh_tokens.get(token).ok_or(Refusal(WORD, "the refresh token is unknown"))?;
        let (id, rotated_at) = (known.grant, known.rotated_at);
        let grant = &self.grants[id.0];
        if grant.client_id != client_id {
            return Err(Refusal(WORD, "the refresh token was given to another client"));
        }
        if grant.ended {
            return Err(Refusal(WORD, "the grant has ended"));
        }
        let scope = match scope {
            None => grant.scope.clone(),
            Some(asked) if covers(&grant.scope, asked) => asked.to_owned(),
            Some(_) => return Err(Refusal("invalid_scope", "more than was granted")),
        };
        let rotates = match terms.refresh_tokens {
            RefreshTokens::Rotated { grace } => {
                if rotated_at.is_some_and(|at| terms.now >= at + grace) {
                    self.reuse_detected += 1;
                    self.end(id);
                    return Err(Refusal(WORD, "the refresh token was used before; the grant is ended"));
                }
                true
            }
            RefreshTokens::Kept | RefreshTokens::Absent => false,
        };
        if rotates && let Some(spent) = self.refresh_tokens.get_mut(token) {
            spent.rotated_at.get_or_insert(terms.now);
        }
        Ok(self.issue(id, scope, terms, rotates))
    }

    /// RFC 6749 section 4.4: no refresh token.
    pub(crate) fn client_credentials(&mut self, client_id: &str, scope: String, terms: Terms) -> Issued {
        let grant = self.begin(client_id, scope.clone());
        self.issue(grant, scope, terms, false)
    }

    /// RFC 7009: a refresh token takes its grant along, an access token goes alone.
    pub(crate) fn revoke(&mut self, token: &str, client_id: &str) {
        if let Some(grant) = self.refresh_tokens.get(token).map(|known| known.grant) {
            if self.grants[grant.0].client_id == client_id {
                self.revocations += 1;
                self.end(grant);
            }
        } else if let Some(known) = self.access_tokens.get_mut(token)
            && self.grants[known.grant.0].client_id == client_id
        {
            self.revocations += 1;
            known.refused = true;
        }
    }

    /// Ends every grant at the token endpoint; access tokens live on.
    pub(crate) fn end_grants(&mut self) {
        for grant in &mut self.grants {
            grant.ended = true;
        }
    }

    /// Makes every access token issued so far invalid.
    pub(crate) fn refuse_access_tokens(&mut self) {
        for token in self.access_tokens.values_mut() {
            token.refused = true;
        }
    }

    /// The scope of a valid access token.
    pub(crate) fn scope_of(&self, access_token: &str, now: Duration) -> Option<&str> {
        let known = self.access_tokens.get(access_token)?;
        (!known.refused && now < known.expires_at).then_some(known.scope.as_str())
    }

    pub(crate) fn session_id(&mut self) -> String {
        self.mint.session_id()
    }

    pub(crate) const fn reuse_detected(&self) -> u64 {
        self.reuse_detected
    }

    pub(crate) const fn revocations(&self) -> u64 {
        self.revocations
    }

    pub(crate) const fn tokens_issued(&self) -> u64 {
        self.tokens_issued
    }

    fn begin(&mut self, client_id: &str, scope: String) -> GrantId {
        self.grants.push(Grant { client_id: client_id.to_owned(), scope, ended: false });
        GrantId(self.grants.len() - 1)
    }

    /// Ends a grant with all its tokens.
    fn end(&mut self, grant: GrantId) {
        self.grants[grant.0].ended = true;
        for token in self.access_tokens.values_mut().filter(|token| token.grant.0 == grant.0) {
            token.refused = true;
        }
    }

    fn issue(&mut self, grant: GrantId, scope: String, terms: Terms, with_refresh_token: bool) -> Issued {
        let access_token = self.mint.access_token(terms);
        let token = AccessToken { scope: scope.clone(), grant, expires_at: terms.now + terms.lifetime, refused: false };
        self.access_tokens.insert(access_token.clone(), token);
        let refresh_token = (with_refresh_token && terms.refresh_tokens != RefreshTokens::Absent).then(|| {
            let text = self.mint.secret("rt");
            self.refresh_tokens.insert(text.clone(), RefreshToken { grant, rotated_at: None });
            text
        });
        self.tokens_issued += 1;
        Issued { access_token, refresh_token, scope }
    }
}

/// Whether every scope of `asked` is in `granted`.
pub(crate) fn covers(granted: &str, asked: &str) -> bool {
    asked.split_ascii_whitespace().all(|scope| granted.split_ascii_whitespace().any(|has| has == scope))
}
