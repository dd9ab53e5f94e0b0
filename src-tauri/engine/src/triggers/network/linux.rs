//! News of the network on Linux: rtnetlink, which tells of carriers and routes too, and the resolver's file.

use std::io;
use std::path::Path;

use futures_util::StreamExt;
use inotify::{Inotify, WatchMask};
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket, protocols};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const RESOLVER: &str = "/etc/resolv.conf";

/// Links, addresses, routes and rules of both families, as `linux/rtnetlink.h` numbers their groups, each a bit.
const GROUPS: u32 = 1 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 18;

/// Tells `heard` of everything that happens, as long as the answer is held. A word too few is said where one is waiting.
pub(super) fn listen(heard: mpsc::Sender<()>) -> io::Result<JoinSet<()>> {
    let mut socket = TokioSocket::new(protocols::NETLINK_ROUTE)?;
    socket.socket_mut().bind(&SocketAddr::new(0, GROUPS))?;
    let mut sources = JoinSet::new();
    let names = heard.clone();
    sources.spawn(async move {
        let mut message = Vec::with_capacity(8 * 1024);
        loop {
            message.clear();
            match socket.recv_from(&mut message).await {
                Ok(_) => {}
                // More happened than the system kept for us: that is news as well.
                Err(error) if error.raw_os_error() == Some(NO_ROOM) => {}
                Err(error) => {
                    tracing::warn!(%error, "changes of the network are not heard of any more");
                    return;
                }
            }
            let _ = heard.try_send(());
        }
    });
    sources.spawn(async move {
        if let Err(error) = listen_for_names(&names).await {
            tracing::debug!(%error, "other name servers are not heard of");
        }
    });
    Ok(sources)
}

/// `ENOBUFS`
const NO_ROOM: i32 = 105;

/// The resolver's file is replaced as a rule, wherever a link leads to it: its folders are watched; and it is written to
/// where it is mounted alone.
async fn listen_for_names(heard: &mpsc::Sender<()>) -> io::Result<()> {
    let watched = Inotify::init()?;
    let there = Path::new(RESOLVER);
    let behind = there.canonicalize().unwrap_or_default();
    for file in [there, &behind] {
        if let Some(folder) = file.parent().filter(|folder| folder.is_dir()) {
            let mask = WatchMask::CLOSE_WRITE | WatchMask::MOVED_TO | WatchMask::CREATE;
            watched.watches().add(folder, mask)?;
        }
    }
    watched.watches().add(there, WatchMask::CLOSE_WRITE)?;
    let names = [there.file_name(), behind.file_name()];
    let mut changes = watched.into_event_stream([0; 1024])?;
    while let Some(change) = changes.next().await {
        let change = change?;
        if change.name.as_deref().is_none_or(|name| names.contains(&Some(name))) {
            let _ = heard.try_send(());
        }
    }
    Ok(())
}

/// Whether something is at the other end; also where that cannot be told.
pub(super) fn has_carrier(interface: &str) -> bool {
    match std::fs::read(Path::new("/sys/class/net").join(interface).join("carrier")) {
        Ok(carrier) => carrier.starts_with(b"1"),
        // The system's answer for one that is down.
        Err(error) => error.kind() != io::ErrorKind::InvalidInput,
    }
}

/// What the resolver is told.
pub(super) fn resolver() -> Vec<u8> {
    told(Path::new(RESOLVER))
}

/// What is said in `there`, and in the file of the same name beside the one that it links to: where a stub answers on this
/// machine, as systemd-resolved's does, that one names the servers behind it.
fn told(there: &Path) -> Vec<u8> {
    let behind = there.canonicalize().unwrap_or_default();
    let beside = there.file_name().map(|name| behind.with_file_name(name));
    let files = [Some(there.to_owned()), beside];
    files.into_iter().flatten().flat_map(|file| std::fs::read(file).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn other_servers_behind_a_stub_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in ["etc", "run"] {
            fs::create_dir(place(name)).unwrap();
        }
        fs::write(place("run/stub-resolv.conf"), "nameserver 127.0.0.53\n").unwrap();
        fs::write(place("run/resolv.conf"), "nameserver 192.0.2.1\n").unwrap();
        std::os::unix::fs::symlink(place("run/stub-resolv.conf"), place("etc/resolv.conf")).unwrap();
        let before = told(&place("etc/resolv.conf"));
        fs::write(place("run/resolv.conf"), "nameserver 192.0.2.2\n").unwrap();
        assert_ne!(told(&place("etc/resolv.conf")), before);
    }
}
