//! Nobody takes up the port for ever.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use futures_util::FutureExt;
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::server::stage::{Stage, StillClock, upstream};
use crate::server::{Limits, accept};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n";

async fn stage(limits: Limits) -> Stage {
    Stage::with(&upstream(async |_| Response::new(Body::from("ok"))).await, limits).await
}

async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_given_up() {
    let stage = stage(Limits { head_time: Duration::from_millis(50), ..Limits::default() }).await;
    let answer = rest(stage.write("GET /healthz HTTP/1.1\r\nHost: ").await).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    assert!(stage.raw(HEALTH).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed() {
    let stage = stage(Limits { head_time: Duration::from_millis(250), ..Limits::default() }).await;
    let answer = rest(stage.write("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let stage = stage(Limits { head_length: 8192, ..Limits::default() }).await;
    let long = "x".repeat(9000);
    let answer = stage.raw(&format!("GET /healthz HTTP/1.1\r\nHost: {{host}}\r\nX-Long: {long}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_connection_too_many_waits_until_there_is_room() {
    let stage = stage(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = stage.write("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n").await;
    let mut start = [0; 15];
    first.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    assert!(
        stage
            .metrics
            .render(&lamplighter_core::Snapshot::default(), crate::metrics::Format::Prometheus)
            .contains("open_connections 1")
    );

    let second = stage.write(HEALTH).await;
    let mut byte = [0];
    for _ in 0..1000 {
        tokio::task::yield_now().await;
        assert!(second.try_read(&mut byte).is_err());
    }
    drop(first);
    assert!(rest(second).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_flood_without_a_key_pushes_out_itself_and_no_client() {
    let stage = stage(Limits { strangers: 4, ..Limits::default() }).await;
    let call = "POST /linear/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 0\r\n\r\n";
    let mut client = stage.write(call).await;
    let mut start = [0; 15];
    client.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");

    let mut slow = Vec::new();
    for _ in 0..100 {
        slow.push(stage.write("GET /healthz HTTP/1.1\r\nHost: ").await);
    }
    for flooded in slow.drain(..96) {
        assert_eq!(rest(flooded).await, "");
    }
    assert!(stage.raw(HEALTH).await.starts_with("HTTP/1.1 200 "), "a newcomer gets a place as well");
    client.write_all(HEALTH.replace("{host}", &stage.address.to_string()).as_bytes()).await.unwrap();
    assert!(rest(client).await.contains("HTTP/1.1 200 OK"), "a client keeps its connection");
}

#[tokio::test]
async fn many_clients_at_once_are_all_heard() {
    let stage = stage(Limits { strangers: 4, ..Limits::default() }).await;
    let call = "POST /linear/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 0\r\n\r\n";
    // All are there, with their keys, before the first is accepted.
    let mut clients: Vec<_> = (0..100).map(|_| stage.call_at_once(call)).collect();
    for client in &mut clients {
        client.set_nonblocking(true).unwrap();
    }
    for client in clients {
        let mut start = [0; 15];
        TcpStream::from_std(client).unwrap().read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
    }
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let stage = stage(Limits::default()).await;
    let head = "GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n";
    let mut stream = stage.write(head).await;
    let mut start = [0; 15];
    stream.read_exact(&mut start).await.unwrap();
    let host = stage.address.to_string();
    stream.write_all(HEALTH.replace("{host}", &host).as_bytes()).await.unwrap();
    assert!(rest(stream).await.contains("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_system_out_of_file_descriptors_is_given_time() {
    let clock = StillClock::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let tries = AtomicUsize::new(0);
    let next = || async {
        match tries.fetch_add(1, Ordering::Relaxed) {
            // EMFILE, and between two of them a client that left before it was accepted.
            0 | 2 => Err(io::Error::from_raw_os_error(24)),
            1 => Err(io::ErrorKind::ConnectionAborted.into()),
            _ => listener.accept().await,
        }
    };
    let seats = Arc::new(Semaphore::new(1));
    let mut said = None;
    let mut accepted = std::pin::pin!(accept(next, &seats, &clock, &mut said));
    assert!(accepted.as_mut().now_or_never().is_none());
    assert_eq!(tries.load(Ordering::Relaxed), 1);
    clock.advance(Duration::from_millis(50));
    assert!(accepted.as_mut().now_or_never().is_none());
    assert_eq!(tries.load(Ordering::Relaxed), 3);
    clock.advance(Duration::from_millis(100));
    let (_stream, seat) = accepted.await;
    assert!(seat.is_some() && seats.available_permits() == 0);
}
