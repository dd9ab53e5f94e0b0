use proptest::prelude::*;

use super::*;

fn at(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn by(host: &str, origin: Option<&str>, port: u16) -> Result<(), Refusal> {
    admit(Some(host), origin, Key::Unknown, Area::Public, at(port))
}

#[test]
fn paths_have_areas() {
    for path in [
        "/",
        "/index.html",
        "/favicon.ico",
        "/signin",
        "/healthz",
        "/callback",
        "/assets",
        "/assets/index.js",
        "/.well-known/oauth-protected-resource/linear/mcp",
    ] {
        assert_eq!(Area::of(path), Area::Public, "{path}");
    }
    for path in ["/api", "/api/", "/api/v1/workloads", "/metrics"] {
        assert_eq!(Area::of(path), Area::Control, "{path}");
    }
    for path in [
        "/mcp",
        "/mcp/",
        "/linear/mcp",
        "/linear/mcp/.well-known/x",
        "/linear",
        "/apiary/mcp",
        "/healthz/",
        "/assetsx",
        "",
        "//",
        "//assets/x",
        "/%61pi/v1",
        "/.well-knownx",
        "/signin/x",
        "/metrics/",
    ] {
        assert_eq!(Area::of(path), Area::Mcp, "{path}");
    }
}

#[test]
fn loopback_names_with_our_port_are_hosts() {
    for host in ["127.0.0.1:4114", "localhost:4114", "LocalHost:4114", "[::1]:4114", "[0:0:0:0:0:0:0:1]:4114"] {
        assert_eq!(by(host, None, 4114), Ok(()), "{host}");
    }
    for host in ["127.0.0.1", "localhost", "[::1]", "localhost:80"] {
        assert_eq!(by(host, None, 80), Ok(()), "{host}");
    }
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], 4114));
    assert_eq!(admit(Some("127.0.0.2:4114"), None, Key::Unknown, Area::Public, elsewhere), Ok(()));
}

#[test]
fn other_hosts_are_refused() {
    for host in [
        "",
        ":4114",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "127.0.0.1:4115",
        "127.0.0.1:",
        "127.0.0.1:+4114",
        "127.0.0.1:04114x",
        "127.0.0.2:4114",
        "0.0.0.0:4114",
        "10.0.0.1:4114",
        "127.1:4114",
        "2130706433:4114",
        "0x7f.0.0.1:4114",
        "::1:4114",
        "[127.0.0.1]:4114",
        "[::1:4114",
        "[::1]4114",
        "[::ffff:127.0.0.1]:4114",
        "example.com:4114",
        "localhost.example.com:4114",
        "localhost.:4114",
        "evil@localhost:4114",
        "localhost:4114/",
        "localhost:4114@evil.example",
        " localhost:4114",
        "localhost:4114,evil.example",
    ] {
        assert_eq!(by(host, None, 4114), Err(Refusal::Host), "{host}");
    }
    assert_eq!(admit(None, None, Key::Api, Area::Mcp, at(4114)), Err(Refusal::Host));
}

#[test]
fn only_our_origin_passes() {
    for origin in ["http://127.0.0.1:4114", "http://localhost:4114", "http://[::1]:4114"] {
        assert_eq!(by("localhost:4114", Some(origin), 4114), Ok(()), "{origin}");
    }
    assert_eq!(by("localhost", Some("http://localhost"), 80), Ok(()));
    for origin in [
        "",
        "null",
        "http://",
        "https://127.0.0.1:4114",
        "http://127.0.0.1:4115",
        "http://127.0.0.1",
        "http://127.0.0.1:4114/",
        "http://evil.example",
        "http://evil.example:4114",
        "http://localhost.evil.example:4114",
        "localhost:4114",
        "file://",
        "http://localhost:4114 http://evil.example",
        "tauri://localhost",
        "héé://localhost:4114",
    ] {
        assert_eq!(by("localhost:4114", Some(origin), 4114), Err(Refusal::Origin), "{origin}");
    }
}

#[test]
fn keys_open_their_areas() {
    for (area, key, passes) in [
        (Area::Public, Key::Unknown, true),
        (Area::Public, Key::Client, true),
        (Area::Public, Key::Api, true),
        (Area::Mcp, Key::Unknown, false),
        (Area::Mcp, Key::Client, true),
        (Area::Mcp, Key::Api, true),
        (Area::Control, Key::Unknown, false),
        (Area::Control, Key::Client, false),
        (Area::Control, Key::Api, true),
    ] {
        let outcome = admit(Some("localhost:4114"), None, key, area, at(4114));
        assert_eq!(outcome, if passes { Ok(()) } else { Err(Refusal::Key) }, "{area:?} {key:?}");
    }
}

#[test]
fn host_comes_before_origin_and_origin_before_key() {
    let address = at(4114);
    let (host, origin) = (Some("evil.example"), Some("http://evil.example"));
    assert_eq!(admit(host, origin, Key::Unknown, Area::Control, address), Err(Refusal::Host));
    assert_eq!(admit(Some("localhost:4114"), origin, Key::Unknown, Area::Control, address), Err(Refusal::Origin));
    assert_eq!(admit(Some("localhost:4114"), None, Key::Unknown, Area::Control, address), Err(Refusal::Key));
}

#[test]
fn every_refusal_says_what_to_do() {
    let words = [Refusal::Host, Refusal::Origin, Refusal::Key]
        .map(|refusal| [refusal.code(), refusal.title(), refusal.detail(), refusal.hint()].join("\n"))
        .join("\n\n");
    insta::assert_snapshot!(words);
}

proptest! {
    #[test]
    fn no_text_panics(host in "\\PC*", origin in "\\PC*", path in "\\PC*", port: u16) {
        let _ = admit(Some(&host), Some(&origin), Key::Api, Area::of(&path), at(port));
    }

    #[test]
    fn a_foreign_name_never_passes(name in "[a-z]{1,12}(\\.[a-z]{2,9}){1,3}") {
        prop_assert_eq!(by(&format!("{name}:4114"), None, 4114), Err(Refusal::Host));
        prop_assert_eq!(by("localhost:4114", Some(&format!("http://{name}:4114")), 4114), Err(Refusal::Origin));
    }
}
