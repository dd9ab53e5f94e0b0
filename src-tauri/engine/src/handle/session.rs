//! The web UI, opened in a browser.

use secrecy::{ExposeSecret, SecretString};

use super::Handle;
use crate::control::ControlError;
use crate::server::Site;

impl Handle {
    /// An address that opens the web UI in a browser on this machine: once, and within 15 minutes. It is as good as the
    /// API key until then.
    ///
    /// # Errors
    /// When there is no web UI in this build, or the platform gives no randomness.
    pub fn begin_session(&self) -> Result<SecretString, ControlError> {
        if !Site::of_this_build().is_there() {
            return Err(ControlError::NoWebUi);
        }
        let code = self.0.keyring.begin_session(self.clock().now().moment);
        let code = code.map_err(|error| ControlError::Secrets(error.to_string()))?;
        Ok(format!("http://{}/signin#{}", self.address(), code.expose_secret()).into())
    }
}
