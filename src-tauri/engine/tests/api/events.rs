//! The journal and the event stream.

use axum::body::Body;
use futures_util::{Stream, StreamExt as _};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::stage::Stage;

/// The event stream, as (name, id, data).
async fn listen(stage: &Stage, seen: Option<&Value>) -> impl Stream<Item = (String, Option<String>, Value)> + use<> {
    let mut request = Request::builder().uri("/events");
    if let Some(seen) = seen {
        request = request.header("last-event-id", seen.to_string());
    }
    let response = stage.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let events = sse_stream::SseStream::new(response.into_body()).filter_map(async |event| {
        let event = event.unwrap();
        Some((event.event?, event.id, serde_json::from_str(&event.data?).unwrap()))
    });
    Box::pin(events)
}

#[tokio::test]
async fn the_journal_is_given_from_where_it_was_left() {
    let stage = Stage::new().await;
    stage.add("a").await;
    stage.add("b").await;
    let (_, all) = stage.ask("GET /journal", "").await;
    let rows = all["events"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["workload"] == "a") && rows.iter().any(|row| row["workload"] == "b"));
    let (_, only) = stage.ask("GET /journal?workload=b", "").await;
    assert!(only["events"].as_array().unwrap().iter().all(|row| row["workload"] == "b"));
    let first = &rows[0]["id"];
    let (_, rest) = stage.ask(&format!("GET /journal?after={first}"), "").await;
    assert_eq!(rest["events"].as_array().unwrap().as_slice(), &rows[1..]);
    let (_, newest) = stage.ask("GET /journal?limit=1", "").await;
    assert_eq!(newest["events"].as_array().unwrap().as_slice(), &rows[rows.len() - 1..]);
}

#[tokio::test]
async fn the_stream_begins_with_a_snapshot_and_tells_every_change() {
    let stage = Stage::new().await;
    let mut events = listen(&stage, None).await;
    let (name, id, first) = events.next().await.unwrap();
    assert_eq!((name.as_str(), id, first), ("snapshot", None, json!({"workloads": [], "conditions": []})));
    stage.add("a").await;
    let (mut snapshot, mut row) = (false, false);
    while !(snapshot && row) {
        let (name, id, data) = events.next().await.unwrap();
        match name.as_str() {
            "snapshot" => snapshot |= data["workloads"][0]["name"] == "a",
            "journal" => {
                assert_eq!(id, Some(data["id"].to_string()), "a row is numbered, so that one can go on after it");
                row |= data["workload"] == "a";
            }
            _ => panic!("{name} {data}"),
        }
    }
}

#[tokio::test]
async fn the_first_to_listen_is_told_how_it_stands() {
    let stage = Stage::new().await;
    stage.add("a").await;
    let mut events = listen(&stage, None).await;
    let (name, _, first) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &first["workloads"][0]["name"]), ("snapshot", &json!("a")));
}

#[tokio::test]
async fn nobody_is_told_that_somebody_else_listens() {
    let stage = Stage::new().await;
    let handle = stage.engine.handle();
    let mut first = handle.subscribe();
    first.borrow_and_update();
    let second = handle.subscribe();
    assert!(second.has_changed().unwrap(), "the first value is whole");
    assert!(!first.has_changed().unwrap());
}

#[tokio::test]
async fn who_missed_rows_is_given_them_first() {
    let stage = Stage::new().await;
    stage.add("a").await;
    let (_, all) = stage.ask("GET /journal", "").await;
    let rows = all["events"].as_array().unwrap();
    let mut events = listen(&stage, Some(&rows[0]["id"])).await;
    assert_eq!(events.next().await.unwrap().0, "snapshot");
    for row in &rows[1..] {
        let (name, _, data) = events.next().await.unwrap();
        assert_eq!((name.as_str(), &data), ("journal", row));
    }
}
