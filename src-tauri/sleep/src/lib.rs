//! The system's own word on sleep, on macOS and Windows: that the machine is about to, or has woken, and on Windows how
//! long it was awake. Nothing safe tells of it there. All unsafe code of Lamplighter is here; it knows nothing of what is
//! done with the news. Checked by the compiler for both systems, run on neither so far. On Linux logind tells, over
//! D-Bus, and nothing is done here.

#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
#[cfg(any(target_os = "macos", windows))]
mod system;

/// Whoever is told, on a thread of the system's.
pub trait Listener: Send + Sync + 'static {
    /// The machine is about to sleep. It waits until this returns: on macOS for 30 seconds at most, on Windows for about
    /// two.
    fn falls_asleep(&self);

    /// The machine has woken; on macOS only when it woke for a person, and not to look after itself in the dark.
    fn woke(&self);
}

/// Tells `listener`, from now on until the process ends.
///
/// # Errors
/// When the system does not take the registration.
#[cfg(any(target_os = "macos", windows))]
pub fn tell(listener: impl Listener) -> std::io::Result<()> {
    system::tell(listener)
}

/// A moment on the clock that stands still while the machine is suspended, which `std::time::Instant` is on Linux and
/// macOS.
#[cfg(windows)]
pub use system::Awake;
