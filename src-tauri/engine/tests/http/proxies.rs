//! Proxies of the environment.

use std::net::SocketAddr;

use lamplighter_core::condition::Transport;
use lamplighter_core::config::Environment;
use lamplighter_engine::http::{Fault, HttpClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::tls::{Authority, Proxy, join};
use crate::{get, text};

fn with(mut environment: Environment, variables: &[(&str, String)]) -> HttpClient {
    environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    HttpClient::new(&environment).unwrap()
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_the_proxy_sees_the_name_alone() {
    let authority = Authority::new();
    let server = authority.serve(&["mcp.test"], &["h2"], |path| (200, path.to_owned())).await;
    let proxy = Proxy::before(server, Some("me:p@ss")).await;
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let http = with(authority.trusted(), &[(variable, format!("http://me:p%40ss@{}", proxy.address))]);
        assert!(!format!("{http:?}").contains("p@ss") && !format!("{http:?}").contains("p%40ss"));
        let answer = get(&http, "https://mcp.test/secret").await.unwrap();
        assert_eq!(text(&answer), "/secret");
    }
    for head in proxy.heads() {
        assert!(head.starts_with("CONNECT mcp.test:443 HTTP/1.1\r\n") && !head.contains("secret"), "{head}");
    }
}

/// A SOCKS 5 proxy that sends every connection to `server` (RFC 1928, without authentication).
async fn socks_before(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut greeting = [0; 3];
                stream.read_exact(&mut greeting).await.unwrap();
                stream.write_all(&[5, 0]).await.unwrap();
                let mut head = [0; 5];
                stream.read_exact(&mut head).await.unwrap();
                assert_eq!(head[..4], [5, 1, 0, 3], "a name, for the proxy to look up");
                let mut rest = vec![0; usize::from(head[4]) + 2];
                stream.read_exact(&mut rest).await.unwrap();
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
                join(stream, server).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_socks_proxy_looks_the_name_up() {
    let authority = Authority::new();
    let server = authority.serve(&["mcp.test"], &[], |path| (200, path.to_owned())).await;
    let address = socks_before(server).await;
    for scheme in ["socks5", "socks5h"] {
        let http = with(authority.trusted(), &[("ALL_PROXY", format!("{scheme}://{address}"))]);
        assert_eq!(text(&get(&http, "https://mcp.test/a").await.unwrap()), "/a");
    }
}

#[tokio::test]
async fn http_is_asked_of_the_proxy_in_absolute_form() {
    let nowhere = "127.0.0.1:1".parse().unwrap();
    let proxy = Proxy::before(nowhere, Some("me:pass")).await;
    let http = with(Environment::new(), &[("HTTP_PROXY", format!("http://me:pass@{}", proxy.address))]);
    assert_eq!(text(&get(&http, "http://mcp.test/a?b").await.unwrap()), "proxy");
    let heads = proxy.heads();
    assert!(heads[0].starts_with("GET http://mcp.test/a?b HTTP/1.1\r\n"), "{}", heads[0]);
}

#[tokio::test]
async fn loopback_and_the_exceptions_are_reached_straight() {
    let authority = Authority::new();
    let server = authority.serve(&["127.0.0.1", "localhost"], &[], |_| (200, "straight".to_owned())).await;
    let proxy = Proxy::before(server, None).await;
    let environment =
        [("ALL_PROXY", format!("http://{}", proxy.address)), ("NO_PROXY", "10.1.0.0/16, .invalid".to_owned())];
    let http = with(authority.trusted(), &environment);
    for host in ["127.0.0.1", "localhost"] {
        let answer = get(&http, &format!("https://{host}:{}/", server.port())).await.unwrap();
        assert_eq!(text(&answer), "straight");
    }
    let excepted = format!("http://{}.invalid/", "a".repeat(64));
    assert_eq!(get(&http, &excepted).await.unwrap_err().fault, Fault::Transport(Transport::Dns));
    assert!(proxy.heads().is_empty());
}

#[tokio::test]
async fn a_proxy_that_does_not_let_us_through_is_in_the_way() {
    let proxy = Proxy::before("127.0.0.1:1".parse().unwrap(), Some("me:pass")).await;
    let http = with(Environment::new(), &[("HTTPS_PROXY", format!("http://me:wrong@{}", proxy.address))]);
    let error = get(&http, "https://mcp.test/").await.unwrap_err();
    assert_eq!(error.fault, Fault::Transport(Transport::Unreachable));
    assert!(!format!("{error:?}").contains("wrong"));

    for scheme in ["http", "socks5"] {
        let http = with(Environment::new(), &[("HTTPS_PROXY", format!("{scheme}://127.0.0.1:1"))]);
        let fault = get(&http, "https://mcp.test/").await.unwrap_err().fault;
        assert_eq!(fault, Fault::Transport(Transport::Refused), "{scheme}");
    }
}

#[test]
fn an_address_that_cannot_be_used_is_named_without_its_password() {
    for value in ["ftp://me:pass@proxy:1", "socks4://me:pass@proxy", "http://me:pass@", "me pass"] {
        let environment: Environment = [("HTTPS_PROXY".to_owned(), value.to_owned())].into();
        let error = HttpClient::new(&environment).unwrap_err();
        assert!(error.problem.contains("HTTPS_PROXY") && !format!("{error:?}").contains("pass"), "{error:?}");
    }
}
