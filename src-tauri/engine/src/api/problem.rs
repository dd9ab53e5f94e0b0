//! Errors as RFC 9457 problem documents.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lamplighter_core::config::ConfigError;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{OpenApi, RefOr};

use crate::configfile::EditError;
use crate::control::ControlError;
use crate::ports::JournalError;

/// RFC 9457 section 3.
const MEDIA_TYPE: &str = "application/problem+json";

/// A problem document (RFC 9457 section 3.1) with the extension members `code`, `field` and `hint`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` tells problems apart.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The words of the status code.
    pub title: String,
    /// The status code.
    pub status: u16,
    /// What went wrong, in a sentence.
    pub detail: String,
    /// What went wrong, for programs.
    pub code: Word,
    /// The field at fault, in the form `scopes[0]` or `headers.X-Team`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub field: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub hint: Option<String>,
}

/// The `type` of every problem here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Kind {
    /// No more than the status code says (RFC 9457 section 4.2.1).
    #[serde(rename = "about:blank")]
    AboutBlank,
}

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// No such path.
    NotFound,
    /// The path does not take that method.
    MethodNotAllowed,
    /// The request body is no JSON object, or the query cannot be read.
    Malformed,
    /// The request body is too long.
    TooLarge,
    /// A field is unknown, missing, or has a value that is not allowed.
    Invalid,
    /// No workload has this name.
    NoSuchWorkload,
    /// The name is taken.
    NameTaken,
    /// No sign-in has this number.
    NoSuchFlow,
    /// No sign-in waits for this callback.
    UnknownCallback,
    /// A sign-in could not be begun.
    SignInFailed,
    /// What was asked makes no sense for this workload.
    NotApplicable,
    /// The engine runs without a window.
    NoWindow,
    /// The engine runs without a simulated server.
    NoSimulator,
    /// The configuration could not be written.
    ConfigNotWritten,
    /// The secret store could not be used.
    SecretStore,
    /// The journal could not be read.
    Journal,
    /// There is no web UI in this build.
    NoWebUi,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: Word, detail: impl Into<String>) -> Self {
        Self {
            kind: Kind::AboutBlank,
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            field: None,
            hint: None,
        }
    }

    /// A field whose value is not allowed.
    pub(super) fn invalid(field: &str, detail: impl Into<String>, hint: Option<String>) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, Word::Invalid, detail);
        Self { field: Some(field.to_owned()), hint, ..problem }
    }

    fn hinted(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let detail = error.to_string();
        match error {
            ControlError::NoSuchWorkload { nearest, .. } => {
                let problem = Self::new(StatusCode::NOT_FOUND, Word::NoSuchWorkload, detail);
                match nearest {
                    Some(nearest) => problem.hinted(format!("did you mean `{nearest}`?")),
                    None => problem.hinted("`lamplighter list --all` shows the names that there are"),
                }
            }
            ControlError::NameTaken(name) => Self::new(StatusCode::CONFLICT, Word::NameTaken, detail)
                .hinted(format!("choose another name, or remove it first: `lamplighter rm {name}`")),
            ControlError::Invalid(error) => error.into(),
            ControlError::Config(error) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, Word::ConfigNotWritten, detail).hinted(put_right(&error))
            }
            ControlError::Secrets(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, Word::SecretStore, detail)
                .hinted("unlock the keychain, then try again; `lamplighter doctor` tells more"),
            ControlError::SignIn(error) => {
                Self { hint: error.hint, ..Self::new(StatusCode::BAD_GATEWAY, Word::SignInFailed, detail) }
            }
            ControlError::NoWebUi => Self::new(StatusCode::CONFLICT, Word::NoWebUi, detail)
                .hinted("build it with `cargo xtask ui`, then build the engine again"),
            ControlError::Stopped(name) => Self::new(StatusCode::CONFLICT, Word::NotApplicable, detail)
                .hinted(format!("start it: `lamplighter start {name}`")),
            ControlError::NoWindow => Self::new(StatusCode::CONFLICT, Word::NoWindow, detail)
                .hinted("open its page in a browser: `lamplighter open`"),
            ControlError::NoSimulator => Self::new(StatusCode::CONFLICT, Word::NoSimulator, detail)
                .hinted("start the engine with `lamplighter serve` or the desktop app; where that could not start one, its log says why"),
            ControlError::NotApplicable(_) => Self::new(StatusCode::CONFLICT, Word::NotApplicable, detail),
        }
    }
}

/// What to do about settings that were not changed.
fn put_right(error: &EditError) -> String {
    match error {
        EditError::Broken(error) => format!("put the file right by hand: {}", error.hint),
        EditError::Emptied(_) => {
            "put the file back as it was; or restart the engine, which then goes on without them".to_owned()
        }
        EditError::NoSuchWorkload(_) => {
            "put the file back as it was; or restart the engine, which then goes on without it".to_owned()
        }
        EditError::Read { .. } | EditError::Write { .. } | EditError::Invalid(_) | EditError::NameTaken(_) => {
            "see that `config.toml` and its folder can be written, and that the disk is not full".to_owned()
        }
    }
}

impl From<ConfigError> for Problem {
    /// The field tells the place.
    fn from(ConfigError { problem, hint, field, .. }: ConfigError) -> Self {
        let detail = field.as_ref().map_or_else(|| problem.clone(), |field| format!("{field}: {problem}"));
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, Word::Invalid, detail).hinted(hint);
        Self { field, ..problem }
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Word::Journal, error.to_string())
            .hinted("see that `journal.db` and its folder can be written, and that the disk is not full")
    }
}

/// Says of every answer of the document what its status code says, and that problems are problem documents.
pub(super) fn describe(document: &mut OpenApi) {
    let items = document.paths.paths.values_mut();
    let operations =
        items.flat_map(|item| [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete]).flatten();
    for (status, response) in operations.flat_map(|operation| &mut operation.responses.responses) {
        let RefOr::T(response) = response else { continue };
        let status = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or_default();
        if response.description.is_empty() {
            status.canonical_reason().unwrap_or_default().clone_into(&mut response.description);
        }
        if status.is_client_error() || status.is_server_error() {
            let contents = std::mem::take(&mut response.content);
            response.content = contents.into_values().map(|content| (MEDIA_TYPE.to_owned(), content)).collect();
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response
    }
}
