//! Sign-ins under way: from "who do I ask" to the grant. One flow a workload, whichever way the person answers: with a
//! browser that comes back to our own `/callback`, where `state` tells the flow, or on another device.

mod asking;
mod browser;
mod device;
mod flow;
mod pace;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lamplighter_core::Event;
use lamplighter_core::config::GrantKind;
use tokio_util::task::TaskTracker;
use url::Url;

use self::flow::{Flow, Kind};
use crate::clock::within;
use crate::control::{ControlError, SignIn, SignInOutcome};
use crate::grant::{Grant, Origin};
use crate::http::HttpClient;
use crate::machine::Machine;
use crate::oauth::{SignInError, Tokens};
use crate::ports::{Clock, SecretStore};
use crate::registry::Entry;

/// Discovery, registration and the first request together; each request in it is bounded by the stack.
const PREPARATION: Duration = Duration::from_mins(1);
/// One request for the tokens.
const EXCHANGE: Duration = Duration::from_secs(30);

/// The flows under way.
pub(crate) struct SignIns {
    http: HttpClient,
    store: Arc<dyn SecretStore>,
    clock: Arc<dyn Clock>,
    machine: Machine,
    redirect_uri: Url,
    /// By workload: each has one.
    flows: Mutex<HashMap<String, Arc<Flow>>>,
    /// What asks for tokens: what that brings is kept even when nobody waits for it.
    completing: TaskTracker,
}

impl SignIns {
    pub(crate) fn new(
        http: HttpClient,
        store: Arc<dyn SecretStore>,
        clock: Arc<dyn Clock>,
        machine: Machine,
        redirect_uri: Url,
    ) -> Self {
        let completing = TaskTracker::new();
        Self { http, store, clock, machine, redirect_uri, flows: Mutex::default(), completing }
    }

    /// The sign-in of a workload that waits for the browser, if there is one.
    pub(crate) fn waiting(&self, name: &str) -> Option<SignIn> {
        let flow = self.flows().get(name).cloned()?;
        match &flow.kind {
            Kind::Browser(authorization) => {
                Some(SignIn { authorization_url: authorization.url.clone(), outcome: flow.outcome.subscribe() })
            }
            Kind::Device => None,
        }
    }

    /// Cancels the sign-in of a workload; whether there was one.
    pub(crate) fn cancel(&self, name: &str, why: &str) -> bool {
        let flow = self.flows().remove(name);
        flow.inspect(|flow| flow.fail(why)).is_some()
    }

    /// Ends the sign-ins that wait for a person, and lets those finish that ask for their tokens: the engine stops.
    /// Not bounded in time: the caller is.
    pub(crate) async fn finish(&self) {
        // From here on nobody waits again who has asked in vain.
        self.completing.close();
        let waiting: Vec<Arc<Flow>> = self.flows().extract_if(|_, flow| flow.claim()).map(|(_, flow)| flow).collect();
        for flow in waiting {
            flow.fail(STOPPED);
        }
        self.completing.wait().await;
    }

    /// Whether a sign-in makes sense. `force` asks the person even where it seems in vain.
    fn permit(entry: &Entry, force: bool) -> Result<(), ControlError> {
        let name = entry.name();
        match entry.config.grant {
            GrantKind::AuthorizationCode => {}
            GrantKind::ClientCredentials => {
                return Err(ControlError::NotApplicable(format!(
                    "{name} signs in with its own client credentials; `lamplighter retry {name}` does it now"
                )));
            }
            GrantKind::Bearer => {
                return Err(ControlError::NotApplicable(format!(
                    "{name} uses a token that was given with `add`; remove it and add it again with a new one"
                )));
            }
        }
        if !force && asking::demanded(entry).is_some_and(|scopes| entry.step_ups.in_vain(&scopes)) {
            return Err(ControlError::NotApplicable(format!(
                "{name} grants the access it asks for and refuses all the same; `lamplighter login {name} --force` asks again"
            )));
        }
        Ok(())
    }

    /// What `preparation` brings in time; where it fails, in the words of the workload `name`.
    async fn prepared<T>(
        &self,
        name: &str,
        preparation: impl Future<Output = Result<T, SignInError>>,
    ) -> Result<T, ControlError> {
        let prepared = within(&*self.clock, PREPARATION, preparation).await.unwrap_or_else(|| {
            Err(SignInError {
                problem: "the sign-in server did not answer in time".to_owned(),
                hint: Some("check the network and try again".to_owned()),
            })
        });
        prepared.map_err(|SignInError { problem, hint }| {
            ControlError::SignIn(SignInError { problem: format!("{name} cannot be signed in: {problem}"), hint })
        })
    }

    /// Puts `flow` under way; an earlier one of its workload is cancelled.
    async fn begin(&self, flow: &Arc<Flow>) {
        // Another may have been begun while this one was prepared.
        let earlier = self.flows().insert(flow.entry.name().to_owned(), Arc::clone(flow));
        if let Some(earlier) = earlier {
            earlier.fail("another sign-in was begun");
        }
        flow.entry.tell(Event::SignInStarted).await;
    }

    /// The flow has ended like this.
    fn end(&self, flow: &Arc<Flow>, ended: &Result<(), String>) {
        match ended {
            Ok(()) => drop(flow.outcome.send_replace(Some(SignInOutcome::SignedIn))),
            Err(problem) => flow.fail(problem),
        }
        let mut flows = self.flows();
        if flows.get(flow.entry.name()).is_some_and(|present| Arc::ptr_eq(present, flow)) {
            flows.remove(flow.entry.name());
        }
    }

    /// Keeps what the person has granted.
    async fn keep(&self, flow: &Flow, tokens: Tokens) -> Result<(), String> {
        let asking = &flow.asking;
        let origin = Origin {
            issuer: asking.server.issuer.clone(),
            token_endpoint: asking.server.token_endpoint.clone(),
            revocation_endpoint: asking.server.revocation_endpoint.clone(),
            client: asking.client.clone(),
            resource: asking.resource.clone(),
        };
        let mut grant = Grant::issued(tokens, origin, self.clock.now().wall);
        if grant.scope.is_none() && !asking.scopes.is_empty() {
            // RFC 6749 section 5.1: left out when it is what was asked for.
            grant.scope = Some(asking.scopes.join(" "));
        }
        if let Some(SignInOutcome::Failed(problem)) = flow.outcome.borrow().clone() {
            // Cancelled, or overtaken by another, while the tokens were asked for.
            flow.entry.session.abandon(grant);
            return Err(problem);
        }
        if !flow.entry.adopt(grant.clone()).await {
            flow.entry.session.abandon(grant);
            return Err("the workload was removed meanwhile".to_owned());
        }
        if let Some(scopes) = asking::demanded(&flow.entry) {
            flow.entry.step_ups.grant(scopes);
            flow.entry.route.challenge_answered();
        }
        Ok(())
    }

    fn flows(&self) -> MutexGuard<'_, HashMap<String, Arc<Flow>>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const STOPPED: &str = "the engine stopped";
