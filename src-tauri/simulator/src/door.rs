//! A listener that can be taken away and put back on the same port, and takes HTTP with and without TLS.
//! Must not know what is served.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Mutex, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::pause;
use crate::tls::{self, Tls};
use crate::wire::{Answer, Cut};

/// Answers one request.
pub(crate) type Handler = Arc<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Answer> + Send + Sync>;

/// A port of this machine's loopback address, held until dropped.
pub(crate) struct Door {
    address: SocketAddr,
    serving: Serving,
    state: Mutex<State>,
}

/// What every connection needs.
#[derive(Clone)]
struct Serving {
    handler: Handler,
    tls: Arc<Tls>,
}

enum State {
    Open(Listening),
    /// Bound and not listening: the port stays ours, and connections are refused.
    Closed(TcpSocket),
    /// Reopening or closing failed midway; the port is lost.
    Lost,
}

struct Listening {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// A fresh loopback port.
pub(crate) fn bind() -> io::Result<TcpSocket> {
    bind_to(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

impl Door {
    /// Serves what connects to `socket`.
    pub(crate) fn open(socket: TcpSocket, handler: Handler, tls: Arc<Tls>) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let serving = Serving { handler, tls };
        let listening = listen(socket, &serving)?;
        Ok(Self { address, serving, state: Mutex::new(State::Open(listening)) })
    }

    /// Cuts every connection and refuses new ones, from the moment this returns.
    pub(crate) async fn close(&self) -> io::Result<()> {
        let mut state = self.state.lock().await;
        if let State::Open(listening) = std::mem::replace(&mut *state, State::Lost) {
            let _ = listening.stop.send(());
            let _ = listening.task.await;
        }
        *state = State::Closed(bind_to(self.address)?);
        Ok(())
    }

    /// Serves again.
    pub(crate) async fn reopen(&self) -> io::Result<()> {
        let mut state = self.state.lock().await;
        *state = match std::mem::replace(&mut *state, State::Lost) {
            open @ State::Open(_) => open,
            State::Closed(socket) => State::Open(listen(socket, &self.serving)?),
            State::Lost => State::Open(listen(bind_to(self.address)?, &self.serving)?),
        };
        Ok(())
    }
}

fn bind_to(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Lets the port be taken again while its old connections linger; elsewhere than on Unix it would let others in.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listen(socket: TcpSocket, serving: &Serving) -> io::Result<Listening> {
    let listener = socket.listen(1024)?;
    let (stop, stopped) = oneshot::channel();
    Ok(Listening { stop, task: tokio::spawn(accept(listener, serving.clone(), stopped)) })
}

/// Ends when `stopped` is told, or when its sender is dropped with the door.
async fn accept(listener: TcpListener, serving: Serving, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, serving.clone()));
                }
                // Out of descriptors, or the peer gave up: neither is the end of the listener.
                Err(_) => pause(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, Serving { handler, tls }: Serving) {
    // Without it a drip would be gathered into larger segments.
    let _ = stream.set_nodelay(true);
    let mut first = [0];
    if !matches!(stream.peek(&mut first).await, Ok(1)) {
        return;
    }
    if first == [tls::HANDSHAKE] {
        if let Ok(stream) = tls.accept(stream).await {
            serve_http(stream, handler, |stream| stream.get_ref().0).await;
        }
    } else {
        serve_http(stream, handler, |stream| stream).await;
    }
}

/// Serves HTTP on `stream`, whose socket is `beneath`.
async fn serve_http<S>(stream: S, handler: Handler, beneath: impl Fn(&S) -> &TcpStream)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| handler(request));
    let mut connection =
        http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = (&mut connection).await {
        let cut = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Cut>());
        if cut == Some(&Cut::Reset) {
            let _ = beneath(connection.into_parts().io.inner()).set_zero_linger();
        }
    }
}
