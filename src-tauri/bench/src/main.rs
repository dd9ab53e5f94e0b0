//! The `lamplighter-bench` program: measures what Lamplighter costs.

#[cfg(target_os = "linux")]
mod measure;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    measure::run()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::io::Result<()> {
    Err(std::io::Error::other("what programs use is read from /proc, which Linux alone has"))
}
