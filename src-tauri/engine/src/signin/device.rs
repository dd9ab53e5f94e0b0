//! Signing in on another device (RFC 8628): a code for the person to enter there, and polls until they have answered.

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use super::pace::Pace;
use super::{EXCHANGE, Flow, Kind, STOPPED, SignIns};
use crate::clock::within;
use crate::control::{ControlError, DeviceSignIn, SignInOutcome};
use crate::oauth::{self, DeviceAuthorization, DeviceError, Polled, SignInError, SignInGrant, TokenRequest, Tokens};
use crate::registry::Entry;

impl SignIns {
    /// Begins a sign-in; an earlier one of the same workload is cancelled once this one can go ahead.
    pub(crate) async fn begin_on_device(
        self: &Arc<Self>,
        entry: Arc<Entry>,
        force: bool,
    ) -> Result<DeviceSignIn, ControlError> {
        Self::permit(&entry, force)?;
        let preparation = async {
            let asking = self.asking(&entry, SignInGrant::DeviceCode).await?;
            let authorization = oauth::authorize_device(
                &self.http,
                asking.server.device_endpoint()?,
                &asking.client,
                &asking.scopes,
                asking.resource.as_deref(),
            );
            match authorization.await {
                Ok(authorization) => Ok((asking, authorization)),
                Err(DeviceError::Failed(error)) => Err(error),
                Err(DeviceError::ClientRefused(error)) if asking.client.registered => {
                    self.forget_registration(&asking.server).await;
                    Err(SignInError { hint: Some(AFRESH.to_owned()), ..error })
                }
                Err(DeviceError::ClientRefused(error)) => Err(SignInError { hint: Some(BY_HAND.to_owned()), ..error }),
            }
        };
        let (asking, authorization) = self.prepared(entry.name(), preparation).await?;
        let (flow, outcome) = Flow::new(entry, asking, Kind::Device);
        let begun = DeviceSignIn {
            user_code: authorization.user_code.clone(),
            verification_uri: authorization.verification_uri.clone(),
            verification_uri_complete: authorization.verification_uri_complete.clone(),
            expires_in: authorization.expires_in,
            outcome: outcome.clone(),
        };
        // Before anything is waited for: whoever asked may go, and the flow must end all the same.
        self.completing.spawn(poll(Arc::downgrade(self), Arc::clone(&flow), authorization, outcome));
        self.begin(&flow).await;
        Ok(begun)
    }

    /// Asks once whether the person has answered.
    async fn ask(&self, flow: &Flow, authorization: &DeviceAuthorization) -> Result<Tokens, Polled> {
        let request = oauth::request_tokens(
            &self.http,
            &flow.asking.server.token_endpoint,
            &flow.asking.client,
            flow.asking.resource.as_deref(),
            TokenRequest::DeviceCode { device_code: &authorization.device_code },
            self.clock.now().wall,
        );
        match within(&*self.clock, EXCHANGE, request).await {
            Some(asked) => asked.map_err(|failure| Polled::of(&failure)),
            None => Err(Polled::Unanswered { floor: None }),
        }
    }
}

const AFRESH: &str = "sign in again: Lamplighter then registers afresh";
const BY_HAND: &str = "see that the client is registered there with the grant for devices";

/// Asks until the person has answered, the code has expired, or the flow is ended by somebody else.
async fn poll(
    signins: Weak<SignIns>,
    flow: Arc<Flow>,
    authorization: DeviceAuthorization,
    mut outcome: watch::Receiver<Option<SignInOutcome>>,
) {
    let Some((clock, machine)) = signins.upgrade().map(|signins| (Arc::clone(&signins.clock), signins.machine.clone()))
    else {
        return;
    };
    let expires = clock.now().moment + authorization.expires_in;
    let mut pace = Pace::new(authorization.interval);
    let mut wait = pace.wait();
    loop {
        let next = clock.now().moment + wait;
        let its_time = async {
            clock.sleep_until(next.min(expires)).await;
            machine.stay_awake_from_now_on().await
        };
        let _vigil = tokio::select! {
            _ = outcome.wait_for(Option::is_some) => return,
            vigil = its_time => vigil,
        };
        let Some(signins) = signins.upgrade() else { return };
        if !flow.claim() {
            return;
        }
        if next >= expires {
            return signins.end(&flow, &Err(Polled::EXPIRED.to_owned()));
        }
        let polled = match signins.ask(&flow, &authorization).await {
            Ok(tokens) => return signins.end(&flow, &signins.keep(&flow, tokens).await),
            Err(Polled::Over(problem)) => return signins.end(&flow, &Err(problem)),
            Err(polled) => polled,
        };
        flow.release();
        if signins.completing.is_closed() {
            return signins.end(&flow, &Err(STOPPED.to_owned()));
        }
        wait = pace.after(&polled);
    }
}
