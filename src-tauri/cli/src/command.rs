//! The commands, one room each for those with a story of their own.

mod add;
mod doctor;
mod events;
mod list;
mod login;
mod open;
mod order;
mod serve;

use lamplighter_client::Client;
use lamplighter_engine::profile::Profile;
use serde::Serialize;

use crate::args::Command;
use crate::demo;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::ports::{Out, Ports};
use crate::view::Scene;

/// What every command ends with.
type Ended = Result<ExitCode, Failure>;

/// Runs `command` to its end.
pub(crate) async fn dispatch(command: Command, ports: Ports, out: &mut Out) -> Ended {
    let profile = Profile::locate(&ports.environment);
    let engine = || Client::of(&profile);
    let scene = scene(&ports, out);
    match command {
        Command::Serve => serve::serve(profile, ports, out).await,
        Command::Open { no_browser } => open::open(no_browser, &engine()?, &*ports.browser, out).await,
        Command::Demo { seconds } => Ok(demo::run(seconds, out).await),
        Command::Doctor { format } => doctor::doctor(&profile, ports, format, out).await,
        Command::Add(add) => add::add(*add, &engine()?, ports, out).await,
        Command::Login(login) => login::login(&login, &engine()?, ports, out).await,
        Command::List { all, format } => list::list(&engine()?, all, format, &scene, out).await,
        Command::Status { workload, format } => list::status(&engine()?, &workload.name, format, &scene, out).await,
        Command::Endpoint { workload, format } => list::endpoint(&engine()?, &workload.name, format, out).await,
        Command::Events(which) => events::events(&engine()?, &which, ports, out).await,
        Command::Logout(workload) => order::logout(&engine()?, &workload.name, out).await,
        Command::Retry(which) => order::retry(&engine()?, which.name.as_deref(), out).await,
        Command::Start(workload) => order::start(&engine()?, &workload.name, out).await,
        Command::Stop(workload) => order::stop(&engine()?, &workload.name, out).await,
        Command::Restart(workload) => order::restart(&engine()?, &workload.name, out).await,
        Command::Rm(workload) => order::remove(&engine()?, &workload.name, out).await,
    }
}

/// What views need to know of here and now.
fn scene(ports: &Ports, out: &Out) -> Scene {
    let terminal = out.terminal();
    Scene { now: ports.clock.now().wall, zone: ports.zone.clone(), width: terminal.width, colour: terminal.colour }
}

/// Prints `value` as one JSON document.
fn document(value: &impl Serialize, out: &mut Out) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::failed(format!("the answer cannot be written as JSON: {error}")))?;
    Ok(out.line(&text)?)
}
