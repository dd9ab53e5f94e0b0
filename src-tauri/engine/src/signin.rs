//! Sign-ins under way: from "who do I ask" to the grant. One flow a workload; the person's browser
//! answers on our own `/callback`, and `state` tells the flow.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lamplighter_core::Event;
use lamplighter_core::condition::Cause;
use lamplighter_core::config::GrantKind;
use lamplighter_core::verdict::{Verdict, judge};
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::clock::within;
use crate::control::{CallbackPage, ControlError, SignIn, SignInOutcome};
use crate::grant::{Grant, Origin};
use crate::http::HttpClient;
use crate::oauth::{self, Authorization, Client, Discovered, Server, SignInError, TokenRequest};
use crate::ports::{Clock, SecretStore};
use crate::probe;
use crate::registry::Entry;

/// Discovery and registration together; each request in it is bounded by the stack.
const PREPARATION: Duration = Duration::from_mins(1);
/// The exchange of the code.
const EXCHANGE: Duration = Duration::from_secs(30);
/// How long the person may take.
const PATIENCE: Duration = Duration::from_mins(15);

/// The flows under way.
pub(crate) struct SignIns {
    http: HttpClient,
    store: Arc<dyn SecretStore>,
    clock: Arc<dyn Clock>,
    redirect_uri: Url,
    /// By workload: each has one.
    flows: Mutex<HashMap<String, Arc<Flow>>>,
    /// Flows whose browser came back: what it brought is kept even when nobody waits for the page.
    completing: TaskTracker,
}

struct Flow {
    entry: Arc<Entry>,
    authorization: Authorization,
    server: Server,
    client: Client,
    resource: Option<String>,
    scopes: Vec<String>,
    /// Whether the browser came back: a callback counts once.
    answered: AtomicBool,
    outcome: watch::Sender<Option<SignInOutcome>>,
}

impl SignIns {
    pub(crate) fn new(http: HttpClient, store: Arc<dyn SecretStore>, clock: Arc<dyn Clock>, redirect_uri: Url) -> Self {
        let completing = TaskTracker::new();
        Self { http, store, clock, redirect_uri, flows: Mutex::default(), completing }
    }

    /// Begins a sign-in; an earlier one of the same workload is cancelled once this one can go ahead.
    pub(crate) async fn begin(self: &Arc<Self>, entry: Arc<Entry>, force: bool) -> Result<SignIn, ControlError> {
        let name = entry.name().to_owned();
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
        if !force && demanded(&entry).is_some_and(|scopes| entry.step_ups.in_vain(&scopes)) {
            return Err(ControlError::NotApplicable(format!(
                "{name} grants the access it asks for and refuses all the same; `lamplighter login {name} --force` asks again"
            )));
        }
        let prepared = within(&*self.clock, PREPARATION, self.prepare(&entry)).await.unwrap_or_else(|| {
            Err(SignInError {
                problem: "the sign-in server did not answer in time".to_owned(),
                hint: Some("check the network and try again".to_owned()),
            })
        });
        let (flow, outcome) = prepared.map_err(|error| {
            let hint = error.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            ControlError::SignIn(format!("{name} cannot be signed in: {}{hint}", error.problem))
        })?;
        let authorization_url = flow.authorization.url.clone();
        let flow = Arc::new(flow);
        // Another may have been begun while this one was prepared.
        let earlier = self.flows().insert(name, Arc::clone(&flow));
        if let Some(earlier) = earlier {
            earlier.fail("another sign-in was begun");
        }
        // Before anything is waited for: whoever asked may go, and the flow must end all the same.
        self.expire(flow, outcome.clone());
        entry.tell(Event::SignInStarted).await;
        Ok(SignIn { authorization_url, outcome })
    }

    /// Cancels the sign-in of a workload; whether there was one.
    pub(crate) fn cancel(&self, name: &str, why: &str) -> bool {
        let flow = self.flows().remove(name);
        flow.inspect(|flow| flow.fail(why)).is_some()
    }

    /// Ends the sign-ins that wait for a browser, and lets those finish whose code is being exchanged: the engine
    /// stops. Not bounded in time: the caller is.
    pub(crate) async fn finish(&self) {
        let waiting: Vec<Arc<Flow>> =
            self.flows().extract_if(|_, flow| !flow.answered.load(Ordering::Relaxed)).map(|(_, flow)| flow).collect();
        for flow in waiting {
            flow.fail("the engine stopped");
        }
        self.completing.close();
        self.completing.wait().await;
    }

    /// The browser came back.
    pub(crate) async fn callback(self: &Arc<Self>, query: &str) -> CallbackPage {
        let flow = oauth::callback_state(query).and_then(|state| self.answer(&state));
        let Some(flow) = flow else { return CallbackPage::Unknown };
        let name = flow.entry.name().to_owned();
        let (this, query) = (Arc::clone(self), query.to_owned());
        let ended = self.completing.spawn(async move { this.end(&flow, &query).await });
        match ended.await {
            Ok(Ok(())) => CallbackPage::SignedIn(name),
            Ok(Err(problem)) => CallbackPage::Failed(name, problem),
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        }
    }

    /// The flow that waits for this `state`.
    fn answer(&self, state: &str) -> Option<Arc<Flow>> {
        let flows = self.flows();
        let flow = flows.values().find(|flow| flow.authorization.state.expose_secret() == state)?;
        (!flow.answered.swap(true, Ordering::Relaxed)).then(|| Arc::clone(flow))
    }

    async fn end(&self, flow: &Arc<Flow>, query: &str) -> Result<(), String> {
        let ended = self.complete(flow, query).await;
        match &ended {
            Ok(()) => drop(flow.outcome.send_replace(Some(SignInOutcome::SignedIn))),
            Err(problem) => flow.fail(problem),
        }
        self.forget(flow);
        ended
    }

