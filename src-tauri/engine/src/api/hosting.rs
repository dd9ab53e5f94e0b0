//! What is asked of the program around the engine, over HTTP: its window, and a server to try things out with.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Api;
use super::body::Body;
use super::problem::Problem;
use crate::host::Screen;

/// Where the window is to begin.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WindowRequest {
    /// At this workload.
    pub workload: Option<String>,
    /// At this screen.
    #[schema(inline)]
    pub screen: Option<Screen>,
}

/// A simulated server that was started.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SimulatedServer {
    /// The address to add.
    #[schema(value_type = String, format = "uri")]
    pub url: Url,
}

/// Shows the window of the desktop app that runs the engine; where it runs without one that is a 409 `no_window`.
#[utoipa::path(
    post, path = "/window", tag = "engine", request_body = WindowRequest,
    responses(
        (status = 202), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem)
    )
)]
pub(super) async fn show_window(
    State(api): State<Api>,
    Body(WindowRequest { workload, screen }): Body<WindowRequest>,
) -> Result<StatusCode, Problem> {
    api.handle.show_window(workload, screen).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Starts a simulated MCP server with an authorization server of its own on this machine, to try things out with; asked
/// again it is the same one. It ends with the engine, and what was added there is removed then. Where the engine runs
/// without one that is a 409 `no_simulator`.
#[utoipa::path(
    post, path = "/simulated-server", tag = "engine",
    responses((status = 201, body = SimulatedServer), (status = 409, body = Problem))
)]
pub(super) async fn simulated_server(State(api): State<Api>) -> Result<(StatusCode, Json<SimulatedServer>), Problem> {
    Ok((StatusCode::CREATED, Json(SimulatedServer { url: api.handle.simulated_server().await? })))
}
