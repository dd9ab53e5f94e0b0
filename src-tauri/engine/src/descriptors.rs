//! File descriptors: how many connections this process can carry with those it may have. Knows nothing of what is
//! sent over a connection.

/// Local connections at one time, however many descriptors there are: at the 37 KiB or so that an open stream takes,
/// they stay at some 600 MiB.
const CONNECTIONS: u64 = 16 * 1024;

/// A local connection, and the one that its request goes up on.
const A_CONNECTION: u64 = 2;

/// Kept for what is no connection of a client: the journal, the log, secrets, exchanges with token endpoints.
const OWN: u64 = 256;

/// Asks the system for as many descriptors as the engine can make use of: many systems begin with 1,024, or with 256,
/// and give more to whoever asks. For programs, before they start the engine; it concerns the whole process.
pub fn raise() {
    let wanted = CONNECTIONS * A_CONNECTION + OWN;
    if let Err(error) = rlimit::increase_nofile_limit(wanted) {
        tracing::warn!(%error, "the bound on open files stays as it is");
    }
}

/// How many local connections there may be at one time, so that for each there is one to its upstream, and the engine
/// itself never goes short.
pub(crate) fn connections() -> usize {
    usize::try_from(within(bound())).unwrap_or(usize::MAX)
}

/// The connections that `descriptors` suffice for.
fn within(descriptors: u64) -> u64 {
    let own = OWN.min(descriptors / 4);
    ((descriptors - own) / A_CONNECTION).clamp(1, CONNECTIONS)
}

/// The descriptors that this process may have open.
#[cfg(unix)]
fn bound() -> u64 {
    rlimit::Resource::NOFILE.get_soft().unwrap_or(OWN)
}

/// Windows bounds no sockets.
#[cfg(not(unix))]
fn bound() -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_has_another_to_its_upstream_and_the_engine_has_its_own() {
        for (descriptors, connections) in
            [(0, 1), (256, 96), (1024, 384), (20_000, 9_872), (1 << 20, CONNECTIONS), (u64::MAX, CONNECTIONS)]
        {
            assert_eq!(within(descriptors), connections, "with {descriptors} descriptors");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_asked_for_is_had_where_the_system_gives_it() {
        raise();
        let (soft, hard) = rlimit::Resource::NOFILE.get().unwrap();
        assert!(soft >= hard.min(CONNECTIONS * A_CONNECTION + OWN) || cfg!(target_os = "macos"), "{soft} of {hard}");
        assert_eq!(connections() as u64, within(soft));
    }
}
