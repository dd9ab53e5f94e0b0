//! Who is asked, as whom, and for what: the same whichever way the person answers.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::SignIns;
use crate::oauth::{self, Client, Discovered, Server, SignInError, SignInGrant};
use crate::probe;
use crate::registry::Entry;

/// Who is asked, as whom, and for what.
pub(super) struct Asking {
    pub(super) server: Server,
    pub(super) client: Client,
    pub(super) resource: Option<String>,
    pub(super) scopes: Vec<String>,
}

impl SignIns {
    pub(super) async fn asking(&self, entry: &Arc<Entry>, grant: SignInGrant) -> Result<Asking, SignInError> {
        let challenge = probe::challenge(&self.http, &*self.clock, &entry.route).await;
        let config = &entry.config;
        let found = oauth::discover(&self.http, &config.url, challenge.as_ref(), config.issuer.as_ref()).await?;
        let scopes = scopes(entry, &found);
        let Discovered { server, resource, .. } = found;
        match grant {
            SignInGrant::AuthorizationCode => {}
            // Nobody registers in vain.
            SignInGrant::DeviceCode => drop(server.device_endpoint()?),
        }
        let client = self.client(entry, &server, &scopes, grant).await;
        let client = client.map_err(|error| if challenge.is_some() { error } else { unasked(error) })?;
        Ok(Asking { server, client, resource: crate::grant::resource(config, resource), scopes })
    }

    /// Who we are to `server`: pre-registered, else registered before, else registered now.
    async fn client(
        &self,
        entry: &Entry,
        server: &Server,
        scopes: &[String],
        grant: SignInGrant,
    ) -> Result<Client, SignInError> {
        if let Some(id) = &entry.config.client_id {
            return Ok(Client::preregistered(id.clone(), entry.session.client_secret().await, server));
        }
        let document = crate::grant::registration_document(&server.issuer);
        if let Ok(Some(kept)) = self.store.read(&document).await {
            match serde_json::from_slice::<Client>(kept.expose_secret()) {
                Ok(client) if client.serves(grant, &self.redirect_uri, self.clock.now().wall) => return Ok(client),
                Ok(_) => tracing::info!(
                    issuer = server.issuer,
                    "the registration is for another address or grant, or expires: registering afresh"
                ),
                Err(_) => {
                    tracing::warn!(issuer = server.issuer, "the kept registration cannot be read: registering afresh");
                }
            }
        }
        let client = oauth::register(&self.http, server, &self.redirect_uri, scopes).await?;
        if let Ok(bytes) = serde_json::to_vec(&client)
            && let Err(error) = self.store.write(&document, bytes.into()).await
        {
            // The sign-in can go on; the next one registers again.
            tracing::warn!(issuer = server.issuer, %error, "the registration could not be stored");
        }
        Ok(client)
    }

    /// Forgets a registration that `server` does not accept: the next sign-in registers afresh.
    pub(super) async fn forget_registration(&self, server: &Server) {
        if let Err(error) = self.store.delete(&crate::grant::registration_document(&server.issuer)).await {
            tracing::warn!(issuer = server.issuer, %error, "a refused registration could not be forgotten");
        }
    }
}

/// Where a server has not asked for a sign-in, there may be nobody to ask.
fn unasked(error: SignInError) -> SignInError {
    let hint = "this server has not asked for a sign-in: check its address, and whether it needs one at all";
    SignInError { hint: Some(hint.to_owned()), ..error }
}

/// What the person set, else what discovery found; with what was granted before and what was challenged
/// since (a step-up asks for the union).
fn scopes(entry: &Entry, found: &Discovered) -> Vec<String> {
    let wanted = if entry.config.scopes.is_empty() { &found.scopes } else { &entry.config.scopes };
    let granted = entry.session.granted_scope().unwrap_or_default();
    let mut scopes = wanted.clone();
    if let Some(demanded) = demanded(entry) {
        for scope in granted.split_whitespace().map(str::to_owned).chain(demanded) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
    }
    scopes
}

/// The scopes of a step-up that the server asks for (RFC 6750 section 3.1).
pub(super) fn demanded(entry: &Entry) -> Option<Vec<String>> {
    let challenge = entry.route.last_challenge()?;
    (challenge.error.as_deref() == Some("insufficient_scope")).then(|| challenge.scopes.clone())
}
