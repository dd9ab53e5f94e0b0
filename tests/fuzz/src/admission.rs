//! `Host`, `Origin` and path of a local request, a line for each.

use std::net::{IpAddr, SocketAddr};

use lamplighter_core::admission::{Area, Key, admit};
use url::{Host, Url};

pub(crate) fn admission(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n');
    let [host, origin, path] = std::array::from_fn(|_| lines.next().filter(|line| !line.is_empty()));
    for address in ["127.0.0.1:4114", "[::1]:4114", "127.0.0.1:80"] {
        let address: SocketAddr = address.parse().unwrap();
        if admit(host, origin, Key::Api, Area::Control, address).is_ok() {
            assert!(names(&format!("http://{}", host.unwrap_or_default()), address), "{host:?} is not {address}");
            assert!(origin.is_none_or(|origin| names(origin, address)), "{origin:?} is not {address}");
        }
    }
    let address = SocketAddr::from(([127, 0, 0, 1], 4114));
    let area = Area::of(path.unwrap_or_default());
    let opens = |key| admit(Some("localhost:4114"), None, key, area, address).is_ok();
    assert_eq!(opens(Key::Unknown), area == Area::Public);
    assert_eq!(opens(Key::Client), area != Area::Control);
    assert!(opens(Key::Api));
    // However a path is written, what another reader could take for the API is not for everybody.
    let resolved = Url::parse("http://localhost").unwrap().join(path.unwrap_or("/"));
    if area == Area::Public && resolved.is_ok_and(|url| url.path().starts_with("/api")) {
        assert!(path.is_some_and(|path| path.starts_with("/assets/") || path.starts_with("/.well-known/")));
    }
}

/// Whether `origin` is one of this machine's with the port of `address`, as a browser reads it.
fn names(origin: &str, address: SocketAddr) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical().is_loopback(),
        None => false,
    };
    loopback && url.port_or_known_default() == Some(address.port()) && url.username().is_empty()
}
