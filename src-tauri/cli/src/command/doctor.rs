//! What is wrong on this machine. Works without an engine; asks the running one for what only it can tell.

mod machine;

use std::sync::Arc;

use lamplighter_client::Client;
use lamplighter_engine::api::{Check, Checks};
use lamplighter_engine::launch;
use lamplighter_engine::profile::{EngineFile, Profile};

use super::{Ended, document, scene};
use crate::args::Format;
use crate::exit::ExitCode;
use crate::ports::{Out, Ports};
use crate::view;

pub(super) async fn doctor(profile: &Profile, ports: Ports, format: Format, out: &mut Out) -> Ended {
    let mut checks = machine::folders(profile);
    let config = launch::settings(profile, &ports.environment);
    checks.extend(machine::config(&config));
    checks.push(machine::proxies(&ports.environment));
    let running = profile.running();
    let now = ports.clock.now().wall;
    match &running {
        Ok(Some(engine)) => {
            checks.push(machine::clock(now, Some(engine)));
            checks.extend(ask(engine).await);
        }
        Ok(None) => {
            checks.push(machine::clock(now, None));
            checks.push(machine::absent());
            if let Ok(config) = &config {
                checks.push(machine::port(config.listen).await);
                checks.push(machine::secrets(profile, config.secret_store, Arc::clone(&ports.clock)).await);
            }
        }
        Err(error) => checks.push(machine::unreadable(profile, error)),
    }
    let code = if checks.iter().all(|check| check.ok) { ExitCode::Done } else { ExitCode::Failed };
    if format.json {
        document(&Checks { checks }, out)?;
    } else {
        out.line(&view::checks(&checks, &scene(&ports, out)))?;
    }
    Ok(code)
}

/// What the running engine tells of itself.
async fn ask(engine: &EngineFile) -> Vec<Check> {
    let answer: Result<Checks, _> = Client::to(engine.clone()).get(&["doctor"]).await;
    match answer {
        Ok(Checks { checks }) => {
            let text =
                format!("Version {} is running at http://{} (process {}).", engine.version, engine.address, engine.pid);
            std::iter::once(Check::well("engine", "Engine", text)).chain(checks).collect()
        }
        Err(error) => {
            let text = format!("It runs as process {}, but: {error}.", engine.pid);
            let remedy = "Stop it, then start it again with `lamplighter serve`.".to_owned();
            vec![Check::amiss("engine", "Engine", text, remedy)]
        }
    }
}
