//! The request path over real sockets: what travels, how it streams, what follows a 401, what is refused.

mod fidelity;
mod framing;
mod refusals;
mod renewal;
mod streaming;
