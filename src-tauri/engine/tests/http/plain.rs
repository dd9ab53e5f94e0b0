//! What is sent, what is read, and which connections are kept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Version};
use http_body_util::BodyExt;
use lamplighter_core::condition::Transport;
use lamplighter_engine::http::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::{empty, get, http};

/// A server that tells what it was sent, gives the same answer to every request, and counts connections.
async fn raw(answer: impl Into<Vec<u8>>) -> (SocketAddr, mpsc::UnboundedReceiver<String>, Arc<AtomicUsize>) {
    let answer = Arc::new(answer.into());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let (answer, tell) = (Arc::clone(&answer), tell.clone());
            tokio::spawn(async move {
                let mut buffer = vec![0; 16 * 1024];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    let _ = tell.send(String::from_utf8(buffer[..read].to_vec()).unwrap());
                    let _ = stream.write_all(&answer).await;
                }
            });
        }
    });
    (address, told, connections)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn nothing_is_added_to_a_request() {
    let (address, mut told, _) = raw(OK).await;
    let url = format!("http://{address}/a?b=c");
    http().send(Request::get(&url).body(empty()).unwrap()).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), format!("GET /a?b=c HTTP/1.1\r\nhost: {address}\r\n\r\n"));

    let request = Request::post(&url).header("host", "else.example").header("x-a", "1").version(Version::HTTP_10);
    http().fetch(request.body(b"body".to_vec()).unwrap(), 10).await.unwrap();
    let sent = told.recv().await.unwrap();
    let expected = format!("POST /a?b=c HTTP/1.1\r\nx-a: 1\r\nhost: {address}\r\ncontent-length: 4\r\n\r\nbody");
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (address, mut told, _) = raw("HTTP/1.1 307 Go\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n").await;
    let answer = get(&http(), &format!("http://{address}/a")).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (307, &"/b".parse().unwrap()));
    assert!(told.recv().await.is_some() && told.try_recv().is_err());
}

#[tokio::test]
async fn trailers_are_kept() {
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n";
    let (address, _told, _) = raw(chunked).await;
    let answer = http().send(Request::get(format!("http://{address}/")).body(empty()).unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["x-sum"], "7");
}

#[tokio::test]
async fn a_body_is_read_whole_or_not_at_all() {
    let chunk = |size: usize| format!("{size:x}\r\n{}\r\n", "b".repeat(size));
    let chunked = |body: String| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}");
    let table = [
        (OK.to_owned(), Some(2)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1025\r\n\r\n".to_owned(), None),
        (chunked(chunk(1000) + &chunk(24) + "0\r\n\r\n"), Some(1024)),
        (chunked(chunk(1000) + &chunk(25)), None),
        (chunked(chunk(3) + "no chunk"), None),
    ];
    for (answer, length) in table {
        let (address, _told, _) = raw(answer).await;
        let answer = get(&http(), &format!("http://{address}/")).await.unwrap();
        assert_eq!(answer.body.map(|body| body.len()), length);
    }
}

#[tokio::test]
async fn a_header_section_has_its_bound() {
    let (address, _told, _) =
        raw(format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-long: {}\r\n\r\n", "x".repeat(200 * 1024))).await;
    let error = get(&http(), &format!("http://{address}/")).await.unwrap_err();
    assert_eq!(error.fault, Fault::Transport(Transport::Malformed));
}

#[tokio::test]
async fn connections_are_kept_until_they_are_forgotten() {
    let (address, _told, connections) = raw(OK).await;
    let (http, url) = (http(), format!("http://{address}/"));
    let pass = async || {
        let answer = http.send(Request::get(&url).body(empty()).unwrap()).await.unwrap();
        answer.into_body().collect().await.unwrap();
    };
    for _ in 0..3 {
        pass().await;
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    http.clone().forget_connections();
    pass().await;
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_is_asked_on_our_own_account_goes_over_no_connection_that_was_kept() {
    let (address, _told, connections) = raw(OK).await;
    let (http, url) = (http(), format!("http://{address}/"));
    for _ in 0..3 {
        get(&http, &url).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::Relaxed), 3);
}
