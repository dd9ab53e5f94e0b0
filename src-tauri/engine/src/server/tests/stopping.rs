//! How the port stops: nothing new, what is idle closed, what is under way finished, within bounds.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio_stream::StreamExt;

use crate::server::stage::{Stage, read, upstream};

/// An upstream that answers when it is told to: `GET` with an event stream that never ends.
async fn told() -> (String, mpsc::UnboundedReceiver<()>, Arc<Notify>) {
    let (tell, arrivals) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let told = Arc::clone(&go);
    let url = upstream(move |request: Request<Incoming>| {
        tell.send(()).unwrap();
        let told = Arc::clone(&told);
        async move {
            if request.method() == Method::GET {
                let first = stream::once(async { Ok::<_, Infallible>(Bytes::from("data: 1\n\n")) });
                let events = Body::from_stream(first.chain(stream::pending()));
                return Response::builder().header("content-type", "text/event-stream").body(events).unwrap();
            }
            told.notified().await;
            Response::new(Body::from("finished"))
        }
    })
    .await;
    (url, arrivals, go)
}

#[tokio::test]
async fn idle_connections_are_closed_and_none_is_accepted() {
    let (url, ..) = told().await;
    let stage = Stage::before(&url).await;
    let address = stage.address;
    let mut used = stage.write("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n").await;
    let mut start = [0; 15];
    used.read_exact(&mut start).await.unwrap();
    let mut fresh = stage.write("").await;
    stage.begin_stop();
    let mut rest = Vec::new();
    used.read_to_end(&mut rest).await.unwrap();
    let _ = fresh.read_to_end(&mut rest).await;
    stage.stopped().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_under_way_gets_its_answer() {
    let (url, mut arrivals, go) = told().await;
    let stage = Stage::before(&url).await;
    let stop = async {
        arrivals.recv().await.unwrap();
        stage.begin_stop();
        while TcpStream::connect(stage.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        go.notify_one();
    };
    let (answer, ()) = tokio::join!(stage.post("{}"), stop);
    assert_eq!(read(answer.into_body()).await, "finished");
    stage.stopped().await;
}

#[tokio::test]
async fn an_event_stream_that_answers_no_question_ends_cleanly() {
    let (url, _arrivals, _go) = told().await;
    let stage = Stage::before(&url).await;
    let answer = stage.send(stage.request("GET", "/linear/mcp").body(Body::empty()).unwrap()).await;
    let mut body = answer.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "data: 1\n\n");
    stage.begin_stop();
    assert!(body.frame().await.is_none());
    stage.stopped().await;
}

#[tokio::test]
async fn what_does_not_end_is_cut_off() {
    let (url, mut arrivals, _go) = told().await;
    let stage = Stage::before(&url).await;
    let head =
        "POST /linear/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 2\r\n\r\n{}";
    let mut client = stage.write(head).await;
    arrivals.recv().await.unwrap();
    stage.begin_stop();
    stage.clock.awaited().await;
    stage.clock.advance(Duration::from_secs(10));
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
    stage.stopped().await;
}
