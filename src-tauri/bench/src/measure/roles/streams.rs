//! A server of answers that are long, or never end: below its address `ticks` are events that say when they were sent,
//! `silence` is a stream without any, `flood` is all that can be sent, and `bulk` is 100 MiB.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::upstream;
use crate::measure::stopwatch::{now, pause};

/// The length of the long answer, in bytes.
pub(crate) const BULK: usize = 100 << 20;

/// Time from one event to the next.
const TICK: Duration = Duration::from_millis(2);

const CHUNK: usize = 64 << 10;

type Body = UnsyncBoxBody<Bytes, Infallible>;

pub(super) async fn serve(listener: TcpListener) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(connection);
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let chunk = Bytes::from(vec![b'x'; CHUNK]);
    let below = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    Ok(match below.as_str() {
        "ticks" => events(ticks()),
        "silence" => events(stream::iter([Bytes::from_static(b": open\n\n")]).chain(stream::pending())),
        "flood" => Response::new(body(stream::repeat(chunk))),
        "bulk" => {
            let mut answer = Response::new(body(stream::repeat(chunk).take(BULK / CHUNK)));
            answer.headers_mut().insert(CONTENT_LENGTH, BULK.into());
            answer
        }
        _ => upstream::answer(request).await?.map(BodyExt::boxed_unsync),
    })
}

/// The first at once, then one after the other.
fn ticks() -> impl Stream<Item = Bytes> + Send {
    stream::unfold(Duration::ZERO, |wait| async move {
        pause(wait).await;
        Some((Bytes::from(format!("data: {}\n\n", now().as_nanosecond())), TICK))
    })
}

fn events(events: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let mut answer = Response::new(body(events));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    answer
}

fn body(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    StreamBody::new(chunks.map(|chunk| Ok(Frame::data(chunk)))).boxed_unsync()
}
