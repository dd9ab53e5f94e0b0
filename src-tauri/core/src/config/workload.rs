//! One `[[workload]]`.

use url::Url;

use super::error::{ConfigError, Fault};
use super::table::{Section, text};
use super::times::{self, Times};
use super::{GrantKind, Name, Resource, address, word};
use crate::policy::Policy;

pub(super) const KEYS: [&str; 10] =
    ["name", "url", "client_id", "scopes", "resource", "issuer", "grant", "headers", "stopped", "token"];

/// One `[[workload]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadConfig {
    /// Its name.
    pub name: Name,
    /// https, or http on loopback.
    pub url: Url,
    /// A pre-registered client.
    pub client_id: Option<String>,
    /// Scopes to ask for, instead of those that the server names.
    pub scopes: Vec<String>,
    /// `resource` of RFC 8707.
    pub resource: Resource,
    /// The authorization server, where the person knows better than discovery.
    pub issuer: Option<Url>,
    /// How a grant is obtained.
    pub grant: GrantKind,
    /// Names of headers whose values are kept as secrets.
    pub headers: Vec<String>,
    /// Not started with the engine.
    pub stopped: bool,
    /// Its times: what is said of one workload beats what is said of all.
    pub token: Policy,
}

impl WorkloadConfig {
    /// Reads one table, its times laid over those of all workloads.
    pub(super) fn read(section: Section<'_>, all: &Times) -> Result<Self, ConfigError> {
        let missing = |key: &str, example: &str| {
            let hint = format!("a [[workload]] has at least a name and a url; for example {example}");
            Fault::unshown("is missing from this [[workload]]", hint).in_file(section.place(), key)
        };
        let name = "name = \"linear\"";
        let url = "url = \"https://mcp.linear.app/mcp\"";
        let headers =
            section.list("headers", "headers = [\"X-Api-Key\"]; `lamplighter add` takes the values", word::header)?;
        if let Some(twice) = repeated(&headers) {
            let hint = "header names do not differ by case (RFC 9110 section 5.1): name each one once";
            return Err(Fault::of(twice, "is named twice", hint).in_file(section.place_of("headers"), "headers"));
        }
        let client_id = section.text("client_id", "client_id = \"lamplighter\"", word::client_id)?;
        let grant = section.text("grant", "grant = \"authorization_code\"", word::grant)?.unwrap_or_default();
        if grant == GrantKind::ClientCredentials && client_id.is_none() {
            let hint = "name the client that is registered at the authorization server; for example client_id = \"lamplighter\"";
            return Err(
                Fault::of(grant.as_str(), "needs a client_id", hint).in_file(section.place_of("grant"), "grant")
            );
        }
        let token = section.table("token", "[workload.token]", &times::keys())?;
        Ok(Self {
            name: section.text("name", name, Name::read)?.ok_or_else(|| missing("name", name))?,
            url: section.text("url", url, address::workload)?.ok_or_else(|| missing("url", url))?,
            client_id,
            scopes: section.list("scopes", "scopes = [\"read\", \"write\"]", word::scope)?,
            resource: section.item("resource", resource)?.unwrap_or_default(),
            issuer: section.text("issuer", "issuer = \"https://auth.example.com\"", address::issuer)?,
            grant,
            headers,
            stopped: section.truth("stopped")?.unwrap_or_default(),
            token: all.clone().with_table(token)?.policy()?,
        })
    }
}

/// `resource = "…"` is sent to the letter, `resource = false` means that none is sent.
fn resource(item: &toml_edit::Item) -> Result<Resource, Fault> {
    const EXAMPLE: &str = "resource = \"https://mcp.example.com\"; resource = false sends none";
    match item.as_bool() {
        Some(false) => Ok(Resource::Omitted),
        Some(true) => Err(Fault::literal("true".to_owned(), "names no resource", format!("for example {EXAMPLE}"))),
        None => address::resource(text(item, EXAMPLE)?),
    }
}

fn repeated(headers: &[String]) -> Option<&str> {
    headers.iter().enumerate().find_map(|(index, header)| {
        headers[..index].iter().any(|earlier| earlier.eq_ignore_ascii_case(header)).then_some(header.as_str())
    })
}
