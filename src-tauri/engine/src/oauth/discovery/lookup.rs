//! Fetching a metadata document: where one may be asked for, how far a redirect is followed, how often.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::http::{Fetched, HttpClient, is_loopback, outgoing};
use crate::oauth::SignInError;
use crate::oauth::exchange::{BODY_BOUND, request, shown, unreachable};

/// Requests for one discovery.
const REQUESTS: u32 = 10;

/// Redirects for one document.
const REDIRECTS: u32 = 3;

/// One discovery's way of asking.
pub(super) struct Lookup<'a> {
    http: &'a HttpClient,
    /// Whether the workload itself is on a private address.
    private: bool,
    left: u32,
    /// Which hosts are on private addresses, as far as asked.
    hosts: BTreeMap<String, bool>,
    /// A server's passing trouble, which leaves open whether a document is there.
    trouble: Option<SignInError>,
}

/// What was at an address.
pub(super) enum Looked<T> {
    /// The document.
    Found(T),
    /// Something else; in words.
    Absent(String),
}

impl<'a> Lookup<'a> {
    pub(super) async fn new(http: &'a HttpClient, workload: &Url) -> Self {
        let mut lookup = Self { http, private: false, left: REQUESTS, hosts: BTreeMap::new(), trouble: None };
        lookup.private = lookup.is_private(workload).await;
        lookup
    }

    /// Asks for the JSON document at `address`.
    ///
    /// # Errors
    /// When it may not be asked for, or when no answer came.
    pub(super) async fn document<T: DeserializeOwned>(&mut self, address: &Url) -> Result<Looked<T>, SignInError> {
        let mut address = address.clone();
        for _ in 0..=REDIRECTS {
            let answer = self.ask(&address).await?;
            if answer.status.is_redirection() {
                match target(&address, &answer.headers) {
                    Some(next) if next.host() == address.host() && next.scheme() == address.scheme() => address = next,
                    Some(_) | None => return Ok(Looked::Absent("with a redirect elsewhere".to_owned())),
                }
                continue;
            }
            if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
                self.trouble.get_or_insert_with(|| SignInError {
                    problem: format!("{} answered {}", shown(&address), answer.status),
                    hint: Some("try again in a while".to_owned()),
                });
            }
            if answer.status != StatusCode::OK {
                return Ok(Looked::Absent(answer.status.to_string()));
            }
            let document = answer.body.and_then(|body| serde_json::from_slice(&body).ok());
            return Ok(document.map_or_else(|| Looked::Absent("something else".to_owned()), Looked::Found));
        }
        Ok(Looked::Absent("with one redirect after another".to_owned()))
    }

    async fn ask(&mut self, address: &Url) -> Result<Fetched, SignInError> {
        self.permit(address).await?;
        self.left = self.left.checked_sub(1).ok_or_else(|| SignInError {
            problem: format!("looking for the sign-in server took more than {REQUESTS} requests"),
            hint: Some("name the sign-in server with --issuer".to_owned()),
        })?;
        let request = request(Method::GET, address, None, Vec::new())?;
        let answer = self.http.ask(request.map(|body| outgoing(Bytes::from(body)))).await;
        let answer = answer.map_err(|error| unreachable(address, &error))?;
        // Some servers answer any GET with a stream that never ends: no document, and no byte of it is waited for.
        if is_stream(answer.headers()) {
            let (head, _) = answer.into_parts();
            return Ok(Fetched { status: head.status, headers: head.headers, body: None });
        }
        Ok(Fetched::read(answer, BODY_BOUND).await)
    }

    /// Passing trouble met on the way, if there was any: then nothing follows from a document that was not found.
    pub(super) fn trouble(&mut self) -> Result<(), SignInError> {
        self.trouble.take().map_or(Ok(()), Err)
    }

    /// Whether an address may be used: https, or http on loopback; private only where the workload is.
    pub(super) async fn permit(&mut self, address: &Url) -> Result<(), SignInError> {
        let refused = |why: &str| SignInError {
            problem: format!("{} must not be used: {why}", shown(address)),
            hint: Some("tell who runs the server that named it".to_owned()),
        };
        match address.scheme() {
            "https" => {}
            "http" if address.host_str().is_some_and(is_loopback) => {}
            _ => return Err(refused("it is not https")),
        }
        if !self.private && self.is_private(address).await {
            return Err(refused("it is on a private address, and the workload is not"));
        }
        Ok(())
    }

    /// Whether a host is on an address that is not for the world.
    async fn is_private(&mut self, url: &Url) -> bool {
        let name = match url.host() {
            Some(Host::Ipv4(address)) => return private(address.into()),
            Some(Host::Ipv6(address)) => return private(address.into()),
            Some(Host::Domain(name)) if is_loopback(name) => return true,
            Some(Host::Domain(name)) => name.to_owned(),
            None => return false,
        };
        if let Some(known) = self.hosts.get(&name) {
            return *known;
        }
        let addresses = match url.as_str().parse::<Uri>() {
            Ok(uri) => self.http.addresses(&uri).await,
            Err(_) => Vec::new(),
        };
        let found = addresses.into_iter().any(private);
        self.hosts.insert(name, found);
        found
    }
}

fn target(from: &Url, headers: &HeaderMap) -> Option<Url> {
    from.join(headers.get(LOCATION)?.to_str().ok()?).ok()
}

fn is_stream(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream"))
}

fn private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            shared
                || address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_for_the_world() {
        let table = [
            ("127.0.0.1", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("169.254.169.254", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("0.0.0.0", true),
            ("8.8.8.8", false),
            ("::1", true),
            ("::ffff:10.0.0.1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("2606:4700::1", false),
        ];
        for (address, expected) in table {
            assert_eq!(private(address.parse().unwrap()), expected, "{address}");
        }
    }
}
