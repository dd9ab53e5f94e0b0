//! Where a message ends, and what comes after it: lengths, trailers, interim answers, other protocols.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::fidelity::recorder;
use crate::server::stage::{Stage, read, upstream};

#[tokio::test]
async fn trailers_pass_both_ways() {
    let url = upstream(async |request: http::Request<hyper::body::Incoming>| {
        let up = request.into_body().collect().await.unwrap().trailers().unwrap()["x-sum"].clone();
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum-back", up);
        let frames = [Frame::data(Bytes::from("body")), Frame::trailers(trailers)];
        let body = StreamBody::new(futures_util::stream::iter(frames.map(Ok::<_, std::io::Error>)));
        Response::builder().header("trailer", "x-sum-back").body(Body::new(body)).unwrap()
    })
    .await;
    let stage = Stage::before(&url).await;
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("42"));
    let frames = [Frame::data(Bytes::from("{}")), Frame::trailers(trailers)];
    let body = Body::new(StreamBody::new(futures_util::stream::iter(frames.map(Ok::<_, std::io::Error>))));
    let request = stage.request("POST", "/linear/mcp").header("te", "trailers").header("trailer", "x-sum");
    let answer = stage.send(request.body(body).unwrap()).await;
    assert_eq!(answer.headers()["trailer"], "x-sum-back");
    let body = answer.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["x-sum-back"], "42");
    assert_eq!(body.to_bytes(), "body");
}

#[tokio::test]
async fn the_answer_to_head_keeps_its_length_and_has_no_body() {
    let url =
        upstream(async |_| Response::builder().header("content-length", "1234").body(Body::empty()).unwrap()).await;
    let stage = Stage::before(&url).await;
    let answer = stage.send(stage.request("HEAD", "/linear/mcp").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers()["content-length"], "1234");
    assert_eq!(read(answer.into_body()).await, "");
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it_and_its_answer() {
    let (url, mut recorded) = recorder().await;
    let stage = Stage::before(&url).await;
    let head = "POST /linear/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 2\r\n\
                Expect: 100-continue\r\nConnection: close\r\n\r\n";
    let mut stream = stage.write(head).await;
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(recorded.recv().await.unwrap().1, "{}");
}

#[tokio::test]
async fn a_client_of_http_1_0_is_served() {
    let (url, mut recorded) = recorder().await;
    let stage = Stage::before(&url).await;
    let answer = stage
        .raw("POST /linear/mcp HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 2\r\n\r\n{}")
        .await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\n{}"), "{answer}");
    assert_eq!(recorded.recv().await.unwrap().0.version, http::Version::HTTP_11);
}

#[tokio::test]
async fn a_request_of_two_lengths_goes_up_as_one_request() {
    let (url, mut recorded) = recorder().await;
    let stage = Stage::before(&url).await;
    let answer = stage
        .raw(
            "POST /linear/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 4\r\n\
             Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /linear/mcp/smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n",
        )
        .await;
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    let (head, body) = recorded.recv().await.unwrap();
    assert_eq!(body, "{}");
    assert!(!head.headers.contains_key("content-length"));
    assert!(recorded.try_recv().is_err());
}

#[tokio::test]
async fn requests_that_two_servers_would_read_differently_are_refused() {
    let (url, mut recorded) = recorder().await;
    let stage = Stage::before(&url).await;
    for fields in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: +2",
        "Content-Length: 2, 2",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Content-Length : 2",
        " Content-Length: 2",
    ] {
        let head = "POST /linear/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n";
        let answer = stage.raw(&format!("{head}{fields}\r\n\r\n{{}}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{fields}: {answer}");
    }
    assert!(recorded.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_of_two_lengths_comes_down_as_one_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = Stage::before(&format!("http://{}/mcp", listener.local_addr().unwrap())).await;
    let upstream = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
                      4\r\nfour\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nX-Smuggled: yes\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream
    };
    let (answer, _stream) = tokio::join!(stage.post("{}"), upstream);
    assert!(!answer.headers().contains_key("content-length"));
    assert_eq!(read(answer.into_body()).await, "four");
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_off_here_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = Stage::before(&format!("http://{}/mcp", listener.local_addr().unwrap())).await;
    let upstream = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n").await.unwrap();
    };
    let (answer, ()) = tokio::join!(stage.post("{}"), upstream);
    assert!(answer.into_body().collect().await.is_err());
}

#[tokio::test]
async fn nobody_changes_the_protocol() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = Stage::before(&format!("http://{}/mcp", listener.local_addr().unwrap())).await;
    let upstream = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 4096];
        let length = stream.read(&mut asked).await.unwrap();
        let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(switch).await.unwrap();
        String::from_utf8(asked[..length].to_vec()).unwrap().to_ascii_lowercase()
    };
    let request = stage.request("GET", "/linear/mcp").header("connection", "upgrade").header("upgrade", "websocket");
    let (answer, asked) = tokio::join!(stage.send(request.body(Body::empty()).unwrap()), upstream);
    assert!(!asked.contains("upgrade") && !asked.contains("connection"), "{asked}");
    assert_eq!(answer.status(), 502);
}
