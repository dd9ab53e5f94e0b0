//! How a stream of bytes to a host comes about: its name, then TCP; or whatever a simulation has in their place. It
//! knows nothing of proxies, TLS and HTTP, which go over it.

use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::TryFutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;
use tower::Service;

use super::connector::CONNECT;
use super::failure::{BoxError, ConnectError};

/// A connection on which nothing moves is asked for a sign of life after this long, then this often.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// What was sent and is not acknowledged for this long was sent into the void: the machine sits in another network now.
#[cfg(target_os = "linux")]
const UNANSWERED: Duration = Duration::from_mins(1);

/// Opens streams to hosts: the one door to the network.
pub trait Dialer: Send + Sync + 'static {
    /// A stream to the host and port of `destination`. Not bounded in time: whoever asks does that.
    ///
    /// Where there is none, the error is an [`io::Error`](std::io::Error) of the kind that TCP gives, or has one below it.
    fn dial(&self, destination: &Uri) -> BoxFuture<'static, Result<Box<dyn Wire>, BoxError>>;
}

/// A stream of bytes both ways.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {
    /// The addresses of this end and of the other one, where it has any.
    fn ends(&self) -> Option<(IpAddr, IpAddr)>;
}

impl Wire for TcpStream {
    fn ends(&self) -> Option<(IpAddr, IpAddr)> {
        Some((self.local_addr().ok()?.ip(), self.peer_addr().ok()?.ip()))
    }
}

impl Connection for Box<dyn Wire> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// What simulations are made of.
impl Wire for DuplexStream {
    fn ends(&self) -> Option<(IpAddr, IpAddr)> {
        None
    }
}

/// The system's resolver and TCP.
#[derive(Clone, Debug)]
pub(crate) struct Tcp(HttpConnector<Resolver>);

impl Tcp {
    pub(crate) fn new() -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE.0));
        tcp.set_keepalive_interval(Some(KEEPALIVE.1));
        tcp.set_keepalive_retries(Some(3));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNANSWERED));
        // Divided among the addresses of a name, so that a dead one leaves time for the next.
        tcp.set_connect_timeout(Some(CONNECT));
        Self(tcp)
    }
}

impl Dialer for Tcp {
    fn dial(&self, destination: &Uri) -> BoxFuture<'static, Result<Box<dyn Wire>, BoxError>> {
        let dialing = self.0.clone().call(destination.clone());
        Box::pin(dialing.map_ok(|stream| Box::new(stream.into_inner()) as Box<dyn Wire>).map_err(Into::into))
    }
}

/// The system's resolver, whose failures are told from those of TCP.
#[derive(Clone, Debug)]
struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<GaiAddrs, ConnectError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.0.poll_ready(cx).map_err(ConnectError::Lookup)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let looking_up = self.0.call(name);
        Box::pin(looking_up.map_err(ConnectError::Lookup))
    }
}
