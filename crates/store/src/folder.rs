//! How is a folder made that only its owner reads, and whose name outlives a power loss?

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Makes a folder and those around it where they are missing.
///
/// A folder's name is in the one around it, which has to be synced too: else all that is synced in the new one can be
/// gone with it.
pub fn make_private(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let around = around(folder);
    make_private(around)?;
    let mut builder = DirBuilder::new();
    // Another process may be first.
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    sync(around).inspect_err(|_| {
        // The next start makes and syncs it again. One that holds something by now is another process's.
        let _ = std::fs::remove_dir(folder);
    })
}

/// Puts the names in a folder on disk: a file that was synced can still lose its name.
pub fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// The folder that a file or folder is in.
pub fn around(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_made_and_what_is_there_stays() {
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
