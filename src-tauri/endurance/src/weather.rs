//! The weather around an engine: a machine that sleeps and wakes, a person who comes and goes, and a network of its own that
//! is cut, bent and mended.

pub mod figures;
pub mod logind;
pub mod network;
pub mod network_manager;

use crate::bus::SessionBus;
use crate::child::Child;

/// Has `python3-dbusmock` play a system service, by its template of this name, on `bus`.
fn play(template: &str, bus: &SessionBus) -> Child {
    // Debian's own, which has the module; another may come first on the path.
    let mut command = bus.command("/usr/bin/python3");
    command.args(["-m", "dbusmock", "--system", "-t", template]).env("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
    bus.begin(command)
}
