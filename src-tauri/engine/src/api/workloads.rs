//! Workloads over HTTP: list, add, remove, and what can be asked of one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use http::{HeaderValue, StatusCode};
use lamplighter_core::Snapshot;
use lamplighter_core::config::{self, GrantKind, Name, Resource};
use lamplighter_core::status::Workload;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::Api;
use super::body::Body;
use super::problem::Problem;
use crate::control::{Asked, ControlError, Look, NewWorkload, Revocation};

/// A workload to add: the fields of the `[[workload]]` table, and its secrets.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewWorkloadRequest {
    /// `[a-z0-9-]{1,40}`, not one of: api mcp callback signin healthz metrics assets.
    pub name: String,
    /// https, or http on loopback.
    pub url: String,
    /// A pre-registered client.
    pub client_id: Option<String>,
    /// Its secret.
    #[serde(serialize_with = "reveal")]
    #[schema(value_type = Option<String>, format = Password)]
    pub client_secret: Option<SecretString>,
    /// Scopes to ask for, instead of those that the server names.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// `resource` (RFC 8707), instead of the one that the server names.
    pub resource: Option<String>,
    /// Send no `resource`: some identity providers reject it.
    #[serde(default)]
    pub no_resource: bool,
    /// The authorization server, instead of the one that the server names.
    pub issuer: Option<String>,
    /// How a grant is obtained; `bearer` where a `bearer` is given, else `authorization_code`.
    #[schema(inline)]
    pub grant: Option<GrantKind>,
    /// A token that somebody pasted.
    #[serde(serialize_with = "reveal")]
    #[schema(value_type = Option<String>, format = Password)]
    pub bearer: Option<SecretString>,
    /// Headers to send with every request; their values are kept as secrets.
    #[serde(default, serialize_with = "reveal_all")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub headers: BTreeMap<String, SecretString>,
}

/// A workload that was added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Added {
    /// The workload.
    #[serde(flatten)]
    pub workload: Workload,
    /// What one look at its server showed.
    pub look: Look,
    /// Where a sign-in leads and what it asks for; `null` where none is needed, or that could not be found out.
    pub asks: Option<Asked>,
}

/// What became of the tokens that were held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Revoked {
    /// Whether the server was told.
    pub revocation: Revocation,
}

/// What a client of a workload needs.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LocalEndpoint {
    /// The local address.
    pub url: String,
    /// The headers to send, with their values.
    #[serde(serialize_with = "reveal_all")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub headers: BTreeMap<String, SecretString>,
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn reveal<S: Serializer>(secret: &Option<SecretString>, out: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(out)
}

fn reveal_all<S: Serializer>(secrets: &BTreeMap<String, SecretString>, out: S) -> Result<S::Ok, S::Error> {
    out.collect_map(secrets.iter().map(|(name, secret)| (name, secret.expose_secret())))
}

/// All workloads, in the order of the configuration.
#[utoipa::path(get, path = "/workloads", tag = "workloads", responses((status = 200, body = Snapshot)))]
pub(super) async fn list(State(api): State<Api>) -> Json<Snapshot> {
    Json(Snapshot::clone(&api.handle.snapshot()))
}

/// Keeps a workload, starts it, and says what its server asks for.
#[utoipa::path(
    post, path = "/workloads", tag = "workloads", request_body = NewWorkloadRequest,
    responses(
        (status = 201, body = Added), (status = 400, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem), (status = 500, body = Problem), (status = 503, body = Problem)
    )
)]
pub(super) async fn add(
    State(api): State<Api>,
    Body(request): Body<NewWorkloadRequest>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let (workload, look) = api.handle.add(request.parse()?).await?;
    let by_person = look == Look::SignInNeeded && workload.grant == GrantKind::AuthorizationCode;
    // It may have been removed already: then there is nothing to be told.
    let asks = if by_person { api.handle.asked(&workload.name).await.unwrap_or_default() } else { None };
    Ok((StatusCode::CREATED, Json(Added { workload, look, asks })))
}

