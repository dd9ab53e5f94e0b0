//! How a failure without an answer is told from another.

use std::future::pending;
use std::net::SocketAddr;

use lamplighter_core::condition::Transport;
use lamplighter_engine::http::{Fault, HttpClient};
use lamplighter_engine::machine::Machine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::tls::Authority;
use crate::{get, http};

/// A server that does `this` with each connection.
async fn serving<F: Future<Output = ()> + Send>(this: impl Fn(TcpStream) -> F + Copy + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            this(stream).await;
        }
    });
    address
}

async fn fault(url: &str) -> Fault {
    get(&http(), url).await.unwrap_err().fault
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(fault(&format!("http://{address}/")).await, Fault::Transport(Transport::Refused));
}

#[tokio::test]
async fn a_name_without_an_address_is_a_matter_of_dns() {
    // A label of more than 63 characters fails in every resolver, without a network.
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://{}.invalid/", "a".repeat(64));
        assert_eq!(fault(&url).await, Fault::Transport(Transport::Dns));
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_looked_up_without_a_network_says_nothing_of_names() {
    let http = http().on(&Machine::new(|| false).0);
    let error = get(&http, &format!("http://{}.invalid/", "a".repeat(64))).await.err().unwrap();
    assert_eq!(error.fault, Fault::Transport(Transport::Offline));
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = get(&http, &format!("http://{refusing}/")).await.err().unwrap();
    assert_eq!(error.fault, Fault::Transport(Transport::Refused), "whoever refuses was reached");
}

#[tokio::test]
async fn a_connection_that_is_being_opened_is_given_up_when_the_network_changes() {
    let http = http();
    // It takes the connection and never begins TLS.
    let (accepted, mut opened) = tokio::sync::mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            accepted.send(stream).unwrap();
        }
    });
    let asking = http.clone();
    let asked = tokio::spawn(async move { get(&asking, &url).await.err().unwrap().fault });
    let _held = opened.recv().await.unwrap();
    http.forget_connections();
    assert_eq!(asked.await.unwrap(), Fault::Transport(Transport::Reset));
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_was_closed() {
    let address = serving(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    assert_eq!(fault(&format!("http://{address}/")).await, Fault::Transport(Transport::Closed));
    assert_eq!(fault(&format!("https://{address}/")).await, Fault::Transport(Transport::Closed));
}

#[tokio::test]
async fn a_connection_that_is_thrown_away_was_reset() {
    // What was sent and never read makes the kernel answer the close with a reset.
    let address = serving(|mut stream| async move {
        let _ = stream.read(&mut [0; 1]).await;
    })
    .await;
    assert_eq!(fault(&format!("http://{address}/")).await, Fault::Transport(Transport::Reset));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_never_ends_times_out() {
    let address = serving(|stream| async move {
        pending::<()>().await;
        drop(stream);
    })
    .await;
    assert_eq!(fault(&format!("https://{address}/")).await, Fault::Transport(Transport::Timeout));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_trusted() {
    let address = serving(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    assert_eq!(fault(&format!("https://{address}/")).await, Fault::Tls);
}

#[tokio::test]
async fn a_certificate_of_a_stranger_is_not_trusted() {
    let address = Authority::new().serve(&["127.0.0.1"], &[], |_| (200, String::new())).await;
    assert_eq!(fault(&format!("https://{address}/")).await, Fault::Tls);
}

#[tokio::test]
async fn a_server_that_says_go_away_closed() {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GO_AWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["127.0.0.1"], &["h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        stream.write_all(&[&SETTINGS[..], &GO_AWAY].concat()).await.unwrap();
        while let Ok(1..) = stream.read(&mut [0; 4096]).await {}
    });
    let http = HttpClient::new(&authority.trusted()).unwrap();
    let error = get(&http, &format!("https://{address}/")).await.unwrap_err();
    assert_eq!(error.fault, Fault::Transport(Transport::Closed), "{error:?}");
}
