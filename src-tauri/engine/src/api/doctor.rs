//! What only the running engine can tell a doctor: its stores, and how each workload is.

use axum::Json;
use axum::extract::State;
use lamplighter_core::Phase;
use lamplighter_core::condition::{Condition, Severity, StoreFault};
use lamplighter_core::status::Workload;
use serde::{Deserialize, Serialize};

use super::Api;

/// The outcome of an examination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Checks {
    /// One for each thing looked at.
    pub checks: Vec<Check>,
}

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Check {
    /// What was looked at, for programs; the code of the condition where a workload has one.
    pub code: String,
    /// Whether all is well.
    pub ok: bool,
    /// What was looked at, in a few words.
    pub title: String,
    /// What was found, in a sentence.
    pub text: String,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

impl Check {
    /// A thing that is well.
    pub fn well(code: &str, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { code: code.to_owned(), ok: true, title: title.into(), text: text.into(), remedy: None }
    }

    /// A thing that is not.
    pub fn amiss(
        code: &str,
        title: impl Into<String>,
        text: impl Into<String>,
        remedy: impl Into<Option<String>>,
    ) -> Self {
        Self { code: code.to_owned(), ok: false, title: title.into(), text: text.into(), remedy: remedy.into() }
    }
}

/// The checks that only the running engine can make.
#[utoipa::path(get, path = "/doctor", tag = "engine", responses((status = 200, body = Checks)))]
pub(super) async fn doctor(State(api): State<Api>) -> Json<Checks> {
    let secrets = secrets(&api).await;
    let journal = api.handle.journal();
    let trouble = match journal.rows(None, None, 1).await {
        Ok(_) => journal.trouble(),
        Err(error) => Some(error.to_string()),
    };
    let journal = match trouble {
        None => Check::well("journal", "Journal", "The journal can be read and written."),
        Some(trouble) => Check::amiss(
            "journal",
            "Journal",
            format!("{trouble}."),
            "See that `journal.db` and its folder can be written, and that the disk is not full.".to_owned(),
        ),
    };
    let keys = api.handle.keys_set_aside().map(|aside| {
        Check::amiss(
            "keys",
            "Keys of clients",
            format!("keys.json was corrupt when the engine started; it is kept as {}.", aside.display()),
            "Connect each client anew that has a key of its own; the one that `lamplighter endpoint` prints goes on."
                .to_owned(),
        )
    });
    let snapshot = api.handle.snapshot();
    let shared = snapshot.conditions.iter().map(|condition| check(condition, condition.title.clone()));
    let workloads = snapshot.workloads.iter().flat_map(examine);
    Json(Checks { checks: [secrets, journal].into_iter().chain(keys).chain(shared).chain(workloads).collect() })
}

/// The secret store: what is wrong with it now, or was when a workload last used it.
async fn secrets(api: &Api) -> Check {
    let Some(trouble) = api.handle.store_trouble().await else {
        return Check::well("secret_store", "Secret store", "Secrets can be read.");
    };
    let remedy = match trouble.fault {
        StoreFault::Locked | StoreFault::Absent => {
            "Unlock the keychain or start its service; until then nothing that is rotated survives a restart."
        }
        StoreFault::Failed => {
            "See that the secrets can be read and written, and that the disk is not full; what could not be saved is \
             saved then. Until then leave the engine running: a login that is not saved yet ends with it."
        }
    };
    Check::amiss("secret_store", "Secret store", format!("Secrets cannot be used: {trouble}."), remedy.to_owned())
}

/// The check that `condition` makes, under this `title`.
fn check(condition: &Condition, title: String) -> Check {
    Check {
        code: condition.code.clone(),
        ok: condition.severity == Severity::Info,
        title,
        text: condition.text.clone(),
        remedy: Some(condition.remedy.clone()),
    }
}

/// A check for each condition of `workload`, else one for its state.
fn examine(workload: &Workload) -> Vec<Check> {
    let title = |what: &str| format!("{}: {what}", workload.name);
    let conditions: Vec<Check> =
        workload.conditions.iter().map(|condition| check(condition, title(&condition.title))).collect();
    let well = match workload.status {
        Phase::Starting | Phase::Running | Phase::Stopping | Phase::Stopped | Phase::Removing => true,
        Phase::AuthRetrying
        | Phase::Unauthenticated
        | Phase::Unhealthy
        | Phase::Error
        | Phase::Unknown
        | Phase::PolicyStopped => false,
    };
    if !conditions.is_empty() && (well || conditions.iter().any(|check| !check.ok)) {
        return conditions;
    }
    let text = workload.reason.as_ref().map_or_else(
        || if well { "Nothing is wrong.".to_owned() } else { "It does not serve.".to_owned() },
        |reason| format!("{reason}."),
    );
    let code = workload.reason_code.clone().filter(|_| !well).unwrap_or_else(|| "workload".to_owned());
    let state = Check { code, ok: well, title: title("state"), text, remedy: workload.remedy.clone() };
    std::iter::once(state).chain(conditions).collect()
}
