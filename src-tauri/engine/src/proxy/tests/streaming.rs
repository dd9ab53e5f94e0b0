//! Both ways are streams: nothing is held back, nothing runs ahead, and whoever leaves is not waited for.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::server::stage::{Stage, read, upstream};

fn chunks(source: mpsc::UnboundedReceiver<&'static str>) -> Body {
    Body::from_stream(UnboundedReceiverStream::new(source).map(Ok::<_, Infallible>))
}

async fn next(body: &mut Incoming) -> Bytes {
    body.frame().await.unwrap().unwrap().into_data().unwrap()
}

#[tokio::test]
async fn events_come_down_one_by_one_with_ids_and_comments() {
    let (say, said) = mpsc::unbounded_channel();
    let said = Arc::new(std::sync::Mutex::new(Some(said)));
    let url = upstream(move |_| {
        let said = said.lock().unwrap().take().unwrap();
        async move { Response::builder().header("content-type", "text/event-stream").body(chunks(said)).unwrap() }
    })
    .await;
    let stage = Stage::before(&url).await;
    let answer = stage.send(stage.request("GET", "/linear/mcp").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body();
    for event in [": a comment\n\n", "id: 7\nretry: 10\ndata: {}\n\n", ":\n\n", "data: half of"] {
        say.send(event).unwrap();
        assert_eq!(next(&mut body).await, event);
    }
    drop(say);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_body_goes_up_as_it_comes() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let url = upstream(move |request: Request<Incoming>| {
        let tell = tell.clone();
        async move {
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                tell.send(frame.unwrap().into_data().unwrap()).unwrap();
            }
            Response::new(Body::from("done"))
        }
    })
    .await;
    let stage = Stage::before(&url).await;
    let (say, said) = mpsc::unbounded_channel();
    let request = stage.request("POST", "/linear/mcp").body(chunks(said)).unwrap();
    let talk = async {
        for part in ["one", "two", "three"] {
            say.send(part).unwrap();
            assert_eq!(told.recv().await.unwrap(), part);
        }
        drop(say);
    };
    let (answer, ()) = tokio::join!(stage.send(request), talk);
    assert_eq!(read(answer.into_body()).await, "done");
}

#[tokio::test]
async fn a_long_body_arrives_whole() {
    let url = upstream(async |request: Request<Incoming>| Response::new(Body::new(request.into_body()))).await;
    let stage = Stage::before(&url).await;
    let long: Bytes = (0..5_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let answer = stage.post(long.clone()).await;
    assert!(read(answer.into_body()).await == long);
}

#[tokio::test]
async fn an_upstream_does_not_run_ahead_of_a_client_that_does_not_read() {
    const PART: usize = 64 * 1024;
    const PARTS: usize = 768;
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let url = upstream(move |_| {
        let counter = Arc::clone(&counter);
        async move {
            let parts = stream::repeat_with(move || {
                counter.fetch_add(PART, Ordering::Relaxed);
                Ok::<_, Infallible>(Bytes::from(vec![b'x'; PART]))
            });
            Response::new(Body::from_stream(parts.take(PARTS)))
        }
    })
    .await;
    let stage = Stage::before(&url).await;
    let mut body = stage.post("{}").await.into_body();
    // Whoever can run, does: until the upstream made nothing for many turns.
    let (mut last, mut quiet) = (0, 0);
    while quiet < 2_000 {
        tokio::task::yield_now().await;
        let now = made.load(Ordering::Relaxed);
        quiet = if now == last { quiet + 1 } else { 0 };
        last = now;
    }
    assert!(last < PARTS * PART / 2, "{last} bytes were made for a client that read none");
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().into_data().unwrap().len();
    }
    assert_eq!(length, PARTS * PART);
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_is_a_request_that_ends() {
    let (tell, mut told) = mpsc::unbounded_channel::<CancellationToken>();
    let url = upstream(move |_| {
        let gone = CancellationToken::new();
        tell.send(gone.clone()).unwrap();
        async move {
            let _guard = gone.drop_guard();
            std::future::pending().await
        }
    })
    .await;
    let stage = Stage::before(&url).await;
    let request =
        "POST /linear/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 2\r\n\r\n{}";
    let client = stage.write(request).await;
    let gone = told.recv().await.unwrap();
    assert!(!gone.is_cancelled());
    drop(client);
    gone.cancelled().await;
    let text = stage.metrics.render(&lamplighter_core::Snapshot::default(), crate::metrics::Format::Prometheus);
    assert!(text.contains(r#"requests_total{workload="linear",outcome="client_gone"} 1"#), "{text}");
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_ends_it_upstream() {
    let (tell, mut told) = mpsc::unbounded_channel::<CancellationToken>();
    let url = upstream(move |_| {
        let gone = CancellationToken::new();
        tell.send(gone.clone()).unwrap();
        let guard: DropGuard = gone.drop_guard();
        let first = stream::once(async { Ok::<_, Infallible>(Frame::data(Bytes::from("data: 1\n\n"))) });
        let rest = first.chain(stream::pending()).map(move |frame| {
            let _held = &guard;
            frame
        });
        async move {
            let body = Body::new(StreamBody::new(rest));
            Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
        }
    })
    .await;
    let stage = Stage::before(&url).await;
    let mut body = stage.post("{}").await.into_body();
    assert_eq!(next(&mut body).await, "data: 1\n\n");
    let open = |stage: &Stage| {
        stage.metrics.render(&lamplighter_core::Snapshot::default(), crate::metrics::Format::Prometheus)
    };
    assert!(open(&stage).contains("open_streams 1"));
    drop(body);
    told.recv().await.unwrap().cancelled().await;
    assert!(open(&stage).contains("open_streams 0"));
}
