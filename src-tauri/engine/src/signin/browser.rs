//! Signing in with a browser that comes back (RFC 6749 section 4.1): the address to open, and the callback.

use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::condition::Cause;
use lamplighter_core::verdict::{Verdict, judge};
use secrecy::ExposeSecret;
use tokio::sync::watch;

use super::{EXCHANGE, Flow, Kind, SignIns};
use crate::clock::within;
use crate::control::{CallbackPage, ControlError, SignIn, SignInOutcome};
use crate::oauth::{self, Authorization, SignInGrant, TokenRequest};
use crate::registry::Entry;

/// How long the person may take.
const PATIENCE: Duration = Duration::from_mins(15);

impl SignIns {
    /// Begins a sign-in; an earlier one of the same workload is cancelled once this one can go ahead.
    pub(crate) async fn begin_in_browser(
        self: &Arc<Self>,
        entry: Arc<Entry>,
        force: bool,
    ) -> Result<SignIn, ControlError> {
        Self::permit(&entry, force)?;
        let asking = self.prepared(entry.name(), self.asking(&entry, SignInGrant::AuthorizationCode)).await?;
        let redirect_uri = asking.client.redirect_uri.as_ref().unwrap_or(&self.redirect_uri);
        let authorization =
            oauth::authorize(&asking.server, &asking.client, redirect_uri, &asking.scopes, asking.resource.as_deref());
        let authorization_url = authorization.url.clone();
        let (flow, outcome) = Flow::new(entry, asking, Kind::Browser(Arc::new(authorization)));
        // Before anything is waited for: whoever asked may go, and the flow must end all the same.
        self.expire(Arc::clone(&flow), outcome.clone());
        self.begin(&flow).await;
        Ok(SignIn { authorization_url, outcome })
    }

    /// The browser came back.
    pub(crate) async fn callback(self: &Arc<Self>, query: &str) -> CallbackPage {
        let found = oauth::callback_state(query).and_then(|state| self.answered(&state));
        let Some((flow, authorization)) = found else { return CallbackPage::Unknown };
        let name = flow.entry.name().to_owned();
        let (this, query) = (Arc::clone(self), query.to_owned());
        let ended = self.completing.spawn(async move {
            let ended = this.complete(&flow, &authorization, &query).await;
            this.end(&flow, &ended);
            ended
        });
        match ended.await {
            Ok(Ok(())) => CallbackPage::SignedIn(name),
            Ok(Err(problem)) => CallbackPage::Failed(name, problem),
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        }
    }

    /// The flow that waits for this `state`: a callback counts once.
    fn answered(&self, state: &str) -> Option<(Arc<Flow>, Arc<Authorization>)> {
        self.flows().values().find_map(|flow| match &flow.kind {
            Kind::Browser(authorization) if authorization.state.expose_secret() == state => {
                flow.claim().then(|| (Arc::clone(flow), Arc::clone(authorization)))
            }
            Kind::Browser(_) | Kind::Device => None,
        })
    }

    async fn complete(&self, flow: &Flow, authorization: &Authorization, query: &str) -> Result<(), String> {
        let code = oauth::accept_callback(authorization, query).map_err(|error| error.to_string())?;
        let _vigil = self.machine.stay_awake_from_now_on().await;
        let request = oauth::request_tokens(
            &self.http,
            &flow.asking.server.token_endpoint,
            &flow.asking.client,
            flow.asking.resource.as_deref(),
            TokenRequest::Code {
                code: &code,
                verifier: &authorization.verifier,
                redirect_uri: &authorization.redirect_uri,
            },
            self.clock.now().wall,
        );
        match within(&*self.clock, EXCHANGE, request).await {
            Some(Ok(tokens)) => self.keep(flow, tokens).await,
            Some(Err(failure)) => {
                let (Verdict::Transient { cause, .. } | Verdict::Permanent { cause }) = judge(&failure.answer, None);
                // Of a code it is not a login that ends (RFC 6749 section 5.2).
                Err(if matches!(&cause, Cause::OAuth(word) if word == "invalid_grant") {
                    "the sign-in server does not accept the code that it gave (invalid_grant)".to_owned()
                } else {
                    format!("the code could not be exchanged: {}", cause.sentence())
                })
            }
            None => Err("the sign-in server did not answer in time".to_owned()),
        }
    }

    /// Ends the flow when the person takes too long.
    fn expire(self: &Arc<Self>, flow: Arc<Flow>, mut outcome: watch::Receiver<Option<SignInOutcome>>) {
        let this = Arc::downgrade(self);
        let deadline = self.clock.sleep_until(self.clock.now().moment + PATIENCE);
        tokio::spawn(async move {
            tokio::select! {
                _ = outcome.wait_for(Option::is_some) => {}
                () = deadline => {
                    if flow.claim() && let Some(this) = this.upgrade() {
                        this.end(&flow, &Err("nobody came back from the browser within 15 minutes".to_owned()));
                    }
                }
            }
        });
    }
}
