//! The desktop session around the program: whether there is one, whether its display can be reached, when it is over.

use std::fmt;

/// There is no screen to show anything on.
#[derive(Debug)]
pub(crate) struct NoDisplay;

impl fmt::Display for NoDisplay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("no display can be reached, so no window can be shown")
    }
}

impl NoDisplay {
    /// What to do about it.
    pub(crate) fn hint() -> &'static str {
        "start it within a desktop session (DISPLAY or WAYLAND_DISPLAY names one); without one, run `lamplighter serve`"
    }
}

/// Whether it was started in a desktop session.
#[cfg(target_os = "linux")]
pub(crate) fn is_there() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(|name| std::env::var_os(name).is_some_and(|name| !name.is_empty()))
}

/// Whether it was started in a desktop session: whoever is logged in has one.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_there() -> bool {
    true
}

/// Reaches the display: the toolkit is brought up, which ends the program where that is left to Tauri.
///
/// # Errors
/// When there is none.
#[cfg(target_os = "linux")]
pub(crate) fn display() -> Result<(), NoDisplay> {
    gtk::init().map_err(|error| {
        tracing::debug!(%error, "no display");
        NoDisplay
    })
}

/// Reaches the display: whoever is logged in has one.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux there may be none")]
pub(crate) fn display() -> Result<(), NoDisplay> {
    Ok(())
}

/// Ready when the session is over: the session's bus is gone. Never where there was none.
#[cfg(target_os = "linux")]
pub(crate) async fn is_over() {
    use futures_util::TryStreamExt;

    match zbus::Connection::session().await {
        Ok(bus) => {
            let mut messages = zbus::MessageStream::from(bus);
            while let Ok(Some(_)) = messages.try_next().await {}
        }
        Err(error) => {
            tracing::warn!(%error, "there is no session bus");
            std::future::pending::<()>().await;
        }
    }
}

/// Ready when the session is over. Never: the system ends what runs in it.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn is_over() {
    std::future::pending::<()>().await;
}
