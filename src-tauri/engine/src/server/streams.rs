//! Event streams: counted while they are open, and ended when the server stops, since they never end by themselves.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Response};
use http_body::{Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::metrics::{Metrics, Open};

/// The body of an event stream.
struct EventStream {
    inner: Body,
    /// Ready when the stream is to end; `None` where it answers a question, which is under way until it ends.
    end: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    _counted: Open,
}

/// The answer to a request with `method`. An event stream is counted as open, and where it answers a GET
/// it ends as soon as the server is `draining`.
pub(super) fn tracked(
    answer: Response<Body>,
    method: &Method,
    metrics: &Metrics,
    draining: &CancellationToken,
) -> Response<Body> {
    if !is_event_stream(answer.headers()) {
        return answer;
    }
    let end = (method == Method::GET).then(|| Box::pin(draining.clone().cancelled_owned()));
    answer.map(|inner| Body::new(EventStream { inner, end, _counted: metrics.stream() }))
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let (kind, _parameters) = kind.split_once(';').unwrap_or((kind, ""));
    kind.trim().eq_ignore_ascii_case("text/event-stream")
}

impl http_body::Body for EventStream {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(end) = &mut self.end
            && end.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
