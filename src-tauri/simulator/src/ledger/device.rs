//! Sign-ins on another device (RFC 8628): the two codes, what the person said, and how often it may be asked for.

use std::time::Duration;

use super::{Issued, Ledger, Refusal, Terms};

/// What `slow_down` adds to the interval (RFC 8628 section 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// The codes of one sign-in.
pub(crate) struct DeviceCodes {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
}

pub(super) struct Device {
    user_code: String,
    client_id: String,
    scope: String,
    expires_at: Duration,
    interval: Duration,
    polled_at: Option<Duration>,
    /// Whether the person agreed, once they have answered.
    agreed: Option<bool>,
}

impl Ledger {
    /// Codes for `client_id`, good until `expires_at`.
    pub(crate) fn begin_device(
        &mut self,
        client_id: String,
        scope: String,
        interval: Duration,
        expires_at: Duration,
    ) -> DeviceCodes {
        let codes = DeviceCodes { device_code: self.mint.secret("device"), user_code: self.mint.user_code() };
        let user_code = codes.user_code.clone();
        let device = Device { user_code, client_id, scope, expires_at, interval, polled_at: None, agreed: None };
        self.devices.insert(codes.device_code.clone(), device);
        codes
    }

    /// The person's answer; false when no sign-in waits for it under this code.
    pub(crate) fn answer_device(&mut self, user_code: &str, agreed: bool, now: Duration) -> bool {
        let waiting = |device: &&mut Device| device.user_code == user_code && device.expires_at > now;
        match self.devices.values_mut().find(waiting) {
            Some(device) if device.agreed.is_none() => {
                device.agreed = Some(agreed);
                true
            }
            Some(_) | None => false,
        }
    }

    /// RFC 8628 sections 3.4 and 3.5.
    pub(crate) fn poll(&mut self, device_code: &str, client_id: &str, terms: Terms) -> Result<Issued, Refusal> {
        let known = self.devices.get_mut(device_code).filter(|device| device.client_id == client_id);
        let device = known.ok_or(Refusal("invalid_grant", "the device code is unknown, or was used"))?;
        if terms.now >= device.expires_at {
            return Err(Refusal("expired_token", "the device code has expired"));
        }
        let polled_at = device.polled_at.replace(terms.now);
        if polled_at.is_some_and(|at| terms.now < at + device.interval) {
            device.interval += SLOWER;
            return Err(Refusal("slow_down", "that was too soon"));
        }
        match device.agreed {
            None => return Err(Refusal("authorization_pending", "the person has not answered yet")),
            Some(false) => return Err(Refusal("access_denied", "the person said no")),
            Some(true) => {}
        }
        let scope = device.scope.clone();
        self.devices.remove(device_code);
        let grant = self.begin(client_id, scope.clone());
        Ok(self.issue(grant, scope, terms, true))
    }
}
