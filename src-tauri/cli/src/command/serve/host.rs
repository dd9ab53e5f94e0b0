//! What the engine asks of `serve`: simulated servers. It has no window.

use lamplighter_engine::host::HostRequest;
use lamplighter_simulator::World;
use tokio::sync::mpsc;

/// Answers `requests` with servers of `world`. Never ends: another may take over the answering, and the engine runs on.
pub(super) async fn attend(mut requests: mpsc::UnboundedReceiver<HostRequest>, world: &World) {
    while let Some(request) = requests.recv().await {
        match request {
            // Unanswered: whoever asked is told that there is no window.
            HostRequest::ShowWindow { .. } => {}
            HostRequest::SimulatedServer { reply } => match world.demonstration() {
                // Whoever asked may have gone.
                Ok(server) => drop(reply.send(server.mcp_url())),
                Err(error) => tracing::warn!(%error, "no simulated server could be started"),
            },
        }
    }
    std::future::pending::<()>().await;
}
