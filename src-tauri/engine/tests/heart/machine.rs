//! A workload that signs in with its own client credentials.

use lamplighter_core::Phase;
use lamplighter_simulator::{ResourceMetadata, World};

use crate::stage::{Stage, machine, soon};

#[tokio::test]
async fn it_finds_the_sign_in_server_that_only_the_challenge_names() {
    let stage = Stage::new().await;
    let server = World::new().server("machine").unwrap();
    server.resource(|rules| rules.metadata = ResourceMetadata::Unguessable);
    stage.handle.add(machine(&server)).await.unwrap();
    let issuer = || stage.handle.workload("machine").unwrap().issuer;
    soon(|| issuer().is_some()).await;
    assert_eq!(stage.handle.workload("machine").unwrap().status, Phase::Running);
    assert_eq!(issuer().as_deref(), Some(server.issuer().as_str()));
}
