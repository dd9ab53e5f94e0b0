//! Signing in and out, as faces ask for it.

use lamplighter_core::Event;

use super::Handle;
use crate::control::{CallbackPage, ControlError, DeviceSignIn, Revocation, SignIn};

impl Handle {
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