    fn forget(&self, flow: &Arc<Flow>) {
        let mut flows = self.flows();
        if flows.get(flow.entry.name()).is_some_and(|present| Arc::ptr_eq(present, flow)) {
            flows.remove(flow.entry.name());
        }
    }

    async fn complete(&self, flow: &Flow, query: &str) -> Result<(), String> {
        let code = oauth::accept_callback(&flow.authorization, query).map_err(|error| error.to_string())?;
        let request = oauth::request_tokens(
            &self.http,
            &flow.server.token_endpoint,
            &flow.client,
            flow.resource.as_deref(),
            TokenRequest::Code {
                code: &code,
                verifier: &flow.authorization.verifier,
                redirect_uri: &flow.authorization.redirect_uri,
            },
            self.clock.now().wall,
        );
        let tokens = match within(&*self.clock, EXCHANGE, request).await {
            Some(Ok(tokens)) => tokens,
            Some(Err(failure)) => {
                let (Verdict::Transient { cause, .. } | Verdict::Permanent { cause }) = judge(&failure.answer, None);
                return Err(format!("the code could not be exchanged: {}", cause.sentence()));
            }
            None => return Err("the sign-in server did not answer in time".to_owned()),
        };
        let origin = Origin {
            issuer: flow.server.issuer.clone(),
            token_endpoint: flow.server.token_endpoint.clone(),
            revocation_endpoint: flow.server.revocation_endpoint.clone(),
            client: flow.client.clone(),
            resource: flow.resource.clone(),
        };
        let mut grant = Grant::issued(tokens, origin, self.clock.now().wall);
        if grant.scope.is_none() && !flow.scopes.is_empty() {
            // RFC 6749 section 5.1: left out when it is what was asked for.
            grant.scope = Some(flow.scopes.join(" "));
        }
        if let Some(SignInOutcome::Failed(problem)) = flow.outcome.borrow().clone() {
            // Cancelled, or overtaken by another, while the code was exchanged.
            flow.entry.session.abandon(grant);
            return Err(problem);
        }
        if !flow.entry.adopt(grant.clone()).await {
            flow.entry.session.abandon(grant);
            return Err("the workload was removed meanwhile".to_owned());
        }
        if let Some(scopes) = demanded(&flow.entry) {
            flow.entry.step_ups.grant(scopes);
            flow.entry.route.challenge_answered();
        }
        Ok(())
    }

    async fn prepare(&self, entry: &Arc<Entry>) -> Result<(Flow, watch::Receiver<Option<SignInOutcome>>), SignInError> {
        let challenge = probe::challenge(&self.http, &*self.clock, &entry.route).await;
        let config = &entry.config;
        let found = oauth::discover(&self.http, &config.url, challenge.as_ref(), config.issuer.as_ref()).await?;
        let scopes = scopes(entry, &found);
        let client = self.client(entry, &found.server, &scopes).await?;
        let resource = crate::grant::resource(config, found.resource);
        let redirect_uri = client.redirect_uri.as_ref().unwrap_or(&self.redirect_uri);
        let authorization = oauth::authorize(&found.server, &client, redirect_uri, &scopes, resource.as_deref());
        let (outcome, receiver) = watch::channel(None);
        let flow = Flow {
            entry: Arc::clone(entry),
            authorization,
            server: found.server,
            client,
            resource,
            scopes,
            answered: AtomicBool::new(false),
            outcome,
        };
        Ok((flow, receiver))
    }

    /// Who we are to `server`: pre-registered, else registered before, else registered now.
    async fn client(&self, entry: &Entry, server: &Server, scopes: &[String]) -> Result<Client, SignInError> {
        if let Some(id) = &entry.config.client_id {
            return Ok(Client::preregistered(id.clone(), entry.session.client_secret().await, server));
        }
        let document = crate::grant::registration_document(&server.issuer);
        if let Ok(Some(kept)) = self.store.read(&document).await {
            match serde_json::from_slice::<Client>(kept.expose_secret()) {
                Ok(client) if client.serves(&self.redirect_uri, self.clock.now().wall) => return Ok(client),
                Ok(_) => tracing::info!(
                    issuer = server.issuer,
                    "the registration is of another address, or expires: registering afresh"
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

    /// Ends the flow when the person takes too long.
    fn expire(self: &Arc<Self>, flow: Arc<Flow>, mut outcome: watch::Receiver<Option<SignInOutcome>>) {
        let this = Arc::downgrade(self);
        let deadline = self.clock.sleep_until(self.clock.now().moment + PATIENCE);
        tokio::spawn(async move {
            tokio::select! {
                _ = outcome.wait_for(Option::is_some) => {}
                () = deadline => {
                    if !flow.answered.swap(true, Ordering::Relaxed) && let Some(this) = this.upgrade() {
                        flow.fail("nobody came back from the browser within 15 minutes");
                        this.forget(&flow);
                    }
                }
            }
        });
    }

    fn flows(&self) -> MutexGuard<'_, HashMap<String, Arc<Flow>>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flow {
    /// Ends this flow, unless it has ended.
    fn fail(&self, problem: &str) {
        let ends = self.outcome.send_if_modified(|outcome| {
            let ends = outcome.is_none();
            if ends {
                *outcome = Some(SignInOutcome::Failed(problem.to_owned()));
            }
            ends
        });
        if ends {
            self.entry.say(Event::SignInFailed { cause: Cause::SignIn(problem.to_owned()) });
        }
    }
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
fn demanded(entry: &Entry) -> Option<Vec<String>> {
    let challenge = entry.route.last_challenge()?;
    (challenge.error.as_deref() == Some("insufficient_scope")).then(|| challenge.scopes.clone())
}
