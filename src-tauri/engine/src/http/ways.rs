//! The ways out of this machine, as its routes have them. Nothing is sent to find out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Addresses that are nobody's (RFC 5737, RFC 3849): what leads there leads anywhere.
const ELSEWHERE: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// From which address of this machine the rest of the world is reached by IPv4, and by IPv6; `None` where no route
/// leads there.
pub(crate) fn way_out() -> [Option<IpAddr>; 2] {
    ELSEWHERE.map(way_to)
}

/// Whether any route leads out of this machine.
pub(crate) fn has_network() -> bool {
    way_out().iter().any(Option::is_some)
}

pub(super) fn way_to(destination: IpAddr) -> Option<IpAddr> {
    let unspecified = match destination {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind(SocketAddr::new(unspecified, 0)).ok()?;
    // Connecting a socket of datagrams asks the routes, and sends nothing. The port is that of discard (RFC 863).
    socket.connect(SocketAddr::new(destination, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_reaches_itself() {
        assert_eq!(way_to(Ipv4Addr::LOCALHOST.into()), Some(Ipv4Addr::LOCALHOST.into()));
    }
}
