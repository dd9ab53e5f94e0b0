//! Starting with the person's session.

#[cfg(target_os = "linux")]
mod xdg;

use crate::bridge::BridgeError;

/// Whether Lamplighter starts with the session.
///
/// # Errors
/// When that cannot be told.
#[cfg(target_os = "linux")]
pub(crate) fn is_on() -> Result<bool, BridgeError> {
    xdg::Autostart::of_the_app().and_then(|autostart| autostart.is_on()).map_err(BridgeError::Autostart)
}

/// Has Lamplighter start with the session, without its window, or not any more.
///
/// # Errors
/// When it cannot be written down.
#[cfg(target_os = "linux")]
pub(crate) fn switch(on: bool) -> Result<(), BridgeError> {
    xdg::Autostart::of_the_app().and_then(|autostart| autostart.switch(on)).map_err(BridgeError::Autostart)
}

/// Whether Lamplighter starts with the session.
///
/// # Errors
/// When that cannot be told.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_on() -> Result<bool, BridgeError> {
    launcher()?.is_enabled().map_err(refused)
}

/// Has Lamplighter start with the session, without its window, or not any more.
///
/// # Errors
/// When it cannot be written down.
#[cfg(not(target_os = "linux"))]
pub(crate) fn switch(on: bool) -> Result<(), BridgeError> {
    let launcher = launcher()?;
    let switched = if on { launcher.enable() } else { launcher.disable() };
    switched.map_err(refused)
}

#[cfg(not(target_os = "linux"))]
fn launcher() -> Result<auto_launch::AutoLaunch, BridgeError> {
    let program = crate::program::app().map_err(BridgeError::Autostart)?;
    let mut builder = auto_launch::AutoLaunchBuilder::new();
    builder.set_app_name("Lamplighter").set_app_path(&program.to_string_lossy()).set_args(&["--hidden"]);
    builder.build().map_err(refused)
}

#[cfg(not(target_os = "linux"))]
fn refused(error: auto_launch::Error) -> BridgeError {
    BridgeError::Autostart(std::io::Error::other(error))
}
