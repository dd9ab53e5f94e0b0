//! Signing in over HTTP: begin, wait for the outcome of that very flow, cancel, paste a callback.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use url::Url;

use super::Api;
use super::body::Body;
use super::problem::{Problem, Word};
use crate::control::{CallbackPage, Reauthentication, SignIn, SignInOutcome};

/// How many flows are remembered, so that those who wait learn how theirs ended.
const REMEMBERED: usize = 64;

/// How to sign in.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginRequest {
    /// Ask again although the server has refused the like before.
    #[serde(default)]
    pub force: bool,
    /// With a code that the person enters on another device (RFC 8628), instead of a browser that comes back here.
    #[serde(default)]
    pub device: bool,
}

/// A sign-in that was begun.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginStarted {
    /// What the person opens: of a sign-in on another device the address with the code in it, where there is one.
    #[schema(value_type = String, format = "uri")]
    pub authorization_url: Url,
    /// Tells this flow from others: `GET /workloads/NAME/login/FLOW` answers when it has ended.
    pub flow: u64,
    /// What the person enters, where they do so on another device.
    #[serde(flatten)]
    pub device: Option<DeviceCode>,
}

/// What the person enters on another device (RFC 8628 section 3.2): there whole, or not at all.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceCode {
    /// The code.
    #[schema(required = false)]
    pub user_code: String,
    /// Where it is entered.
    #[schema(required = false, value_type = String, format = "uri")]
    pub verification_uri: Url,
    /// How long the code is good for, in seconds.
    #[schema(required = false)]
    pub expires_in: u64,
}

/// How a login was renewed.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reauthenticated {
    /// Whether a refresh did it.
    pub signed_in: bool,
    /// The sign-in that waits for the person, where one is needed.
    pub sign_in: Option<LoginStarted>,
}

/// How a sign-in ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Outcome {
    /// The workload.
    pub workload: String,
    /// Whether it is signed in.
    pub signed_in: bool,
    /// Why not, in a sentence.
    pub reason: Option<String>,
}

/// The address at which the browser ended, where it could not reach this machine.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct PastedCallback {
    /// `http://127.0.0.1:4114/callback?code=…&state=…`
    #[schema(value_type = String, format = Password)]
    pub url: SecretString,
}

/// The flows that somebody may wait for, newest last.
#[derive(Clone, Default)]
pub(super) struct Flows(Arc<Mutex<Begun>>);

#[derive(Default)]
struct Begun {
    newest: u64,
    flows: VecDeque<Flow>,
}

#[derive(Clone)]
struct Flow {
    number: u64,
    workload: String,
    outcome: watch::Receiver<Option<SignInOutcome>>,
}

impl Flows {
    fn remember(&self, workload: String, outcome: watch::Receiver<Option<SignInOutcome>>) -> u64 {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.newest += 1;
        let number = begun.newest;
        begun.flows.push_back(Flow { number, workload, outcome });
        if begun.flows.len() > REMEMBERED {
            begun.flows.pop_front();
        }
        number
    }

    fn find(&self, workload: &str, number: u64) -> Option<Flow> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.flows.iter().find(|flow| flow.number == number && flow.workload == workload).cloned()
    }
}

/// Begins a sign-in; an earlier one of this workload is cancelled. Nothing is opened: the caller shows the
/// address to the person.
#[utoipa::path(
    post, path = "/workloads/{name}/login", tag = "sign-in", request_body = LoginRequest,
    params(("name" = String, Path, description = "The workload.")),
    responses(
        (status = 202, body = LoginStarted), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem),
        (status = 502, body = Problem), (status = 503, body = Problem)
    )
)]
pub(super) async fn login(
    State(api): State<Api>,
    Path(name): Path<String>,
    Body(LoginRequest { force, device }): Body<LoginRequest>,
) -> Result<(StatusCode, Json<LoginStarted>), Problem> {
    let (authorization_url, device, outcome) = if device {
        let begun = api.handle.login_on_device(&name, force).await?;
        let authorization_url = begun.verification_uri_complete.unwrap_or_else(|| begun.verification_uri.clone());
        let device = DeviceCode {
            user_code: begun.user_code,
            verification_uri: begun.verification_uri,
            expires_in: begun.expires_in.as_secs(),
        };
        (authorization_url, Some(device), begun.outcome)
    } else {
        let begun = api.handle.login(&name, force).await?;
        (begun.authorization_url, None, begun.outcome)
    };
    let flow = api.flows.remember(name, outcome);
    Ok((StatusCode::ACCEPTED, Json(LoginStarted { authorization_url, flow, device })))
}

