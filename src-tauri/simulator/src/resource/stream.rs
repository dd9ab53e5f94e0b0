//! Server-sent events of Streamable HTTP. Must not know what the messages mean.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header::CACHE_CONTROL;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::clock::pause;
use crate::wire::{self, Body, Cut};

/// How many notes of progress a slow answer gives.
const STEPS: u32 = 4;

/// One message, and the end.
pub(super) fn once(message: &Value) -> Response<Body> {
    events(stream::iter([Ok(event(1, message))]))
}

/// Notes of progress while `span` passes, then `result`.
pub(super) fn slow(span: Duration, progress: Option<Value>, result: Value) -> Response<Body> {
    let steps = stream::iter(1..=STEPS).then(move |step| {
        let progress = progress.clone();
        async move {
            pause(span / STEPS).await;
            let Some(token) = progress else { return Ok(comment()) };
            let params = json!({ "progressToken": token, "progress": step, "total": STEPS });
            Ok(event(step.into(), &json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })))
        }
    });
    let end = stream::once(async move { Ok(event(u64::from(STEPS) + 1, &result)) });
    // The comment sends the head on its way before the first wait.
    events(stream::iter([Ok(comment())]).chain(steps).chain(end))
}

/// Log messages for ever, one each `interval` and a comment before each; numbered on from `after`.
pub(super) fn standing(interval: Duration, after: u64) -> Response<Body> {
    let ticks = stream::iter(after + 1..).flat_map(move |number| {
        let params = json!({ "level": "info", "data": format!("tick {number}") });
        let message = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params });
        let tick = stream::once(async move {
            pause(interval).await;
            Ok(event(number, &message))
        });
        stream::iter([Ok(comment())]).chain(tick)
    });
    events(stream::iter([Ok(Bytes::from_static(b"retry: 1000\n\n"))]).chain(ticks))
}

fn events(pieces: impl stream::Stream<Item = Result<Bytes, Cut>> + Send + 'static) -> Response<Body> {
    wire::with(wire::streamed(StatusCode::OK, "text/event-stream", pieces), CACHE_CONTROL, "no-cache")
}

fn event(id: u64, message: &Value) -> Bytes {
    Bytes::from(format!("id: {id}\nevent: message\ndata: {message}\n\n"))
}

fn comment() -> Bytes {
    Bytes::from_static(b": still here\n\n")
}
