//! Files and folders that are nobody else's business: the one place that knows how platforms say so.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Makes `folder` and what is missing above it, for its owner alone (0700). One that is there already is left as it is.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens `file` to read and write, made for its owner alone (0600) where it is missing.
///
/// # Errors
/// When it can neither be opened nor made.
pub(crate) fn open_private(file: &Path) -> io::Result<File> {
    private(File::options().read(true).write(true).create(true).truncate(false)).open(file)
}

/// Opens `file` to add to its end, made for its owner alone (0600) where it is missing.
///
/// # Errors
/// When it can neither be opened nor made.
pub(crate) fn append_private(file: &Path) -> io::Result<File> {
    private(File::options().append(true).create(true)).open(file)
}

/// The same options, with rights for the owner alone for a file that they make.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Puts `content` at `file`, all or nothing, and on disk before it answers. The file is for its owner alone (0600)
/// from its first byte.
///
/// # Errors
/// When it cannot be written; whatever was at `file` is then untouched.
pub(crate) fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    write(file, content, None)
}

/// The same, with the permissions of the file that is replaced, where there is one.
///
/// # Errors
/// When it cannot be written; whatever was at `file` is then untouched.
pub(crate) fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let permissions = match fs::metadata(file) {
        Ok(metadata) => Some(metadata.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    write(file, content, permissions)
}

fn write(file: &Path, content: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is made for its owner alone.
    let mut temporary = NamedTempFile::new_in(folder)?;
    temporary.write_all(content)?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(file)?;
    sync_folder(folder)
}

/// Tells one file from another, whatever they are called. Where the platform does not say, every file is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

/// Which file `found` is about.
#[cfg(unix)]
pub(crate) fn identity(found: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    Identity(found.dev(), found.ino())
}

/// Which file `found` is about. Here an open file can be neither moved nor replaced.
#[cfg(not(unix))]
pub(crate) fn identity(_found: &fs::Metadata) -> Identity {
    Identity(0, 0)
}

/// Moves a file that cannot be understood out of the way, to a name of its own beside it, which is the answer.
///
/// # Errors
/// When it cannot be moved; it is then where it was.
pub(crate) fn set_aside(file: &Path) -> io::Result<PathBuf> {
    let beside = |number: u32| {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".corrupt-{number}"));
        PathBuf::from(name)
    };
    let mut number = 1;
    while beside(number).try_exists()? {
        number += 1;
    }
    fs::rename(file, beside(number))?;
    Ok(beside(number))
}

/// Makes a rename or removal in `folder` durable. Windows has no such call, and its renames are journalled.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_replaces_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write_private(&file, b"a longer first content").unwrap();
        write_private(&file, b"second").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left behind");
    }

    #[test]
    fn a_write_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("folder");
        fs::create_dir(&file).unwrap();
        assert!(write_private(&file, b"content").is_err());
        assert!(file.is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn modes_are_private_or_kept() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("one/two");
        make_private_folder(&private).unwrap();
        make_private_folder(&private).unwrap();
        assert_eq!([mode(&private), mode(private.parent().unwrap())], [0o700, 0o700]);

        let opened = private.join("opened");
        open_private(&opened).unwrap();
        assert_eq!(mode(&opened), 0o600);
        let appended = private.join("appended");
        append_private(&appended).unwrap();
        assert_eq!(mode(&appended), 0o600);

        let file = private.join("file");
        replace(&file, b"new").unwrap();
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        replace(&file, b"kept").unwrap();
        assert_eq!(mode(&file), 0o664);
        write_private(&file, b"private").unwrap();
        assert_eq!(mode(&file), 0o600);
    }
}
