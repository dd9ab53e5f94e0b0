//! The simulator behaves as an authorization server and an MCP server should, and every fault is really
//! on the wire: seen by a client that knows nothing but TCP.

mod authorization;
mod client;
mod device;
mod faults;
mod mcp;
mod raw;
mod refresh;
mod tls;
