//! The body of an answer, which lasts no longer than the leave under which its request went up.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A body that breaks off when its leave ends.
struct Lasting {
    inner: Incoming,
    over: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// The body broke off. An error and not an end: the client must not take half an answer for a whole one.
#[derive(Debug, thiserror::Error)]
#[error("the workload was stopped, removed or signed out")]
struct Over;

/// `body`, until `ends` is cancelled.
pub(super) fn lasting(body: Incoming, ends: &CancellationToken) -> Body {
    if http_body::Body::is_end_stream(&body) {
        return Body::new(body);
    }
    Body::new(Lasting { inner: body, over: Box::pin(ends.clone().cancelled_owned()) })
}

impl http_body::Body for Lasting {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.over.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(Over.into())));
        }
        Pin::new(&mut self.inner).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        http_body::Body::size_hint(&self.inner)
    }
}
