//! What the desktop wants of the program's first thread until the program is quit.

use std::process::ExitCode;

use super::Resident;
use crate::tray;

/// Nothing: lamp and notices are told over the session's bus, and the window has a toolkit of its own.
#[cfg(target_os = "linux")]
pub(super) fn reside(resident: &Resident) -> ExitCode {
    let Resident { profile, engine, errands, troubles, clock, runtime, quit } = resident;
    let (profile, errands, troubles) = (profile.clone(), errands.clone(), troubles.clone());
    runtime.spawn(tray::tend(profile, errands, troubles, engine.subscribe(), clock.clone()));
    runtime.block_on(quit.cancelled());
    ExitCode::SUCCESS
}

/// The event loop of the system, which the lamp belongs to.
#[cfg(not(target_os = "linux"))]
pub(super) fn reside(resident: &Resident) -> ExitCode {
    use tauri::RunEvent;

    let Resident { engine, errands, troubles, clock, runtime, quit, .. } = resident.clone();
    tauri::async_runtime::set(runtime.clone());
    let app = match tauri::Builder::default().build(crate::context()) {
        Ok(app) => app,
        Err(error) => return crate::give_up(1, &error, "where there is no desktop, run `lamplighter serve`"),
    };
    #[cfg(target_os = "macos")]
    let app = beside_the_dock(app);
    app.run_return(move |desktop, event| {
        if let RunEvent::Ready = event {
            let (errands, troubles) = (errands.clone(), troubles.clone());
            runtime.spawn(tray::tend(desktop.clone(), errands, troubles, engine.subscribe(), clock.clone()));
            let (desktop, quit) = (desktop.clone(), quit.clone());
            runtime.spawn(async move {
                quit.cancelled().await;
                desktop.exit(0);
            });
        }
        // It goes on without any window; only Quit and signals end it.
        if let RunEvent::ExitRequested { api, code: None, .. } = event {
            api.prevent_exit();
        }
    });
    ExitCode::SUCCESS
}

/// The same app, with no place in the Dock: whatever `Info.plist` says, it would take one as it starts.
#[cfg(target_os = "macos")]
fn beside_the_dock(mut app: tauri::App) -> tauri::App {
    app.set_activation_policy(tauri::ActivationPolicy::Accessory);
    app
}
