//! The tray app: the engine on a desktop, with lamp, notices and window.

use std::process::ExitCode;

/// Runs the app until it is quit.
#[must_use]
pub fn run() -> ExitCode {
    let built = tauri::Builder::default().build(tauri::generate_context!());
    match built {
        Ok(app) => {
            app.run(|_, _| {});
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the desktop cannot be reached");
            ExitCode::FAILURE
        }
    }
}
