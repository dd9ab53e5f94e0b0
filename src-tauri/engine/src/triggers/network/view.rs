//! What the network looks like from here. Portable.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::http::way_out;

/// A look at the network: two that differ may have something between them that makes a try succeed which failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// The addresses of interfaces that others can be reached by, where there is a carrier.
    interfaces: BTreeMap<u32, BTreeSet<IpAddr>>,
    /// From which addresses the rest of the world is reached, by IPv4 and IPv6.
    ways_out: [Option<IpAddr>; 2],
    /// What the system's resolver is told.
    resolver: Vec<u8>,
}

impl View {
    /// Looks as it is now; whether that is another than before.
    pub(super) fn look_again(&mut self) -> bool {
        let now = Self::now();
        let changed = now != *self;
        *self = now;
        changed
    }

    /// As it is now. What cannot be seen is left out.
    pub(super) fn now() -> Self {
        let interfaces = netwatcher::list_interfaces().unwrap_or_default().into_iter();
        let interfaces = interfaces
            .filter(|(_, interface)| super::news::has_carrier(&interface.name))
            .map(|(index, interface)| (index, interface.ips.iter().map(|held| held.ip).filter(leads_out).collect()));
        Self { interfaces: interfaces.collect(), ways_out: way_out(), resolver: super::news::resolver() }
    }
}

/// Whether an address is one of this machine in some network, and not merely on it or on the wire.
fn leads_out(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    }
}
