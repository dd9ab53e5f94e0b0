//! Why a request to the engine brought nothing.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use http::StatusCode;
use lamplighter_engine::api::Problem;

/// Why a request to the engine brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No engine runs in the profile.
    #[error("no engine is running")]
    NoEngine,
    /// `engine.json` is there, and cannot be read.
    #[error("{} cannot be read: {source}", file.display())]
    Unreadable {
        /// Where it is.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The engine is there, and does not answer.
    #[error("the engine at {address} does not answer: {source}")]
    Silent {
        /// Where it should be listening.
        address: SocketAddr,
        /// Its process.
        pid: u32,
        /// Why.
        source: io::Error,
    },
    /// The engine was there, and is gone.
    #[error("the engine stopped before it had answered")]
    Stopped,
    /// A name that no path can hold, so that no workload has it.
    #[error("no workload is called {0:?}")]
    NoSuchName(String),
    /// The engine does not do it, and says why.
    #[error("{}", .0.detail)]
    Refused(Problem),
    /// It was refused by something that is no engine of ours, or none of this version.
    #[error("the engine answered {0}")]
    Strange(StatusCode),
    /// The answer is not what was asked for.
    #[error("the engine's answer cannot be understood: {0}")]
    NotUnderstood(#[source] serde_json::Error),
    /// The request cannot be put into HTTP or JSON.
    #[error("the request cannot be written: {0}")]
    Unwritable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unwritable(Box::new(error))
    }
}
