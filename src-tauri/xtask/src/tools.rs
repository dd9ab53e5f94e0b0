//! What the tasks need besides Rust, and how it gets onto this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::{cargo, command, found, npm, output, run, say, top};

/// The oldest Node.js that programs of others run on.
const NODE: u32 = 20;

/// Programs for a real browser, a real Secret Service and a real desktop without a screen, with the Debian package of
/// each; of one that is on no search path, the file.
const PROGRAMS: [(&str, &str); 22] = [
    ("chromium", "chromium"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
    ("dbus-run-session", "dbus"),
    ("dbus-launch", "dbus-x11"),
    ("pgrep", "procps"),
    ("npm", "npm"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("Xvfb", "xvfb"),
    ("openbox", "openbox"),
    ("xfce4-panel", "xfce4-panel"),
    ("xfce4-notifyd-config", "xfce4-notifyd"),
    ("xwininfo", "x11-utils"),
    ("xdotool", "xdotool"),
    ("xclip", "xclip"),
    ("scrot", "scrot"),
    ("gdbus", "libglib2.0-bin"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("dnsmasq", "dnsmasq-base"),
    ("desktop-file-validate", "desktop-file-utils"),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
];

/// Libraries of the desktop app, as `pkg-config` calls them, with the Debian package of each.
const LIBRARIES: [(&str, &str); 2] = [("webkit2gtk-4.1", "libwebkit2gtk-4.1-dev"), ("librsvg-2.0", "librsvg2-dev")];

/// Gets what the tests of the whole need: programs of the system, and the foreign servers.
///
/// # Errors
/// When something is missing that cannot be installed; the error says what to do.
pub(crate) fn prepare_tests() -> Result<()> {
    system_packages(&missing_for_tests(), "the tests")?;
    node_is_recent()?;
    from_npm("tests/foreign")?;
    prepare_bundle()
}

/// Gets the libraries that the desktop app is built with.
///
/// # Errors
/// When one is missing that cannot be installed; the error says what to do.
pub(crate) fn prepare_build() -> Result<()> {
    let compiles = [("cc", "build-essential"), ("pkg-config", "pkg-config")];
    let programs = compiles.into_iter().filter(|(program, _)| found(program).is_none());
    let libraries = LIBRARIES.into_iter().filter(|(library, _)| !is_installed(library));
    let missing: Vec<&str> = programs.chain(libraries).map(|(_, package)| package).collect();
    system_packages(&missing, "the desktop app")
}

/// Gets what the web UI is made of.
///
/// # Errors
/// When something is missing that cannot be installed; the error says what to do.
pub(crate) fn prepare_ui() -> Result<()> {
    let missing: &[&str] = if found("npm").is_some() { &[] } else { &["npm"] };
    system_packages(missing, "the web UI")?;
    node_is_recent()?;
    from_npm("ui")
}

/// Gets what packages are made with.
///
/// # Errors
/// When something is missing that cannot be installed; the error says what to do.
pub(crate) fn prepare_bundle() -> Result<()> {
    let wanted = [("npm", "npm"), ("dpkg-shlibdeps", "dpkg-dev")].into_iter();
    let missing: Vec<&str> =
        wanted.filter(|(program, _)| found(program).is_none()).map(|(_, package)| package).collect();
    system_packages(&missing, "packages")?;
    node_is_recent()?;
    from_npm("src-tauri/bundle")
}

/// Gets what the benchmarks need: the rivals made by others.
///
/// # Errors
/// When it is missing and cannot be installed; the error says what to do.
pub(crate) fn prepare_benchmarks() -> Result<()> {
    // Debian keeps it where the search path of an ordinary user does not lead.
    let nginx = found("nginx").is_some() || Path::new("/usr/sbin/nginx").is_file();
    let wanted = [(nginx, "nginx-light"), (found("npm").is_some(), "npm")];
    let missing: Vec<&str> = wanted.into_iter().filter(|(there, _)| !there).map(|(_, package)| package).collect();
    system_packages(&missing, "the benchmarks")?;
    node_is_recent()?;
    from_npm("src-tauri/bench/foreign")
}

/// `cargo-deny`, built below `target/` where the machine has none.
///
/// # Errors
/// When it can be neither found nor built.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    cargo_tool("cargo-deny")
}

/// `cargo-fuzz`, built below `target/` where the machine has none.
///
/// # Errors
/// When it can be neither found nor built.
pub(crate) fn cargo_fuzz() -> Result<PathBuf> {
    cargo_tool("cargo-fuzz")
}

fn cargo_tool(name: &str) -> Result<PathBuf> {
    let tools = top().join("target/tools");
    let built = tools.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if let Some(installed) = found(name) {
        return Ok(installed);
    }
    if !built.is_file() {
        say(&format!("{name} is missing: building it below target/tools, which takes a few minutes."));
        run(cargo(["install", "--locked", "--quiet", name, "--root"]).arg(&tools))
            .with_context(|| format!("cannot build {name}\nhint: cargo install --locked {name}"))?;
    }
    Ok(built)
}

/// Installs Debian packages that are `missing` for what is `wanted`.
fn system_packages(missing: &[&str], wanted: &str) -> Result<()> {
    if missing.is_empty() || !cfg!(target_os = "linux") {
        return Ok(());
    }
    if found("apt-get").is_none() {
        bail!(
            "programs that {wanted} need are missing, and this is no Debian on which they could be installed\n\
             hint: install what Debian calls {}",
            missing.join(" ")
        );
    }
    say(&format!("Installing what {wanted} need: {}", missing.join(" ")));
    run(&mut apt_get(&["update", "--quiet"])?)?;
    run(apt_get(&["install", "--yes", "--quiet", "--no-install-recommends"])?.args(missing))
        .with_context(|| format!("cannot install packages\nhint: sudo apt-get install {}", missing.join(" ")))
}

/// Whether a library can be built with.
fn is_installed(library: &str) -> bool {
    let mut asked = Command::new("pkg-config");
    asked.args(["--exists", library]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn missing_for_tests() -> Vec<&'static str> {
    let missing = PROGRAMS.iter().filter(|(program, _)| found(program).is_none()).map(|(_, package)| *package);
    let simulates_buses = Command::new("/usr/bin/python3")
        .args(["-c", "import dbusmock"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    missing.chain((!simulates_buses).then_some("python3-dbusmock")).collect()
}

fn apt_get(arguments: &[&str]) -> Result<Command> {
    let as_root = output(&mut command("id", ["-u"]))?.trim() == "0";
    let words = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"].iter().chain(arguments);
    let mut apt_get = if as_root { command("env", words.skip(1)) } else { command("sudo", words) };
    apt_get.stdin(Stdio::null());
    Ok(apt_get)
}

fn node_is_recent() -> Result<()> {
    let hint = format!("hint: install Node.js {NODE} or newer; `node --version` tells which one is found first");
    let version = output(&mut command("node", ["--version"])).with_context(|| format!("no Node.js\n{hint}"))?;
    match major(&version) {
        Some(major) if major >= NODE => Ok(()),
        Some(_) | None => bail!("Node.js {} is too old\n{hint}", version.trim()),
    }
}

/// 20 of `v20.19.2`.
fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Installs the Node.js packages of `folder` as its lock file says, unless that was done since the lock file last
/// changed.
fn from_npm(place: &str) -> Result<()> {
    let folder = top().join(place);
    let changed = |file: PathBuf| file.metadata().and_then(|file| file.modified()).ok();
    let installed = changed(folder.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= changed(folder.join("package-lock.json")) {
        return Ok(());
    }
    run(npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder))
        .with_context(|| format!("cannot install what {place} names\nhint: is npm's registry within reach?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_node_is_read() {
        assert_eq!(major("v20.19.2\n"), Some(20));
        assert_eq!(major("v8.0.0"), Some(8));
        assert_eq!(major("20.19.2"), None);
        assert_eq!(major("v"), None);
    }
}
