//! The data folder itself: made when it is not there, locked by the process that uses it, held by a backup.

use super::Error;
use super::format::{HOLD_FILE, LOCK_FILE, STORE_FILE, checkpoint_position, segment_start};
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// Makes the folder if it is not there, so that it outlives a crash.
pub(crate) fn create(folder: &Path) -> Result<(), Error> {
    let wrap = |source| Error::File { path: folder.to_owned(), source };
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(wrap)?;
    for parent in folder.ancestors().skip(1).take_while(|parent| !parent.as_os_str().is_empty()) {
        // A folder above that cannot be opened was there before.
        let Ok(parent) = File::open(parent) else { break };
        parent.sync_all().map_err(wrap)?;
    }
    Ok(())
}

/// Whether there is anything of a store. Writes nothing, unlike a lock.
pub(crate) fn holds_a_store(folder: &Path) -> Result<bool, Error> {
    let wrap = |source| Error::File { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(wrap)? {
        let name = entry.map_err(wrap)?.file_name();
        let name = name.to_string_lossy();
        if name == STORE_FILE || segment_start(&name).is_some() || checkpoint_position(&name).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A lock that lasts as long as this value and its process.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the store for this process alone.
    pub(crate) fn take(folder: &Path) -> Result<Self, Error> {
        Self::of(folder, LOCK_FILE, File::try_lock)?.ok_or_else(|| Error::InUse { folder: folder.to_owned() })
    }

    /// Keeps every file of the store where it is, whoever uses it.
    pub(crate) fn hold(folder: &Path) -> Result<Self, Error> {
        Self::of(folder, HOLD_FILE, File::try_lock_shared)?
            .ok_or_else(|| Error::InUse { folder: folder.to_owned() })
    }

    /// Leave to remove files; none while somebody holds them.
    pub(crate) fn unheld(folder: &Path) -> Result<Option<Self>, Error> {
        Self::of(folder, HOLD_FILE, File::try_lock)
    }

    fn of(
        folder: &Path,
        name: &str,
        lock: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<Option<Self>, Error> {
        let path = folder.join(name);
        let wrap = |source| Error::File { path: path.clone(), source };
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(wrap)?;
        match lock(&file) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(wrap(source)),
        }
    }
}
