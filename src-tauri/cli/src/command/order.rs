//! Orders to one workload: sign out, refresh, start, stop, reload, remove.

use lamplighter_client::Client;
use lamplighter_core::{Phase, Snapshot};
use lamplighter_engine::api::Revoked;
use lamplighter_engine::engine::Revocation;

use super::Ended;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::ports::Out;

pub(super) async fn logout(engine: &Client, name: &str, out: &mut Out) -> Ended {
    let revoked: Revoked = engine.post(&["workloads", name, "logout"], &()).await?;
    out.line(&format!("signed out of {name}: {}", told(&revoked.revocation)))?;
    Ok(ExitCode::Done)
}

pub(super) async fn remove(engine: &Client, name: &str, out: &mut Out) -> Ended {
    let revoked: Revoked = engine.delete(&["workloads", name]).await?;
    out.line(&format!("removed {name}: {}", told(&revoked.revocation)))?;
    Ok(ExitCode::Done)
}

/// Refreshes the workload called `name`, or all that are not stopped.
pub(super) async fn retry(engine: &Client, name: Option<&str>, out: &mut Out) -> Ended {
    let Some(name) = name else { return retry_all(engine, out).await };
    order(engine, name, "retry").await?;
    out.line(&format!("refreshing {name}; `lamplighter status {name}` tells how it went"))?;
    Ok(ExitCode::Done)
}

async fn retry_all(engine: &Client, out: &mut Out) -> Ended {
    let Snapshot { workloads, .. } = engine.get(&["workloads"]).await?;
    let mut code = ExitCode::Done;
    let is_off = |phase| matches!(phase, Phase::Stopping | Phase::Stopped | Phase::Removing | Phase::PolicyStopped);
    for workload in workloads.iter().filter(|workload| !is_off(workload.status)) {
        match order(engine, &workload.name, "retry").await {
            Ok(()) => out.line(&format!("refreshing {}", workload.name))?,
            Err(failure) => {
                failure.tell(out);
                code = ExitCode::Failed;
            }
        }
    }
    Ok(code)
}

pub(super) async fn start(engine: &Client, name: &str, out: &mut Out) -> Ended {
    order(engine, name, "start").await?;
    out.line(&format!("started {name}"))?;
    Ok(ExitCode::Done)
}

pub(super) async fn stop(engine: &Client, name: &str, out: &mut Out) -> Ended {
    order(engine, name, "stop").await?;
    out.line(&format!("stopped {name}; `lamplighter start {name}` starts it again"))?;
    Ok(ExitCode::Done)
}

pub(super) async fn restart(engine: &Client, name: &str, out: &mut Out) -> Ended {
    order(engine, name, "restart").await?;
    out.line(&format!("restarted {name}; `lamplighter status {name}` tells how it went"))?;
    Ok(ExitCode::Done)
}

async fn order(engine: &Client, name: &str, what: &str) -> Result<(), Failure> {
    Ok(engine.post(&["workloads", name, what], &()).await?)
}

fn told(revocation: &Revocation) -> String {
    match revocation {
        Revocation::Revoked => "revoked at the server, forgotten here".to_owned(),
        Revocation::NotOffered => "forgotten here; the server offers no way to revoke".to_owned(),
        Revocation::NothingHeld => "there was no login to revoke".to_owned(),
        Revocation::Failed(why) => format!("forgotten here, but the server could not be told: {why}"),
    }
}
