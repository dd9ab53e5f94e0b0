//! The event stream: first a snapshot, then every change, the journal's rows and the notices.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};
use http::HeaderMap;
use lamplighter_core::Snapshot;
use lamplighter_core::notice::Toast;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use super::Api;
use super::problem::Problem;
use crate::handle::Handle;
use crate::ports::Row;

/// The most rows that are given to somebody who missed some.
const CATCH_UP: usize = 1_000;

/// A desktop notification: to show, or to put in place of an earlier one with the same `id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "the fields are those of `lamplighter_core::notice::Toast`, and whether its news asks")]
pub struct Toasted {
    pub id: u64,
    pub title: String,
    pub body: String,
    pub workloads: Vec<String>,
    pub sign_in: Option<String>,
    pub urgent: bool,
}

impl From<Toast> for Toasted {
    fn from(Toast { id, title, body, workloads, sign_in, news }: Toast) -> Self {
        Self { id, title, body, workloads, sign_in, urgent: news.asks() }
    }
}

/// Server-sent events: `snapshot` (a whole Snapshot) at first and at every change, `journal` (a Row; its
/// number is the event's id) and `notice` (a Toasted). The stream ends when the engine stops. With
/// `Last-Event-ID` the rows after that one come first.
#[utoipa::path(
    get, path = "/events", tag = "engine",
    params(("Last-Event-ID" = Option<i64>, Header, description = "The last row of the journal that was seen.")),
    responses(
        (status = 200, content_type = "text/event-stream", body = Snapshot),
        (status = 400, body = Problem)
    )
)]
pub(super) async fn events(
    State(api): State<Api>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // As EventSource has it, an id that is not one of ours is as good as none.
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let feed = Feed::new(api.handle, seen).await;
    let events = stream::unfold(feed, async |mut feed| feed.next().await.map(|event| (Ok(event), feed)));
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// Where one listener is in the stream.
struct Feed {
    handle: Handle,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    journal: broadcast::Receiver<Arc<Row>>,
    toasts: broadcast::Receiver<Toast>,
    /// The newest row that was told, so that none is told twice or left out.
    told: Option<i64>,
    /// To be told before anything else.
    due: VecDeque<Event>,
}

impl Feed {
    async fn new(handle: Handle, seen: Option<i64>) -> Self {
        // Listen first, then look: nothing falls between.
        let mut snapshots = handle.subscribe();
        let journal = handle.journal().follow();
        let toasts = handle.toasts();
        let first = event("snapshot", &**snapshots.borrow_and_update());
        let mut feed = Self { handle, snapshots, journal, toasts, told: seen, due: VecDeque::from_iter(first) };
        if seen.is_some() {
            feed.catch_up().await;
        }
        feed
    }

    /// The next event; `None` when the engine stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.due.pop_front() {
                return Some(event);
            }
            tokio::select! {
                changed = self.snapshots.changed() => {
                    changed.ok()?;
                    self.due.extend(event("snapshot", &**self.snapshots.borrow_and_update()));
                }
                row = self.journal.recv() => match row {
                    Ok(row) => self.tell(&row),
                    Err(RecvError::Lagged(_)) => self.catch_up().await,
                    Err(RecvError::Closed) => return None,
                },
                toast = self.toasts.recv() => match toast {
                    Ok(toast) => self.due.extend(event("notice", &Toasted::from(toast))),
                    // A notice that nobody fetched in time is no longer news.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    fn tell(&mut self, row: &Row) {
        if self.told.is_none_or(|told| told < row.id) {
            self.told = Some(row.id);
            self.due.extend(event("journal", row).map(|event| event.id(row.id.to_string())));
        }
    }

    /// Tells the rows that were missed.
    async fn catch_up(&mut self) {
        match self.handle.journal().rows(None, self.told, CATCH_UP).await {
            Ok(rows) => rows.iter().for_each(|row| self.tell(row)),
            Err(error) => tracing::warn!(%error, "a listener misses rows of the journal"),
        }
    }
}

fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    match Event::default().event(name).json_data(data) {
        Ok(event) => Some(event),
        Err(error) => {
            tracing::error!(%error, name, "an event could not be written as JSON");
            None
        }
    }
}
