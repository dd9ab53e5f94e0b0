//! Adding a workload. Secrets come from standard input or the environment.

use std::collections::BTreeMap;

use lamplighter_client::Client;
use lamplighter_core::config::GrantKind;
use lamplighter_engine::api::{Added, NewWorkloadRequest};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::Ended;
use crate::args::{Add, Grant};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::ports::{Out, Ports};
use crate::view;

pub(super) async fn add(add: Add, engine: &Client, mut ports: Ports, out: &mut Out) -> Ended {
    let request = request(add, &mut ports).await?;
    let added: Added = engine.post(&["workloads"], &request).await?;
    for line in view::added(&added) {
        out.line(&line)?;
    }
    Ok(ExitCode::Done)
}

async fn request(add: Add, ports: &mut Ports) -> Result<NewWorkloadRequest, Failure> {
    let headers = add.headers.iter().map(|header| split(header)).collect::<Result<BTreeMap<_, _>, _>>()?;
    let variable = |name: &str| ports.environment.get(name).map(|value| SecretString::from(value.as_str()));
    let client_secret = if add.client_id.is_some() { variable("LAMPLIGHTER_CLIENT_SECRET") } else { None };
    let bearer = if add.grant == Some(Grant::Bearer) { variable("LAMPLIGHTER_BEARER") } else { None };
    Ok(NewWorkloadRequest {
        client_secret: if add.client_secret_stdin { Some(line(ports, "client secret").await?) } else { client_secret },
        bearer: if add.bearer_stdin { Some(line(ports, "token").await?) } else { bearer },
        name: add.name,
        url: add.url,
        client_id: add.client_id,
        scopes: add.scopes,
        resource: add.resource,
        no_resource: add.no_resource,
        issuer: add.issuer,
        grant: add.grant.map(GrantKind::from),
        headers,
    })
}

/// Splits `K=V`; the value is a secret, so an error does not quote it.
fn split(header: &str) -> Result<(String, SecretString), Failure> {
    match header.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.into())),
        Some(_) | None => Err(Failure::new(ExitCode::Usage, "a --header is not of the form NAME=VALUE")
            .hint("write it like `--header X-Team=blue`")),
    }
}

/// The first line of standard input: `what`.
async fn line(ports: &mut Ports, what: &str) -> Result<SecretString, Failure> {
    let mut line = String::new();
    let read = BufReader::new(&mut ports.input).read_line(&mut line).await;
    read.map_err(|error| Failure::failed(format!("the {what} could not be read from standard input: {error}")))?;
    let secret = SecretString::from(line.trim());
    if line.trim().is_empty() {
        return Err(Failure::new(ExitCode::Usage, format!("standard input held no {what}")).hint(format!(
            "pipe it in, such as `printf %s \"$SECRET\" | lamplighter add …`; the {what} is its first line"
        )));
    }
    Ok(secret)
}