/// Renews a login: by a refresh where that can help (200, once it has), else by a sign-in in the browser (202), which is
/// begun, or goes on where one waits already. Nothing is opened: the caller shows the address to the person.
#[utoipa::path(
    post, path = "/workloads/{name}/reauthenticate", tag = "sign-in",
    params(("name" = String, Path, description = "The workload.")),
    responses(
        (status = 200, body = Reauthenticated), (status = 202, body = Reauthenticated), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 502, body = Problem), (status = 503, body = Problem)
    )
)]
pub(super) async fn reauthenticate(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<Reauthenticated>), Problem> {
    Ok(match api.handle.reauthenticate(&name).await? {
        Reauthentication::SignedIn => (StatusCode::OK, Json(Reauthenticated { signed_in: true, sign_in: None })),
        Reauthentication::SignIn(SignIn { authorization_url, outcome }) => {
            let flow = api.flows.remember(name, outcome);
            let sign_in = Some(LoginStarted { authorization_url, flow, device: None });
            (StatusCode::ACCEPTED, Json(Reauthenticated { signed_in: false, sign_in }))
        }
    })
}

/// Answers when this sign-in has ended, and how.
#[utoipa::path(
    get, path = "/workloads/{name}/login/{flow}", tag = "sign-in",
    params(("name" = String, Path, description = "The workload."), ("flow" = u64, Path, description = "`flow` of the answer that began it.")),
    responses((status = 200, body = Outcome), (status = 404, body = Problem))
)]
pub(super) async fn outcome(
    State(api): State<Api>,
    Path((name, flow)): Path<(String, String)>,
) -> Result<Json<Outcome>, Problem> {
    let found = flow.parse().ok().and_then(|number| api.flows.find(&name, number));
    let mut flow = found.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            Word::NoSuchFlow,
            format!("{name:?} has no sign-in with the number {flow:?}"),
        )
    })?;
    let ended = match flow.outcome.wait_for(Option::is_some).await {
        Ok(ended) => ended.clone(),
        Err(_) => None,
    };
    Ok(Json(match ended {
        Some(SignInOutcome::SignedIn) => Outcome { workload: name, signed_in: true, reason: None },
        Some(SignInOutcome::Failed(reason)) => Outcome { workload: name, signed_in: false, reason: Some(reason) },
        None => Outcome { workload: name, signed_in: false, reason: Some("the engine stopped".to_owned()) },
    }))
}

/// Cancels the sign-in of a workload, if there is one. What it held before is untouched.
#[utoipa::path(
    post, path = "/workloads/{name}/cancel-login", tag = "sign-in",
    params(("name" = String, Path, description = "The workload.")),
    responses((status = 202), (status = 404, body = Problem))
)]
pub(super) async fn cancel_login(State(api): State<Api>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    api.handle.cancel_login(&name).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Ends a sign-in with the address at which a browser on another machine ended.
#[utoipa::path(
    post, path = "/callback-paste", tag = "sign-in", request_body = PastedCallback,
    responses((status = 200, body = Outcome), (status = 400, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem))
)]
pub(super) async fn callback_paste(
    State(api): State<Api>,
    Body(PastedCallback { url }): Body<PastedCallback>,
) -> Result<Json<Outcome>, Problem> {
    let hint =
        "paste the whole address from the browser's address bar; it begins with http:// and has `code=` and `state=`";
    let invalid = |detail: &str| Problem::invalid("url", detail, Some(hint.to_owned()));
    let url = Url::parse(url.expose_secret().trim()).map_err(|_| invalid("that is not an address"))?;
    // The address that was to be opened has a `state` too, and ends nothing.
    let answers = url.query_pairs().any(|(name, _)| name == "code" || name == "error");
    let query = url.query().filter(|_| answers);
    let query = query.ok_or_else(|| invalid("that address carries no answer of a sign-in"))?;
    match api.handle.callback(query).await {
        CallbackPage::SignedIn(workload) => Ok(Json(Outcome { workload, signed_in: true, reason: None })),
        CallbackPage::Failed(workload, reason) => {
            Ok(Json(Outcome { workload, signed_in: false, reason: Some(reason) }))
        }
        CallbackPage::Unknown => {
            let problem = invalid("no sign-in waits for that answer: it has ended, or another was begun since");
            Err(Problem { code: Word::UnknownCallback, ..problem })
        }
    }
}
