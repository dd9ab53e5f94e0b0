//! A simulated MCP server on this machine, for whoever has none at hand yet.

use std::io;

use lamplighter_simulator::{Consent, World};
use url::Url;

/// Its name, the first segment of its address.
const NAME: &str = "demo";
/// Who is signed in there.
const ACCOUNT: &str = "you@example.com";

/// The simulated servers, as long as this is held.
#[derive(Default)]
pub(super) struct Servers(World);

impl Servers {
    /// The address of the one that there is; started at the first call.
    pub(super) fn address(&mut self) -> io::Result<Url> {
        let server = self.0.server(NAME)?;
        server.authorization(|rules| {
            rules.consent = Consent::Ask;
            rules.account = Some(ACCOUNT.to_owned());
        });
        Ok(server.mcp_url())
    }
}
