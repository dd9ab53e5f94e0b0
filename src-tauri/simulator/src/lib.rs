//! The other end: a scriptable OAuth authorization server and a protected MCP server, in process, on
//! loopback. The demo and the tests of the whole run against it. It knows nothing of Lamplighter.
//!
//! ```no_run
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! use lamplighter_simulator::{Endpoint, Fault, StatusCode, World};
//!
//! let world = World::new();
//! let linear = world.server("linear")?;
//! println!("add {}", linear.mcp_url());
//!
//! linear.fail(Endpoint::Token, Fault::Page(StatusCode::FORBIDDEN)); // a firewall answers
//! linear.recover(Endpoint::Token);
//! linear.revoke_grants(); // the next refresh says invalid_grant
//! assert_eq!(linear.counts().reuse_detected, 0);
//! # Ok(())
//! # }
//! ```
//!
//! Each server has two listeners of its own, one for its authorization server and one for its MCP
//! server, so that either can be out of reach alone ([`Server::go_down`]). What it does *right* is set by
//! [`AuthorizationRules`] and [`ResourceRules`]; what it does *wrong* by [`Fault`]s, per [`Endpoint`],
//! switched while it runs. Every port takes HTTP with and without TLS: [`Scheme`] says which is
//! advertised, [`Server::show`] which certificate there is. [`person`] plays the human being with the
//! browser. Tokens, codes and client secrets all contain [`CANARY`], so that a leak is found by searching
//! for one word.

mod authorization;
mod clock;
mod counts;
mod door;
mod fault;
mod front;
mod ledger;
pub mod person;
mod resource;
mod rules;
mod server;
mod tenant;
mod tls;
mod wire;
mod world;

pub use clock::Clock;
pub use counts::{Counts, GrantType, Outcome, TokenEvent};
pub use fault::{Endpoint, Fault, Loss, RetryAfter};
pub use http::StatusCode;
pub use ledger::Client;
pub use rules::{
    AccessTokenForm, AuthorizationRules, Challenge, Consent, DeviceRules, Discovery, ExpiresIn, IssParameter,
    RedirectUris, RefreshTokens, Registration, ReplyForm, ResourceMetadata, ResourceParameter, ResourceRules, Scheme,
    ScopeDemand,
};
pub use server::{Host, Server};
pub use tls::Certificate;
pub use world::World;

/// In every secret that the simulator makes: access and refresh tokens, codes, client secrets.
pub const CANARY: &str = "lamp-canary-";
