//! The body of a request on its way up: streamed as it comes, and remembered up to a bound, so that it can
//! be sent once more, or asked for its JSON-RPC id.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::Incoming;
use serde_json::Value;

use crate::http::Outgoing;

/// How much of a body is remembered.
const MEMORY: usize = 1024 * 1024;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request body.
pub(super) struct Upload {
    recording: Arc<Mutex<Recording>>,
}

/// A body read whole.
#[derive(Clone)]
pub(super) struct Whole {
    chunks: Vec<Bytes>,
    trailers: Option<HeaderMap>,
}

struct Recording {
    source: Incoming,
    state: State,
    whole: Whole,
    length: usize,
    /// Whoever polls last is woken: once taken back, the first stream must not poll again.
    taken_back: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// More is to come, and all that came is remembered.
    Remembering,
    /// More is to come, and it is not remembered: it is too long, or nobody needs it any more.
    Passing,
    /// All has come, and is remembered.
    Complete,
    /// All has come; it is not remembered.
    Spent,
    /// The client broke off, or sent what is no HTTP.
    Broken,
}

/// The body as the upstream gets it the first time.
struct Tap {
    recording: Arc<Mutex<Recording>>,
}

/// The upload was taken back to be sent again.
#[derive(Debug, thiserror::Error)]
#[error("the request is sent anew")]
struct TakenBack;

impl Upload {
    pub(super) fn new(source: Incoming) -> Self {
        let state = if source.is_end_stream() {
            State::Complete
        } else if source.size_hint().lower() > MEMORY as u64 {
            State::Passing
        } else {
            State::Remembering
        };
        let whole = Whole { chunks: Vec::new(), trailers: None };
        Self { recording: Arc::new(Mutex::new(Recording { source, state, whole, length: 0, taken_back: false })) }
    }

    /// The body, streamed as it comes from the client.
    pub(super) fn stream(&self) -> Outgoing {
        if self.lock().state == State::Complete {
            return empty();
        }
        Tap { recording: Arc::clone(&self.recording) }.boxed()
    }

    /// The answer is there: nothing has to be remembered any more.
    pub(super) fn forget(&self) {
        let mut recording = self.lock();
        recording.whole.chunks.clear();
        recording.state = match recording.state {
            State::Remembering => State::Passing,
            State::Complete => State::Spent,
            other @ (State::Passing | State::Spent | State::Broken) => other,
        };
    }

    /// Whether the client, and not the upstream, is why the body could not be sent.
    pub(super) fn is_broken(&self) -> bool {
        self.lock().state == State::Broken
    }

    /// The body, read to its end; `None` as soon as it is too long to be remembered, or broken.
    pub(super) async fn recall(&self) -> Option<Whole> {
        self.lock().taken_back = true;
        while self.lock().state == State::Remembering {
            self.frame().await;
        }
        let recording = self.lock();
        (recording.state == State::Complete).then(|| recording.whole.clone())
    }

    /// Reads what is left of the body and drops it, so that a client that is still sending hears the answer.
    pub(super) async fn drain(&self) {
        self.lock().taken_back = true;
        while self.frame().await {}
    }

    /// Takes one frame from the client; false when there are no more.
    async fn frame(&self) -> bool {
        poll_fn(|context| self.lock().poll(context)).await.is_some_and(|frame| frame.is_ok())
    }

    fn lock(&self) -> MutexGuard<'_, Recording> {
        lock(&self.recording)
    }
}

impl Whole {
    /// The body, to be sent once more.
    pub(super) fn body(self) -> Outgoing {
        if self.chunks.is_empty() && self.trailers.is_none() {
            return empty();
        }
        let frames = self.chunks.into_iter().map(Frame::data).chain(self.trailers.map(Frame::trailers));
        StreamBody::new(stream::iter(frames.map(Ok).collect::<Vec<_>>())).boxed()
    }

    /// The id of the JSON-RPC request that this is; null where it is none.
    pub(super) fn request_id(&self) -> Value {
        #[derive(serde::Deserialize)]
        struct Envelope {
            id: Value,
        }
        match serde_json::from_slice::<Envelope>(&self.chunks.concat()) {
            Ok(Envelope { id: id @ (Value::String(_) | Value::Number(_)) }) => id,
            Ok(_) | Err(_) => Value::Null,
        }
    }
}

fn empty() -> Outgoing {
    Empty::new().map_err(|never| match never {}).boxed()
}

fn lock(recording: &Mutex<Recording>) -> MutexGuard<'_, Recording> {
    recording.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recording {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if matches!(self.state, State::Complete | State::Spent | State::Broken) {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut self.source).poll_frame(context);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(None) => {
                self.state = if self.state == State::Remembering { State::Complete } else { State::Spent };
            }
            Poll::Ready(Some(Err(_))) => self.state = State::Broken,
            Poll::Ready(Some(Ok(frame))) => self.remember(frame),
        }
        polled
    }

    fn remember(&mut self, frame: &Frame<Bytes>) {
        if self.state != State::Remembering {
            return;
        }
        if let Some(data) = frame.data_ref() {
            self.length += data.len();
            if self.length > MEMORY {
                self.state = State::Passing;
                self.whole.chunks.clear();
            } else {
                self.whole.chunks.push(data.clone());
            }
        }
        if let Some(trailers) = frame.trailers_ref() {
            self.whole.trailers = Some(trailers.clone());
        }
    }
}

impl Body for Tap {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut recording = lock(&self.recording);
        if recording.taken_back {
            return Poll::Ready(Some(Err(TakenBack.into())));
        }
        recording.poll(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.recording).source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.recording).source.size_hint()
    }
}
