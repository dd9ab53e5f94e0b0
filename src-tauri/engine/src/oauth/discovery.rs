//! Finding the authorization server of an MCP server: protected resource metadata (RFC 9728), then authorization
//! server metadata (RFC 8414, OIDC Discovery), else the fixed paths of MCP 2025-03-26.

mod document;
mod lookup;

use url::Url;

use self::document::{ResourceDocument, ServerDocument, covers};
use self::lookup::{Looked, Lookup};
use super::exchange::shown;
use super::words::tame;
use super::{Challenge, Discovered, Server, SignInError};
use crate::http::HttpClient;

/// Finds the authorization server of the MCP server at `url`; `issuer`, where the person names one, beats what the
/// server says.
///
/// Sends at most ten requests, one after the other; not bounded in time: the caller's clock does that.
///
/// # Errors
/// When none is found, or what is found must not be used; the sentence says which and why.
pub async fn discover(
    http: &HttpClient,
    url: &Url,
    challenge: Option<&Challenge>,
    issuer: Option<&Url>,
) -> Result<Discovered, SignInError> {
    let mut lookup = Lookup::new(http, url).await;
    let resource = match resource_metadata(&mut lookup, url, challenge).await {
        // Who names the server needs no metadata that could name it.
        Err(_) if issuer.is_some() => None,
        found => found?,
    };
    let named = resource.as_ref().and_then(|resource| resource.authorization_servers.first());
    let server = match (issuer, named) {
        (Some(issuer), _) => required(&mut lookup, &spellings(issuer)).await?,
        (None, Some(issuer)) => required(&mut lookup, std::slice::from_ref(issuer)).await?,
        (None, None) => beside(&mut lookup, url).await?,
    };
    let mut scopes = challenge.map(|challenge| challenge.scopes.clone()).unwrap_or_default();
    let resource = resource.unwrap_or_default();
    if scopes.is_empty() {
        scopes = resource.scopes_supported;
    }
    let offline = "offline_access".to_owned();
    if server.scopes_supported.contains(&offline) && !scopes.contains(&offline) {
        scopes.push(offline);
    }
    Ok(Discovered { resource: resource.resource, scopes, server })
}

/// The metadata of the MCP server itself: where the challenge says, else where RFC 9728 section 3.1 says.
async fn resource_metadata(
    lookup: &mut Lookup<'_>,
    url: &Url,
    challenge: Option<&Challenge>,
) -> Result<Option<ResourceDocument>, SignInError> {
    if let Some(address) = challenge.and_then(|challenge| challenge.resource_metadata.as_ref()) {
        return match lookup.document(address).await? {
            Looked::Found(document) => accepted(document, address, url).map(Some),
            Looked::Absent(answer) => Err(SignInError {
                problem: format!("{} should say how to sign in, but answered {answer}", shown(address)),
                hint: Some("name the sign-in server with --issuer, or tell who runs this server".to_owned()),
            }),
        };
    }
    let root = well_known(url, "/.well-known/oauth-protected-resource");
    let path = url.path().trim_end_matches('/');
    let below = well_known(url, &format!("/.well-known/oauth-protected-resource{path}"));
    for address in if path.is_empty() { vec![root] } else { vec![below, root] } {
        if let Looked::Found(document) = lookup.document(&address).await? {
            return accepted(document, &address, url).map(Some);
        }
    }
    Ok(None)
}

/// The document, if it is about the MCP server at `url` (RFC 9728 section 3.3).
fn accepted(document: ResourceDocument, address: &Url, url: &Url) -> Result<ResourceDocument, SignInError> {
    let resource = document.resource.as_deref().unwrap_or_default();
    if covers(resource, url) {
        return Ok(document);
    }
    Err(SignInError {
        problem: format!(
            "{} speaks of the resource \"{}\", which is not {}",
            shown(address),
            tame(resource, 200),
            shown(url)
        ),
        hint: Some("check the workload's address: it should be the one that this server gives itself".to_owned()),
    })
}

/// The metadata of the server with this issuer, in any of its spellings.
async fn required(lookup: &mut Lookup<'_>, issuers: &[String]) -> Result<Server, SignInError> {
    if let Some(server) = metadata(lookup, issuers).await? {
        return Ok(server);
    }
    lookup.trouble()?;
    let issuer = issuers.first().map(|issuer| tame(issuer, 200)).unwrap_or_default();
    Err(SignInError {
        problem: format!("{issuer} publishes no sign-in metadata"),
        hint: Some("name the sign-in server with --issuer, or tell who runs it".to_owned()),
    })
}

