//! Signing in and out, as faces ask for it.

use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::config::GrantKind;
use lamplighter_core::event::Trigger;
use lamplighter_core::{Event, LeaseId, Phase};

use super::Handle;
use crate::clock::within;
use crate::control::{CallbackPage, ControlError, DeviceSignIn, Reauthentication, Revocation, SignIn};
use crate::oauth::SignInError;
use crate::registry::Entry;

/// How long a refresh is waited for before the person is asked: what one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(30);

impl Handle {
    /// Renews a login at the person's word: by one refresh where that can help, waited for to its end, else by a sign-in
    /// in the browser. A sign-in that waits for the browser already is handed on, not begun anew.
    ///
    /// # Errors
    /// As [`Handle::login`]; and when the workload is stopped, or its client credentials are not accepted.
    pub async fn reauthenticate(&self, name: &str) -> Result<Reauthentication, ControlError> {
        let entry = self.entry(name)?;
        let before = lease(&entry);
        let _turn = entry.reauthenticating.lock().await;
        if let Some(waiting) = self.0.signins.waiting(name) {
            return Ok(Reauthentication::SignIn(waiting));
        }
        // Whoever had the turn before may have done it.
        if is_renewed(&entry, before) || self.refresh(&entry).await? {
            return Ok(Reauthentication::SignedIn);
        }
        match entry.config.grant {
            GrantKind::AuthorizationCode | GrantKind::Bearer => {
                self.0.signins.begin_in_browser(Arc::clone(&entry), false).await.map(Reauthentication::SignIn)
            }
            GrantKind::ClientCredentials => {
                let workload = entry.shown.load();
                let reason = workload.reason.as_deref().unwrap_or("the sign-in server gave no token");
                let problem = format!("{name} cannot be signed in: {reason}");
                Err(ControlError::SignIn(SignInError { problem, hint: workload.remedy.clone() }))
            }
        }
    }

    /// One refresh, if one can help; whether it did.
    async fn refresh(&self, entry: &Entry) -> Result<bool, ControlError> {
        let mut changes = entry.route.changes();
        let before = lease(entry);
        let status = Arc::clone(&entry.route.access().status);
        if matches!(status.phase, Phase::Stopping | Phase::Stopped) {
            return Err(ControlError::Stopped(entry.name().to_owned()));
        }
        if !status.mends_quietly {
            return Ok(false);
        }
        entry.tell(Event::Triggered(Trigger::Asked)).await;
        let ended = async { while entry.route.access().status.under_way && changes.changed().await.is_ok() {} };
        // One that takes longer goes on; the person is asked meanwhile.
        let _ = within(&**self.clock(), ATTEMPT, ended).await;
        Ok(is_renewed(entry, before))
    }

    /// Begins a sign-in (an earlier one of this workload is cancelled). `force` asks the person even where
    /// three sign-ins have not satisfied the server.
    ///
    /// # Errors
    /// When no workload has this name, or discovery, registration or its grant kind stand against it.
    pub async fn login(&self, name: &str, force: bool) -> Result<SignIn, ControlError> {
        self.0.signins.begin_in_browser(self.entry(name)?, force).await
    }

    /// As [`Handle::login`], with a code that the person enters on another device (RFC 8628), for a machine without a
    /// browser.
    ///
    /// # Errors
    /// As there, and when the server does not offer that.
    pub async fn login_on_device(&self, name: &str, force: bool) -> Result<DeviceSignIn, ControlError> {
        self.0.signins.begin_on_device(self.entry(name)?, force).await
    }

    /// Cancels the sign-in of a workload, if there is one.
    ///
    /// # Errors
    /// When no workload has this name.
    #[expect(clippy::unused_async, reason = "faces await every request alike")]
    pub async fn cancel_login(&self, name: &str) -> Result<(), ControlError> {
        self.entry(name)?;
        self.0.signins.cancel(name, "the sign-in was cancelled");
        Ok(())
    }

    /// The browser came back with this query (RFC 6749 section 4.1.2, RFC 9207).
    pub async fn callback(&self, query: &str) -> CallbackPage {
        self.0.signins.callback(query).await
    }

    /// Revokes at the server where it can, forgets here always.
    ///
    /// # Errors
    /// When no workload has this name.
    pub async fn logout(&self, name: &str) -> Result<Revocation, ControlError> {
        let entry = self.entry(name)?;
        self.0.signins.cancel(name, "the workload was signed out");
        Ok(entry.forget(Event::SignOutRequested).await.unwrap_or(Revocation::NothingHeld))
    }
}

fn lease(entry: &Entry) -> Option<LeaseId> {
    entry.route.access().status.usable
}

/// Whether requests carry another lease than `before`.
fn is_renewed(entry: &Entry, before: Option<LeaseId>) -> bool {
    lease(entry).is_some_and(|lease| Some(lease) != before)
}
