//! A folder that goes away with its value, for the log of the hub that is measured.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A process that was just ended may still be writing a file.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct TemporaryFolder {
    path: PathBuf,
}

impl TemporaryFolder {
    /// Makes a new folder within another one, by its full path.
    pub(super) fn new_in(parent: &Path) -> io::Result<Self> {
        let path = parent.canonicalize()?.join(format!("fanq-bench-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&path)?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it lies in memory, where a sync costs nothing.
    #[cfg(target_os = "linux")]
    pub(super) fn is_in_memory(&self) -> bool {
        const TMPFS: u64 = 0x0102_1994;
        const RAMFS: u64 = 0x8584_58f6;
        rustix::fs::statfs(&self.path)
            .is_ok_and(|system| [TMPFS, RAMFS].contains(&u64::try_from(system.f_type).unwrap_or_default()))
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn is_in_memory(&self) -> bool {
        false
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        for _ in 0..ATTEMPTS {
            if std::fs::remove_dir_all(&self.path).is_ok() || !self.path.exists() {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        tracing::warn!("{} could not be removed", self.path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_away_with_all_that_is_in_it() {
        let folder = TemporaryFolder::new_in(&std::env::temp_dir()).unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join("file"), "text").unwrap();
        assert!(path.is_absolute());
        drop(folder);
        assert!(!path.exists());
    }
}
