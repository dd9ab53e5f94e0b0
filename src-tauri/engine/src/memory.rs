//! The memory of this process, which holds tokens: kept from core dumps and from other programs of the same user.

/// Keeps this process' memory to itself, as agents for keys do: no core dump is written when it crashes, and only root
/// may look into it or attach a debugger. For programs, before they start the engine; it concerns the whole process.
///
/// On macOS and Windows nothing is done.
pub fn hide() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the memory of this process can be read by programs of the same user");
    }
}
