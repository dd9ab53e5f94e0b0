//! The one HTTP stack: system trust store plus extra CAs, proxies from the environment, bounded bodies
//! and times, failures classified where they arise.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use lamplighter_core::condition::Transport;
use lamplighter_core::config::Environment;
use zeroize::Zeroizing;

/// A body on its way up.
pub type Outgoing = BoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The stack; cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpClient {}

/// Why the stack could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct SetupError {
    /// What is wrong, where.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct SendError {
    /// The kind.
    pub fault: Fault,
    /// The chain below, without addresses' credentials or secrets.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kind of a failure without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The way failed.
    #[error("the way to the server failed: {0:?}")]
    Transport(Transport),
    /// TLS failed.
    #[error("no trusted TLS connection")]
    Tls,
}

/// An answer read whole.
#[derive(Debug)]
pub struct Fetched {
    /// The status code.
    pub status: StatusCode,
    /// The header section.
    pub headers: HeaderMap,
    /// The body, wiped when dropped; `None` when it was longer than the bound, or broke off.
    pub body: Option<Zeroizing<Vec<u8>>>,
}

impl HttpClient {
    /// Sets up the stack: `SSL_CERT_FILE` and `LAMPLIGHTER_EXTRA_CA_CERTS` (PEM) beside the system's trust
    /// store, `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.
    ///
    /// # Errors
    /// When a certificate file or a proxy address cannot be used.
    pub fn new(environment: &Environment) -> Result<Self, SetupError> {
        let _ = environment;
        unimplemented!()
    }

    /// Sends one request and gives its answer as it streams. Adds nothing, follows nothing. Connecting is
    /// bounded by 10 s, the rest is the caller's.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(&self, request: Request<Outgoing>) -> Result<Response<hyper::body::Incoming>, SendError> {
        let _ = request;
        unimplemented!()
    }

    /// Sends one request and reads its answer whole, at most `bound` bytes of body. Follows nothing.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn fetch(&self, request: Request<Vec<u8>>, bound: usize) -> Result<Fetched, SendError> {
        let _ = (request, bound);
        unimplemented!()
    }
}