/// Metadata at the MCP server's own root, else the paths that MCP 2025-03-26 fixes there.
async fn beside(lookup: &mut Lookup<'_>, url: &Url) -> Result<Server, SignInError> {
    let issuer = url.origin().ascii_serialization();
    if let Some(server) = metadata(lookup, std::slice::from_ref(&issuer)).await? {
        return Ok(server);
    }
    lookup.trouble()?;
    Ok(Server {
        authorization_endpoint: well_known(url, "/authorize"),
        token_endpoint: well_known(url, "/token"),
        device_authorization_endpoint: None,
        registration_endpoint: Some(well_known(url, "/register")),
        revocation_endpoint: None,
        userinfo_endpoint: None,
        scopes_supported: Vec::new(),
        token_endpoint_auth_methods_supported: Vec::new(),
        authorization_response_iss_parameter_supported: false,
        client_id_metadata_document_supported: false,
        issuer,
    })
}

/// The first metadata document whose `issuer` is the one it was built from, to the letter (RFC 8414 section 3.3).
async fn metadata(lookup: &mut Lookup<'_>, issuers: &[String]) -> Result<Option<Server>, SignInError> {
    let mut stranger = None;
    for address in candidates(issuers)? {
        if let Looked::Found(document) = lookup.document::<ServerDocument>(&address).await? {
            if issuers.contains(&document.issuer) {
                return document.check(lookup).await.map(Some);
            }
            stranger.get_or_insert((address, document.issuer));
        }
    }
    match (stranger, issuers.first()) {
        (Some((address, stranger)), Some(issuer)) => Err(SignInError {
            problem: format!(
                "{} says that it belongs to \"{}\" and not to \"{}\", so it was not used",
                shown(&address),
                tame(&stranger, 200),
                tame(issuer, 200)
            ),
            hint: Some("tell who runs this server, or name its sign-in server with --issuer".to_owned()),
        }),
        (Some(_) | None, _) => Ok(None),
    }
}

/// Where an issuer's metadata may be, in the order in which MCP has them tried.
fn candidates(issuers: &[String]) -> Result<Vec<Url>, SignInError> {
    let issuer = issuers.first().map(String::as_str).unwrap_or_default();
    let parsed = Url::parse(issuer).ok().filter(|url| url.has_host() && url.query().is_none());
    let url = parsed.ok_or_else(|| SignInError {
        problem: format!("the sign-in server \"{}\" is no usable address", tame(issuer, 200)),
        hint: Some("name the sign-in server with --issuer".to_owned()),
    })?;
    let path = url.path().trim_end_matches('/');
    let mut candidates = vec![
        well_known(&url, &format!("/.well-known/oauth-authorization-server{path}")),
        well_known(&url, &format!("/.well-known/openid-configuration{path}")),
    ];
    if !path.is_empty() {
        candidates.push(well_known(&url, &format!("{path}/.well-known/openid-configuration")));
    }
    Ok(candidates)
}

/// What the server of `token_endpoint` gives to anybody: the metadata of `issuer`, where it is the same server's, or its word
/// that there is none.
pub(crate) fn public_address(issuer: &str, token_endpoint: &Url) -> Url {
    let metadata = candidates(&[issuer.to_owned()]).ok().and_then(|candidates| candidates.into_iter().next());
    metadata
        .filter(|address| address.origin() == token_endpoint.origin())
        .unwrap_or_else(|| well_known(token_endpoint, "/.well-known/oauth-authorization-server"))
}

/// The root of the server at `url`: the path and query of an address may be somebody's secret.
pub(crate) fn root(url: &Url) -> Url {
    well_known(url, "/")
}

/// The issuer that a person wrote: an address without a path was given a slash on its way here.
fn spellings(issuer: &Url) -> Vec<String> {
    let text = issuer.as_str().to_owned();
    match text.strip_suffix('/') {
        Some(bare) if issuer.path() == "/" => vec![bare.to_owned(), text],
        Some(_) | None => vec![text],
    }
}

/// `path` at the root of `url`.
fn well_known(url: &Url, path: &str) -> Url {
    let mut address = url.clone();
    address.set_path(path);
    address.set_query(None);
    address.set_fragment(None);
    address
}
