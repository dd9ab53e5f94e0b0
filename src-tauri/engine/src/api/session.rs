//! Opening the web UI in a browser.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Api;
use super::problem::Problem;

/// A session that a browser may begin.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionBegun {
    /// What the person opens on this machine; good once, for 15 minutes.
    #[serde(serialize_with = "crate::profile::reveal")]
    #[schema(value_type = String, format = Password)]
    pub address: SecretString,
}

/// Makes an address that opens the web UI in a browser: once, and within 15 minutes. Nothing is opened: the caller shows
/// it to the person.
#[utoipa::path(
    post, path = "/session", tag = "engine",
    responses((status = 201, body = SessionBegun), (status = 409, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn begin_session(State(api): State<Api>) -> Result<(StatusCode, Json<SessionBegun>), Problem> {
    Ok((StatusCode::CREATED, Json(SessionBegun { address: api.handle.begin_session()? })))
}
