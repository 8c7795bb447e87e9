//! Private folders: readable by their owner alone, with names that survive a power loss.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Creates a folder, and the missing ones above it, with mode 0700.
///
/// A folder's name is an entry of the folder above it. Both are synced: otherwise a power loss can take the new folder with
/// everything that was synced in it.
///
/// # Errors
/// When a folder cannot be created or synced.
pub fn make_private(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let parent = parent(folder);
    make_private(parent)?;
    let mut builder = DirBuilder::new();
    // Another process may create it first.
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    sync(parent).inspect_err(|_| {
        // The next start creates and syncs it again. If it is not empty by now, another process uses it.
        let _ = std::fs::remove_dir(folder);
    })
}

/// Syncs the entries of a folder: a file that was synced can still lose its name.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// The folder that holds a file or folder.
#[must_use]
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_folders_are_created_and_existing_ones_kept() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("one/two/three");
        for _ in 0..2 {
            make_private(&deep).unwrap();
            assert!(deep.is_dir());
        }
        make_private(Path::new("")).unwrap();
        let file = deep.join("file");
        std::fs::write(&file, "").unwrap();
        assert!(make_private(&file.join("four")).is_err());
    }
}
