//! The web UI of the running engine, opened in a browser.

use lamplighter_client::Client;
use lamplighter_engine::api::SessionBegun;
use secrecy::ExposeSecret;

use super::Ended;
use crate::exit::ExitCode;
use crate::ports::{Browser, Out};

pub(super) async fn open(no_browser: bool, engine: &Client, browser: &dyn Browser, out: &mut Out) -> Ended {
    let begun: SessionBegun = engine.post(&["session"], &()).await?;
    let address = begun.address.expose_secret();
    out.line(address)?;
    if no_browser {
        out.note("open that address in a browser on this machine, within 15 minutes; it is good once");
    } else if let Err(error) = browser.open(address) {
        out.note(&format!("the browser could not be opened ({error}): open that address yourself, within 15 minutes"));
    }
    Ok(ExitCode::Done)
}
