//! Settings over HTTP.

use axum::Json;
use axum::extract::State;

use super::Api;
use super::body::Body;
use super::problem::Problem;
use crate::settings::{ChangedSettings, Settings};

/// The settings in force, and who said them.
#[utoipa::path(get, path = "/settings", tag = "settings", responses((status = 200, body = Settings)))]
pub(super) async fn settings(State(api): State<Api>) -> Json<Settings> {
    Json(api.handle.settings())
}

/// Changes settings: they are kept in `config.toml`, whose comments survive, and hold at once for what runs. What the
/// environment says cannot be changed here (422, with the variable's name).
#[utoipa::path(
    patch, path = "/settings", tag = "settings", request_body = ChangedSettings,
    responses(
        (status = 200, body = Settings), (status = 400, body = Problem), (status = 413, body = Problem),
        (status = 422, body = Problem), (status = 500, body = Problem)
    )
)]
pub(super) async fn change_settings(
    State(api): State<Api>,
    Body(changes): Body<ChangedSettings>,
) -> Result<Json<Settings>, Problem> {
    Ok(Json(api.handle.change_settings(changes).await?))
}