/// One workload.
#[utoipa::path(
    get, path = "/workloads/{name}", tag = "workloads",
    params(("name" = String, Path, description = "The workload.")),
    responses((status = 200, body = Workload), (status = 404, body = Problem))
)]
pub(super) async fn one(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<Workload>, Problem> {
    Ok(Json(api.handle.workload(&name)?))
}

/// Stops a workload, revokes its tokens at the server where it can, forgets its secrets, removes it.
#[utoipa::path(
    delete, path = "/workloads/{name}", tag = "workloads",
    params(("name" = String, Path, description = "The workload.")),
    responses((status = 200, body = Revoked), (status = 404, body = Problem), (status = 500, body = Problem))
)]
pub(super) async fn remove(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<Revoked>, Problem> {
    Ok(Json(Revoked { revocation: api.handle.remove(&name).await? }))
}

/// Refreshes now, whatever the state; a stopped workload is not started by this (409).
#[utoipa::path(
    post, path = "/workloads/{name}/retry", tag = "workloads",
    params(("name" = String, Path, description = "The workload.")),
    responses((status = 202), (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub(super) async fn retry(State(api): State<Api>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    accepted(api.handle.retry(&name).await)
}

/// Starts a stopped workload, and keeps that in the configuration.
#[utoipa::path(
    post, path = "/workloads/{name}/start", tag = "workloads",
    params(("name" = String, Path, description = "The workload.")),
    responses((status = 202), (status = 404, body = Problem), (status = 500, body = Problem))
)]
pub(super) async fn start(State(api): State<Api>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    accepted(api.handle.start(&name).await)
}

/// Stops a workload, and keeps that in the configuration.
#[utoipa::path(
    post, path = "/workloads/{name}/stop", tag = "workloads",
    params(("name" = String, Path, description = "The workload.")),
    responses((status = 202), (status = 404, body = Problem), (status = 500, body = Problem))
)]
pub(super) async fn stop(State(api): State<Api>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    accepted(api.handle.stop(&name).await)
}

/// Loads the grant afresh, then refreshes it.
#[utoipa::path(
    post, path = "/workloads/{name}/restart", tag = "workloads",
    params(("name" = String, Path, description = "The workload.")),
    responses((status = 202), (status = 404, body = Problem), (status = 500, body = Problem))
)]
pub(super) async fn restart(State(api): State<Api>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    accepted(api.handle.restart(&name).await)
}

/// Revokes the tokens at the server where it can (RFC 7009), forgets them here always.
#[utoipa::path(
    post, path = "/workloads/{name}/logout", tag = "sign-in",
    params(("name" = String, Path, description = "The workload.")),
    responses((status = 202, body = Revoked), (status = 404, body = Problem))
)]
pub(super) async fn logout(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<Revoked>), Problem> {
    let revocation = api.handle.logout(&name).await?;
    Ok((StatusCode::ACCEPTED, Json(Revoked { revocation })))
}

