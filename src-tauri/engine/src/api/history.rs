//! The last day of every workload over HTTP.

use axum::Json;
use axum::extract::State;

use super::Api;
use super::problem::Problem;
use crate::handle::History;

/// What became of every workload in the last 24 hours; `unknown` while the engine was not running.
#[utoipa::path(
    get, path = "/history", tag = "journal",
    responses((status = 200, body = History), (status = 500, body = Problem))
)]
pub(super) async fn history(State(api): State<Api>) -> Result<Json<History>, Problem> {
    Ok(Json(api.handle.history().await?))
}
