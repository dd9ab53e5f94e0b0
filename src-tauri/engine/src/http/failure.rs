//! What a failure without an answer was: read off typed causes, never off their words.

use std::error::Error;
use std::io;

use lamplighter_core::condition::Transport;
use rustls::pki_types::InvalidDnsNameError;

use super::Fault;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// What only the connector can tell.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The name has no address.
    #[error("the name could not be resolved")]
    Lookup(#[source] io::Error),
    /// TCP, TLS and the proxy's consent together took too long.
    #[error("connecting took too long")]
    Timeout,
    /// The network changed meanwhile.
    #[error("the network changed before the connection stood")]
    GivenUp,
    /// The proxy did not open the way.
    #[error("the proxy did not open the way")]
    Proxy(#[source] BoxError),
}

impl Fault {
    /// Reads `error` and the causes below it.
    pub(super) fn of(error: &(dyn Error + 'static), connecting: bool) -> Self {
        causes(error).find_map(telling).unwrap_or(Self::Transport(if connecting {
            Transport::Unreachable
        } else {
            Transport::Closed
        }))
    }
}

/// `error` and everything below it, the insides of `io::Error` included, which `source` passes over.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    })
}

/// What one cause tells by itself.
fn telling(cause: &(dyn Error + 'static)) -> Option<Fault> {
    if cause.is::<rustls::Error>() {
        return Some(Fault::Tls);
    }
    if cause.is::<InvalidDnsNameError>() {
        return Some(Fault::Transport(Transport::Dns));
    }
    if let Some(error) = cause.downcast_ref::<ConnectError>() {
        return match error {
            ConnectError::Lookup(error) if is_exhaustion(error) => Some(Fault::Transport(Transport::Exhausted)),
            ConnectError::Lookup(_) => Some(Fault::Transport(Transport::Dns)),
            ConnectError::Timeout => Some(Fault::Transport(Transport::Timeout)),
            ConnectError::GivenUp => Some(Fault::Transport(Transport::Reset)),
            ConnectError::Proxy(_) => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        let told = [(error.is_timeout(), Transport::Timeout), (error.is_parse(), Transport::Malformed)];
        return told.into_iter().find_map(|(is_so, transport)| is_so.then_some(Fault::Transport(transport)));
    }
    let error = cause.downcast_ref::<io::Error>()?;
    let transport = if is_exhaustion(error) { Some(Transport::Exhausted) } else { of_kind(error.kind()) };
    transport.map(Fault::Transport)
}

/// Whether the system has no file descriptor left, for this process or for all: no kind of its own says so.
fn is_exhaustion(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    cfg!(unix) && matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

fn of_kind(kind: io::ErrorKind) -> Option<Transport> {
    use io::ErrorKind as Kind;
    let table = [
        (Kind::ConnectionRefused, Transport::Refused),
        (Kind::HostUnreachable, Transport::Unreachable),
        (Kind::NetworkUnreachable, Transport::Unreachable),
        (Kind::NetworkDown, Transport::Unreachable),
        (Kind::AddrNotAvailable, Transport::Unreachable),
        (Kind::PermissionDenied, Transport::Unreachable),
        (Kind::ConnectionReset, Transport::Reset),
        (Kind::ConnectionAborted, Transport::Reset),
        (Kind::BrokenPipe, Transport::Reset),
        (Kind::TimedOut, Transport::Timeout),
        (Kind::UnexpectedEof, Transport::Closed),
        (Kind::NotConnected, Transport::Closed),
    ];
    table.iter().find(|(known, _)| *known == kind).map(|(_, transport)| *transport)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] BoxError);

    #[test]
    fn a_fault_is_found_however_deep_it_lies() {
        use io::ErrorKind as Kind;
        let deep = |error: BoxError| Outer(io::Error::other(Outer(error)).into());
        let table: [(BoxError, Fault); 11] = [
            (io::Error::from(Kind::ConnectionRefused).into(), Fault::Transport(Transport::Refused)),
            (io::Error::from(Kind::NetworkUnreachable).into(), Fault::Transport(Transport::Unreachable)),
            (io::Error::from(Kind::HostUnreachable).into(), Fault::Transport(Transport::Unreachable)),
            (io::Error::from(Kind::ConnectionReset).into(), Fault::Transport(Transport::Reset)),
            (io::Error::from(Kind::TimedOut).into(), Fault::Transport(Transport::Timeout)),
            (io::Error::from(Kind::UnexpectedEof).into(), Fault::Transport(Transport::Closed)),
            (ConnectError::Timeout.into(), Fault::Transport(Transport::Timeout)),
            (ConnectError::Lookup(Kind::TimedOut.into()).into(), Fault::Transport(Transport::Dns)),
            (io::Error::from_raw_os_error(24).into(), Fault::Transport(Transport::Exhausted)),
            (ConnectError::Lookup(io::Error::from_raw_os_error(24)).into(), Fault::Transport(Transport::Exhausted)),
            (io::Error::new(Kind::InvalidData, rustls::Error::DecryptError).into(), Fault::Tls),
        ];
        for (error, fault) in table {
            let shown = error.to_string();
            assert_eq!(Fault::of(&deep(error), false), fault, "{shown}");
        }
    }

    #[test]
    fn what_nobody_tells_depends_on_when_it_was() {
        let error = Outer("?".into());
        assert_eq!(Fault::of(&error, true), Fault::Transport(Transport::Unreachable));
        assert_eq!(Fault::of(&error, false), Fault::Transport(Transport::Closed));
    }
}
