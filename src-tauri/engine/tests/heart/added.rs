//! Adding a workload while no secret store answers.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use lamplighter_core::Phase;
use lamplighter_core::config::Name;
use lamplighter_engine::engine::{ControlError, Look, NewWorkload};
use lamplighter_simulator::World;

use crate::stage::{Stage, workload};

#[tokio::test]
async fn what_has_nothing_secret_is_added_without_a_store() {
    let stage = Stage::new().await;
    let server = World::new().server("notion").unwrap();
    let named = |name: &str| NewWorkload { name: Name::parse(name).unwrap(), ..workload(&server) };
    stage.shelf.absent.store(true, Ordering::SeqCst);

    let (added, look) = stage.handle.add(NewWorkload { headers: BTreeMap::new(), ..named("notion") }).await.unwrap();
    assert_eq!((added.status, look), (Phase::Unauthenticated, Look::SignInNeeded));
    assert_eq!(added.reason_code.as_deref(), Some("sign_in_needed"));
    let refused = stage.handle.add(named("secretive")).await;
    assert!(matches!(refused, Err(ControlError::Secrets(_))), "its headers cannot be kept");

    let stage = stage.again().await;
    let kept: Vec<String> = stage.handle.snapshot().workloads.iter().map(|workload| workload.name.clone()).collect();
    assert_eq!(kept, ["linear", "notion"], "kept, and nothing else");
}
