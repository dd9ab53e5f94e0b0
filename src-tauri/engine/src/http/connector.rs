//! How a connection comes about: name, TCP, the proxy's consent, TLS; ten seconds for all of it.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::TryFutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::sync::Notify;
use tower::Service;

use super::dialer::{Dialer, Wire};
use super::failure::{BoxError, ConnectError};
use super::link::{Link, Links, Stream};
use super::proxies::Proxies;

/// For name, TCP, proxy and TLS together.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Connects to servers.
#[derive(Clone)]
pub(super) struct Connector {
    secure: HttpsConnector<Way>,
    /// Told when what is being opened leads nowhere any more.
    given_up: Arc<Notify>,
    links: Links,
}

impl Connector {
    pub(super) fn new(mut tls: ClientConfig, proxies: Arc<Proxies>, dialer: Arc<dyn Dialer>) -> Self {
        let tcp = Dial(dialer);
        let to_proxy = HttpsConnector::from((tcp.clone(), tls.clone()));
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let links = Links::default();
        let way = Way { tcp, to_proxy, proxies, links: links.clone() };
        Self { secure: HttpsConnector::from((way, tls)), given_up: Arc::default(), links }
    }

    /// Gives up the connections that are just being opened, and those over which no answer can come any more.
    pub(super) fn give_up(&self) {
        self.given_up.notify_waiters();
        self.links.cut_dead_ends();
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Link>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.secure.poll_ready(cx)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let connecting = self.secure.call(destination);
        #[expect(clippy::disallowed_methods, reason = "bounds one connection in real time; no decision hangs on it")]
        let bounded = tokio::time::timeout(CONNECT, connecting);
        let given_up = Arc::clone(&self.given_up);
        Box::pin(async move {
            tokio::select! {
                connected = bounded => connected.unwrap_or_else(|_| Err(ConnectError::Timeout.into())),
                () = given_up.notified() => Err(ConnectError::GivenUp.into()),
            }
        })
    }
}

/// TCP to the server, straight or through a proxy.
#[derive(Clone)]
struct Way {
    tcp: Dial,
    to_proxy: HttpsConnector<Dial>,
    proxies: Arc<Proxies>,
    links: Links,
}

impl Service<Uri> for Way {
    type Response = Link;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Link, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        match self.proxies.towards(&destination) {
            None => {
                let (reaching, links) = (self.tcp.call(destination), self.links.clone());
                Box::pin(async move { Ok(links.add(MaybeHttpsStream::Http(reaching.await?), false)) })
            }
            Some(proxy) => self.through(proxy, destination),
        }
    }
}

impl Way {
    /// Reaches the proxy first, and over that connection asks it for the rest.
    fn through(&mut self, proxy: Intercept, destination: Uri) -> BoxFuture<'static, Result<Link, BoxError>> {
        let refused = |error: BoxError| BoxError::from(ConnectError::Proxy(error));
        let links = self.links.clone();
        if matches!(proxy.uri().scheme_str(), Some("socks5" | "socks5h")) {
            let address = with_port(proxy.uri().clone(), 1080);
            let reaching = self.tcp.call(address.clone());
            return Box::pin(async move {
                let mut socks = SocksV5::new(address, handed(MaybeHttpsStream::Http(reaching.await?)));
                if let Some((user, password)) = proxy.raw_auth() {
                    socks = socks.with_auth(user.to_owned(), password.to_owned());
                }
                let stream = socks.call(destination).await.map_err(|error| refused(error.into()))?;
                Ok(links.add(stream, false))
            });
        }
        let reaching = self.to_proxy.call(proxy.uri().clone());
        Box::pin(async move {
            let stream = reaching.await?;
            if destination.scheme_str() == Some("http") {
                return Ok(links.add(stream, true));
            }
            let mut tunnel = Tunnel::new(proxy.uri().clone(), handed(stream));
            if let Some(credentials) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(credentials.clone());
            }
            let stream = tunnel.call(destination).await.map_err(|error| refused(error.into()))?;
            Ok(links.add(stream, false))
        })
    }
}

/// The connector of hyper-util's proxy handshakes: they connect for themselves and blur what failed, so they are handed
/// a connection that stands already.
fn handed(
    stream: Stream,
) -> impl Service<Uri, Response = Stream, Error = io::Error, Future = Ready<io::Result<Stream>>> {
    let mut stream = Some(stream);
    tower::service_fn(move |_| ready(stream.take().ok_or_else(|| io::ErrorKind::NotConnected.into())))
}

/// `address` with its port spelt out.
fn with_port(address: Uri, default: u16) -> Uri {
    let host = address.host().unwrap_or_default().to_owned();
    if address.port().is_some() {
        return address;
    }
    let mut parts = address.into_parts();
    parts.authority = format!("{host}:{default}").parse().ok();
    Uri::from_parts(parts).unwrap_or_default()
}

/// The dialer, as hyper wants to see it.
#[derive(Clone)]
struct Dial(Arc<dyn Dialer>);

impl Service<Uri> for Dial {
    type Response = TokioIo<Box<dyn Wire>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        Box::pin(self.0.dial(&destination).map_ok(TokioIo::new))
    }
}
