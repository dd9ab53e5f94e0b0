//! A connection on its way to a server or to the proxy before it, as hyper wants to see it; and all of them together, to
//! be cut off where their way is gone.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::dialer::Wire;
use super::ways::way_to;

/// What was dialed, or TLS to a proxy over that.
pub(super) type Stream = MaybeHttpsStream<TokioIo<Box<dyn Wire>>>;

/// The connection, with what hyper must know about it: a request in the clear through a proxy is written in absolute form.
pub(super) struct Link {
    stream: Stream,
    proxied: bool,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Known to [`Links`] as long as it is held.
    _ends: Arc<Ends>,
}

/// All connections.
#[derive(Clone, Default)]
pub(super) struct Links(Arc<Mutex<Vec<Weak<Ends>>>>);

/// Between which addresses a connection is.
struct Ends {
    /// Of this machine, and of the other one.
    addresses: Option<(IpAddr, IpAddr)>,
    cut: CancellationToken,
}

impl Links {
    /// `stream` as one of them.
    pub(super) fn add(&self, stream: Stream, proxied: bool) -> Link {
        let wire = match &stream {
            MaybeHttpsStream::Http(wire) => wire.inner(),
            MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner().inner(),
        };
        let cut = CancellationToken::new();
        let ends = Arc::new(Ends { addresses: wire.ends(), cut: cut.clone() });
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() == links.capacity() {
            links.retain(|link| link.strong_count() > 0);
        }
        links.push(Arc::downgrade(&ends));
        Link { stream, proxied, cut: Box::pin(cut.cancelled_owned()), _ends: ends }
    }

    /// Cuts off those over which no answer can come any more, so that nobody waits for one.
    pub(super) fn cut_dead_ends(&self) {
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ends in links.iter().filter_map(Weak::upgrade).filter(|ends| ends.are_dead()) {
            ends.cut.cancel();
        }
    }
}

impl Ends {
    /// Whether this machine has given up the address, or has no way to the other end at all. Another way than the one
    /// that was taken says nothing: an answer may be on the old one still.
    fn are_dead(&self) -> bool {
        self.addresses.is_some_and(|(here, there)| {
            // Addresses on the wire alone say nothing without the interface that they are on.
            let on_the_wire = matches!(there, IpAddr::V6(there) if there.is_unicast_link_local());
            !on_the_wire && (way_to(there).is_none() || UdpSocket::bind(SocketAddr::new(here, 0)).is_err())
        })
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.proxied)
    }
}

impl Read for Link {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() && self.cut.poll_unpin(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::NetworkDown.into()));
        }
        read
    }
}

impl Write for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
