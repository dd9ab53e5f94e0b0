//! The file that this program is, also after a package has put another one in its place.

use std::io;
use std::path::PathBuf;

/// Where this program is found by whoever starts it again: a newer version, once there is one.
///
/// # Errors
/// When the system does not tell.
pub(crate) fn file() -> io::Result<PathBuf> {
    std::env::current_exe().map(place)
}

/// Linux adds this to the name of a file that is not in its place any more.
#[cfg(target_os = "linux")]
fn place(file: PathBuf) -> PathBuf {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    match file.as_os_str().as_bytes().strip_suffix(b" (deleted)") {
        Some(place) if !file.exists() => OsStr::from_bytes(place).into(),
        Some(_) | None => file,
    }
}

#[cfg(not(target_os = "linux"))]
fn place(file: PathBuf) -> PathBuf {
    file
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_was_replaced_is_looked_for_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let found = |name: &str| place(folder.path().join(name));
        assert_eq!(found("lamplighter-desktop"), folder.path().join("lamplighter-desktop"));
        assert_eq!(found("lamplighter-desktop (deleted)"), folder.path().join("lamplighter-desktop"));
        std::fs::write(folder.path().join("odd (deleted)"), "").unwrap();
        assert_eq!(found("odd (deleted)"), folder.path().join("odd (deleted)"), "its name is just that");
    }
}
