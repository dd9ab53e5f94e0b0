//! What is: all workloads, one workload, and where its clients find it.

use lamplighter_client::Client;
use lamplighter_core::Snapshot;
use lamplighter_core::status::Workload;
use lamplighter_engine::api::LocalEndpoint;
use secrecy::ExposeSecret;

use super::{Ended, document};
use crate::args::Format;
use crate::exit::ExitCode;
use crate::ports::Out;
use crate::view::{self, Scene};

pub(super) async fn list(engine: &Client, all: bool, format: Format, scene: &Scene, out: &mut Out) -> Ended {
    let everything: Snapshot = engine.get(&["workloads"]).await?;
    let count = everything.workloads.len();
    let shown = view::shown(everything, all);
    if format.json {
        document(&shown, out)?;
    } else {
        let hidden = count - shown.workloads.len();
        out.line(&view::list(&shown, hidden, scene))?;
    }
    Ok(ExitCode::Done)
}

pub(super) async fn status(engine: &Client, name: &str, format: Format, scene: &Scene, out: &mut Out) -> Ended {
    let workload: Workload = engine.get(&["workloads", name]).await?;
    if format.json {
        document(&workload, out)?;
    } else {
        out.line(&view::status(&workload, scene))?;
    }
    Ok(view::exit_code(&workload))
}

pub(super) async fn endpoint(engine: &Client, name: &str, format: Format, out: &mut Out) -> Ended {
    let endpoint: LocalEndpoint = engine.get(&["workloads", name, "endpoint"]).await?;
    if format.json {
        document(&endpoint, out)?;
    } else {
        out.line(&endpoint.url)?;
        for (name, value) in &endpoint.headers {
            out.line(&format!("{name}: {}", value.expose_secret()))?;
        }
    }
    Ok(ExitCode::Done)
}
