//! The last day of every workload.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use lamplighter_core::history::Span;
use serde_json::Value;

use crate::stage::Stage;

fn time(told: &Value) -> Timestamp {
    told.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_day_is_told_of_every_workload_there_is() {
    let stage = Stage::new().await;
    stage.add("a").await;
    stage.add("gone").await;
    stage.ask("POST /workloads/a/stop", "").await;
    stage.ask("DELETE /workloads/gone", "").await;
    let (status, told) = stage.ask("GET /history", "").await;
    assert_eq!(status, StatusCode::OK);
    let (from, to) = (time(&told["from"]), time(&told["to"]));
    assert_eq!(to.duration_since(from), SignedDuration::from_hours(24));
    assert_eq!(told["workloads"].as_object().unwrap().keys().collect::<Vec<_>>(), ["a"]);
    let spans: Vec<Span> = serde_json::from_value(told["workloads"]["a"].clone()).unwrap();
    assert_eq!((spans.first().unwrap().from, spans.last().unwrap().to), (from, to));
    let a = &told["workloads"]["a"];
    assert_eq!((&a[0]["status"], &a[spans.len() - 1]["status"]), (&"unknown".into(), &"stopped".into()), "{a}");
}
