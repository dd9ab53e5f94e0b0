//! Bytes from one connection to another, unread: the least that anything between two programs can cost.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

pub(super) async fn serve(listener: TcpListener, to: SocketAddr) -> Result<()> {
    loop {
        let (mut near, _) = listener.accept().await?;
        tokio::spawn(async move {
            near.set_nodelay(true)?;
            let mut far = TcpStream::connect(to).await?;
            far.set_nodelay(true)?;
            copy_bidirectional(&mut near, &mut far).await
        });
    }
}
