//! The control API, `/api/v1`: the engine's [`Handle`] in HTTP and JSON, and nothing more.
//!
//! Routes and the `OpenAPI` document come from one registration. Who may ask is decided before a request
//! gets here; what is done with it, behind the [`Handle`]. No token text passes through this room.

mod body;
mod doctor;
mod events;
mod history;
mod hosting;
mod journal;
mod presence;
mod problem;
mod session;
mod settings;
mod signin;
mod workloads;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::{Extension, Json, Router};
use http::StatusCode;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::handle::Handle;

pub use self::body::parse as parse_body;
pub use self::doctor::{Check, Checks};
pub use self::events::Toasted;
pub use self::hosting::{SimulatedServer, WindowRequest};
pub use self::journal::Rows;
pub use self::problem::{Kind, Problem, Word};
pub use self::session::SessionBegun;
pub use self::signin::{DeviceCode, LoginRequest, LoginStarted, Outcome, PastedCallback, Reauthenticated};
pub use self::workloads::{Added, LocalEndpoint, NewWorkloadRequest, Revoked};

/// The longest request body that is read, in bytes.
const BODY_BOUND: usize = 1 << 20;

/// What every handler holds.
#[derive(Clone)]
struct Api {
    handle: Handle,
    flows: signin::Flows,
}

/// The head of the document; its paths and schemas come with the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lamplighter control API",
        description = "Controls the engine that keeps remote MCP servers signed in. Errors are RFC 9457 problem documents."
    ),
    servers((url = "/api/v1")),
    // What the event stream has, and no answer.
    components(schemas(Toasted)),
    modifiers(&ApiKey),
    security(("api_key" = []))
)]
struct Document;

/// Adds the one security scheme.
struct ApiKey;

impl utoipa::Modify for ApiKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("`api_key` of `engine.json` in the profile of the running engine."))
            .build();
        let components = document.components.get_or_insert_with(utoipa::openapi::Components::new);
        components.add_security_scheme("api_key", SecurityScheme::Http(scheme));
    }
}

/// Everything under `/api/v1`, with paths relative to it: to be nested there, behind admission.
pub fn router(handle: Handle) -> Router {
    let (routes, document) = described();
    routes
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, Word::NotFound, "the control API has no such path"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, Word::MethodNotAllowed, "this path does not take that method")
        })
        .layer((DefaultBodyLimit::max(BODY_BOUND), Extension(Arc::new(document))))
        .with_state(Api { handle, flows: signin::Flows::default() })
}

/// The `OpenAPI` document of the control API, as `/api/v1/openapi.json` gives it.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    described().1
}

/// Every route, and what is said of them all.
fn described() -> (Router<Api>, utoipa::openapi::OpenApi) {
    let (routes, mut document) = routes().split_for_parts();
    problem::describe(&mut document);
    presence::describe(&mut document);
    (routes, document)
}

/// Every route, with its documentation.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(workloads::list, workloads::add))
        .routes(routes!(workloads::one, workloads::remove))
        .routes(routes!(workloads::retry))
        .routes(routes!(workloads::start))
        .routes(routes!(workloads::stop))
        .routes(routes!(workloads::restart))
        .routes(routes!(workloads::logout))
        .routes(routes!(workloads::endpoint))
        .routes(routes!(signin::reauthenticate))
        .routes(routes!(signin::login))
        .routes(routes!(signin::outcome))
        .routes(routes!(signin::cancel_login))
        .routes(routes!(signin::callback_paste))
        .routes(routes!(journal::rows))
        .routes(routes!(history::history))
        .routes(routes!(settings::settings, settings::change_settings))
        .routes(routes!(hosting::show_window))
        .routes(routes!(hosting::simulated_server))
        .routes(routes!(events::events))
        .routes(routes!(doctor::doctor))
        .routes(routes!(session::begin_session))
        .routes(routes!(openapi))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "engine", responses((status = 200, description = "OpenAPI 3.1")))]
async fn openapi(Extension(document): Extension<Arc<utoipa::openapi::OpenApi>>) -> Json<utoipa::openapi::OpenApi> {
    Json(utoipa::openapi::OpenApi::clone(&document))
}
