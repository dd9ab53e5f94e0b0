//! The journal over HTTP.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Api;
use super::problem::{Problem, Word};
use crate::ports::Row;

/// How many rows are given when nobody says.
const USUAL: usize = 200;
/// The most that are given.
const MOST: usize = 100_000;

/// Rows of the journal, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rows {
    /// The rows.
    pub events: Vec<Row>,
}

/// Which rows.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of this workload only.
    workload: Option<String>,
    /// After the row with this `id`.
    after: Option<i64>,
    /// The newest ones, this many at most (200 unless said otherwise, never more than 100 000).
    limit: Option<usize>,
}

/// The newest rows of the journal, oldest first.
#[utoipa::path(
    get, path = "/journal", tag = "journal", params(Which),
    responses((status = 200, body = Rows), (status = 400, body = Problem), (status = 404, body = Problem), (status = 500, body = Problem))
)]
pub(super) async fn rows(
    State(api): State<Api>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Rows>, Problem> {
    let Query(which) =
        which.map_err(|rejection| Problem::new(StatusCode::BAD_REQUEST, Word::Malformed, rejection.body_text()))?;
    let limit = which.limit.unwrap_or(USUAL).min(MOST);
    let workload = which.workload.as_deref();
    let events = api.handle.journal().rows(workload, which.after, limit).await?;
    // A workload that was removed keeps its history; a name that never was is a mistake worth telling.
    if let (Some(name), true) = (workload, events.is_empty()) {
        api.handle.workload(name)?;
    }
    Ok(Json(Rows { events }))
}