/// The local address of a workload, and the header that a client must send.
#[utoipa::path(
    get, path = "/workloads/{name}/endpoint", tag = "workloads",
    params(("name" = String, Path, description = "The workload.")),
    responses((status = 200, body = LocalEndpoint), (status = 404, body = Problem), (status = 503, body = Problem))
)]
pub(super) async fn endpoint(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<LocalEndpoint>, Problem> {
    let url = api.handle.workload(&name)?.endpoint;
    let key = api.handle.endpoint_key().await?;
    let bearer = SecretString::from(format!("Bearer {}", key.expose_secret()));
    Ok(Json(LocalEndpoint { url, headers: BTreeMap::from([("Authorization".to_owned(), bearer)]) }))
}

fn accepted(done: Result<(), ControlError>) -> Result<StatusCode, Problem> {
    Ok(done.map(|()| StatusCode::ACCEPTED)?)
}

impl NewWorkloadRequest {
    /// The workload that this describes, valid in itself.
    ///
    /// # Errors
    /// When a field is not allowed, or contradicts another; the problem names it.
    pub fn parse(self) -> Result<NewWorkload, Problem> {
        let grant = self.grant()?;
        let resource = match (&self.resource, self.no_resource) {
            (None, false) => Resource::Discovered,
            (Some(resource), false) => config::parse_resource(resource)?,
            (None, true) => Resource::Omitted,
            (Some(_), true) => {
                return Err(Problem::invalid(
                    "no_resource",
                    "`resource` and `no_resource` contradict each other",
                    None,
                ));
            }
        };
        for (name, value) in &self.headers {
            header(name, value)?;
        }
        Ok(NewWorkload {
            name: Name::parse(&self.name)?,
            url: config::parse_url(&self.url)?,
            client_id: self.client_id.as_deref().map(config::parse_client_id).transpose()?,
            client_secret: self.client_secret,
            scopes: self.scopes.iter().map(|scope| config::parse_scope(scope)).collect::<Result<_, _>>()?,
            resource,
            issuer: self.issuer.as_deref().map(config::parse_issuer).transpose()?,
            grant,
            bearer: self.bearer,
            headers: self.headers,
        })
    }

    /// How the grant is obtained, with everything that this way needs.
    fn grant(&self) -> Result<GrantKind, Problem> {
        let missing = |field: &str, grant: &str, hint: &str| {
            Problem::invalid(field, format!("{field}: the grant `{grant}` needs one"), Some(hint.to_owned()))
        };
        // As a token endpoint's would be (RFC 6749 appendix A.12), without the space that nobody's token has.
        let sent = |token: &SecretString| token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
        if self.bearer.as_ref().is_some_and(|token| token.expose_secret().is_empty() || !sent(token)) {
            let hint = "give the token alone: printable ASCII without spaces, and no `Bearer` before it".to_owned();
            return Err(Problem::invalid("bearer", "bearer: the token cannot be sent as it is", Some(hint)));
        }
        match (self.grant, &self.bearer) {
            (None | Some(GrantKind::Bearer), Some(_)) => Ok(GrantKind::Bearer),
            (Some(GrantKind::Bearer), None) => Err(missing(
                "bearer",
                "bearer",
                "`lamplighter add` reads the token with --bearer-stdin, or from LAMPLIGHTER_BEARER",
            )),
            (Some(GrantKind::AuthorizationCode | GrantKind::ClientCredentials), Some(_)) => {
                let hint = "leave out the token, or name no other grant".to_owned();
                Err(Problem::invalid("bearer", "bearer: it goes with the grant `bearer` alone", Some(hint)))
            }
            (None | Some(GrantKind::AuthorizationCode), None) => Ok(GrantKind::AuthorizationCode),
            (Some(GrantKind::ClientCredentials), None) if self.client_id.is_none() => Err(missing(
                "client_id",
                "client_credentials",
                "name the client that is registered there: --client-id ID",
            )),
            (Some(GrantKind::ClientCredentials), None) if self.client_secret.is_none() => Err(missing(
                "client_secret",
                "client_credentials",
                "`lamplighter add` reads it with --client-secret-stdin, or from LAMPLIGHTER_CLIENT_SECRET",
            )),
            (Some(GrantKind::ClientCredentials), None) => Ok(GrantKind::ClientCredentials),
        }
    }
}

/// Refuses a header that HTTP does not allow, or that is not the person's to set; its value is never quoted.
fn header(name: &str, value: &SecretString) -> Result<(), Problem> {
    let at = |problem: Problem| Problem { field: Some(format!("headers.{name}")), ..problem };
    config::parse_header(name).map_err(|error| at(error.into()))?;
    HeaderValue::try_from(value.expose_secret()).map_err(|_| {
        let hint = "the value of a header is one line of printable characters".to_owned();
        at(Problem::invalid("headers", format!("headers: the value of {name:?} cannot be sent"), Some(hint)))
    })?;
    Ok(())
}
