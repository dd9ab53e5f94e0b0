//! Addresses: where to listen, where a workload is, who signs it in.
//!
//! An address may hold a secret (a password, a key in its query), so what an error shows of it is
//! cut before either.

use std::net::SocketAddr;

use url::{Host, Url};

use super::Resource;
use super::error::Fault;

const URL_HINT: &str = "https is allowed, and http on this machine (127.0.0.1, localhost, [::1]); for example \
                        \"https://mcp.linear.app/mcp\"";
const ISSUER_HINT: &str = "the issuer is the authorization server's https address without query and fragment (RFC 8414 \
                           section 2); for example \"https://auth.example.com\"";
const METADATA_HINT: &str = "a Client ID Metadata Document is an https address with a path; for example \
                             \"https://example.com/lamplighter.json\"";
const RESOURCE_HINT: &str = "a resource is an absolute URI without a fragment (RFC 8707 section 2), sent to the letter; \
                             for example \"https://mcp.example.com\"";
const LISTEN_HINT: &str = "only loopback addresses are allowed, since whoever reaches the port reaches the workloads; for \
                           example \"127.0.0.1:4114\" or \"[::1]:4114\"";

/// Parses where to listen: an address of this machine that no other machine reaches.
pub(super) fn listen(text: &str) -> Result<SocketAddr, Fault> {
    let address: SocketAddr =
        text.parse().map_err(|_| Fault::of(text, "is not an IP address with a port", LISTEN_HINT))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(Fault::of(text, "is not a loopback address", LISTEN_HINT))
    }
}

/// Parses the address of a workload.
pub(super) fn workload(text: &str) -> Result<Url, Fault> {
    secure(text, URL_HINT)
}

/// Parses an issuer (RFC 8414 section 2).
pub(super) fn issuer(text: &str) -> Result<Url, Fault> {
    let url = secure(text, ISSUER_HINT)?;
    if url.query().is_some() {
        return Err(refusal(text, "has a query", ISSUER_HINT));
    }
    Ok(url)
}

/// Parses the address of a Client ID Metadata Document.
pub(super) fn client_metadata(text: &str) -> Result<Url, Fault> {
    let url = secure(text, METADATA_HINT)?;
    if url.scheme() != "https" {
        return Err(refusal(text, "is not an https address", METADATA_HINT));
    }
    if url.path() == "/" {
        return Err(refusal(text, "has no path", METADATA_HINT));
    }
    Ok(url)
}

/// Parses a `resource` of RFC 8707, kept to the letter.
pub(super) fn resource(text: &str) -> Result<Resource, Fault> {
    let url = absolute(text, RESOURCE_HINT)?;
    if url.cannot_be_a_base() && url.path().is_empty() {
        return Err(refusal(text, "names nothing", RESOURCE_HINT));
    }
    Ok(Resource::Fixed(text.to_owned()))
}

/// https, or http that does not leave this machine.
fn secure(text: &str, hint: &str) -> Result<Url, Fault> {
    let url = absolute(text, hint)?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if on_loopback(&url) => Ok(url),
        "http" => Err(refusal(text, "would send tokens unencrypted over the network", hint)),
        _ => Err(refusal(text, "is neither an https nor an http address", hint)),
    }
}

/// An absolute address without user, password and fragment.
fn absolute(text: &str, hint: &str) -> Result<Url, Fault> {
    let url = Url::parse(text).map_err(|_| refusal(text, "is not an absolute address", hint))?;
    // The parser drops such characters, so that what is used would not be what was written.
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err(refusal(text, "has a space or a line break in it", hint));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refusal(text, "names a user or a password, which is not allowed in an address", hint));
    }
    if url.fragment().is_some() {
        return Err(refusal(text, "has a fragment (#…), which is not allowed here", hint));
    }
    Ok(url)
}

fn on_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A refusal that shows nothing which could be a secret.
fn refusal(text: &str, predicate: &str, hint: &str) -> Fault {
    // An @ may end a password that has every other character before it.
    if text.contains('@') {
        return Fault::unshown(predicate, hint);
    }
    match text.find(['?', '#']) {
        Some(cut) => Fault::of(&format!("{}…", &text[..cut]), predicate, hint),
        None => Fault::of(text, predicate, hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_keep_a_token_safe_are_taken() {
        for text in [
            "https://mcp.linear.app/mcp",
            "https://mcp.example.com",
            "https://mcp.example.com:8443/a?tenant=1",
            "https://10.0.0.1/mcp",
            "http://127.0.0.1:8080/mcp",
            "http://127.9.9.9/mcp",
            "http://localhost/mcp",
            "http://LOCALHOST:1/mcp",
            "http://[::1]:1/mcp",
        ] {
            assert!(workload(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for text in [
            "",
            "mcp.linear.app/mcp",
            "//mcp.linear.app",
            "http://mcp.linear.app/mcp",
            "http://10.0.0.1/mcp",
            "http://localhost.example.com/mcp",
            "http://[::ffff:127.0.0.1]/mcp",
            "ftp://mcp.linear.app",
            "file:///etc/hosts",
            "https://",
            "https://user@mcp.linear.app",
            "https://:word@mcp.linear.app",
            "https://mcp.linear.app/#part",
            "https://mcp.linear.app/\nmcp",
            " https://mcp.linear.app/mcp",
        ] {
            assert!(workload(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_refusal_shows_no_secret() {
        for text in [
            "https://user:s3cret@mcp.linear.app",
            "https://s3cret@mcp.linear.app",
            "http://mcp.linear.app/?key=s3cret",
            "ftp://mcp.linear.app/#s3cret",
            "user:s3cret@mcp",
            "https://user:a?b#s3cret@mcp.linear.app:x",
        ] {
            let fault = workload(text).expect_err(text);
            assert!(!format!("{fault:?}").contains("s3cret"), "{fault:?}");
        }
    }

    #[test]
    fn only_loopback_is_listened_on() {
        for text in ["127.0.0.1:4114", "127.0.0.1:0", "127.0.0.2:80", "[::1]:4114"] {
            assert!(listen(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "4114",
            ":4114",
            "127.0.0.1",
            "localhost:4114",
            "0.0.0.0:4114",
            "[::]:4114",
            "192.168.1.2:4114",
            "127.0.0.1:65536",
        ] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_metadata_document_has_a_path_and_is_on_https() {
        assert!(client_metadata("https://example.com/client.json").is_ok());
        for text in ["https://example.com", "https://example.com/", "http://127.0.0.1/client.json"] {
            assert!(client_metadata(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_issuer_has_no_query() {
        assert!(issuer("https://auth.example.com/tenant").is_ok());
        assert!(issuer("https://auth.example.com/?tenant=1").is_err());
    }

    #[test]
    fn a_resource_is_kept_to_the_letter() {
        for text in ["https://mcp.example.com", "api://2f0e4c1e", "urn:example:mcp"] {
            assert_eq!(resource(text), Ok(Resource::Fixed(text.to_owned())));
        }
        for text in ["", "mcp", "https://mcp.example.com/#part", "urn:"] {
            assert!(resource(text).is_err(), "{text}");
        }
    }
}
