//! The engine's event stream.

use futures_util::StreamExt;
use hyper::body::Incoming;
use serde::Serialize;
use sse_stream::SseStream;

/// The events of an engine, from a whole snapshot on. Dropping it ends the stream.
pub struct Events(SseStream<Incoming>);

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// `snapshot`, `journal` or `notice`.
    pub event: String,
    /// A JSON document.
    pub data: String,
}

impl Events {
    pub(crate) fn of(body: Incoming) -> Self {
        Self(SseStream::new(body))
    }

    /// The next event; `None` when the engine has stopped.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let next = self.0.next().await?.ok()?;
            if let (Some(event), Some(data)) = (next.event, next.data) {
                return Some(Event { event, data });
            }
        }
    }
}
