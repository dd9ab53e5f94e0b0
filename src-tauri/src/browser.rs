//! The person's browser.

use std::io;

/// Opens `address`; `$BROWSER` is honoured. A browser in a terminal may keep this waiting until it is closed.
///
/// # Errors
/// When there is no browser, or it could not be started.
pub(crate) async fn open(address: String) -> io::Result<()> {
    tokio::task::spawn_blocking(move || webbrowser::open(&address))
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}
