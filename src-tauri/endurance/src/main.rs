//! The `lamplighter-endurance` program: ordeals, each bounded, with its figures at the end.

#[cfg(target_os = "linux")]
mod command;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    command::run()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::io::Result<()> {
    Err(std::io::Error::other("these ordeals read what a process uses from /proc, which Linux alone has"))
}
