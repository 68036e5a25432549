//! Files of the system.

use super::{File, Files};
use std::fs;
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of the system.
pub(crate) struct RealFiles {
    folder: PathBuf,
}

impl RealFiles {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }
}

struct RealFile(fs::File);

impl Files for RealFiles {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // A name that is not text is none of ours.
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<Arc<dyn File>> {
        let file = fs::File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(self.folder.join(name))?;
        let file = RealFile(file);
        file.resize(bytes)?;
        Ok(Arc::new(file))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = fs::File::options().read(true).write(true).open(self.folder.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        fs::File::open(&self.folder)?.sync_all()
    }
}

impl File for RealFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(into, offset)
    }

    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()> {
        let mut slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut left = slices.as_mut_slice();
        let mut offset = offset;
        while !left.is_empty() {
            match rustix::io::pwritev(&self.0, left.get(..left.len().min(PARTS_MAX)).unwrap_or(left), offset)
            {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    IoSlice::advance_slices(&mut left, written);
                    offset += written as u64;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        let before = self.bytes()?;
        if bytes <= before {
            return self.0.set_len(bytes);
        }
        match claim(&self.0, before, bytes - before) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => self.fill(before, bytes),
            claimed => claimed,
        }
    }
}

/// How many parts the system takes at once (`IOV_MAX`).
const PARTS_MAX: usize = 1024;

/// Has the file system set space aside, which costs next to nothing where it can do so.
#[cfg(target_os = "linux")]
fn claim(file: &fs::File, offset: u64, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    fallocate(file, FallocateFlags::empty(), offset, bytes).map_err(|error| {
        if error == rustix::io::Errno::OPNOTSUPP { io::ErrorKind::Unsupported.into() } else { error.into() }
    })
}

#[cfg(not(target_os = "linux"))]
fn claim(_file: &fs::File, _offset: u64, _bytes: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

impl RealFile {
    /// Claims space by writing it.
    fn fill(&self, from: u64, to: u64) -> io::Result<()> {
        const ZEROS: &[u8] = &[0; 1 << 16];
        let mut file = &self.0;
        io::Seek::seek(&mut file, io::SeekFrom::Start(from))?;
        let mut left = to - from;
        while left > 0 {
            let part = usize::try_from(left).unwrap_or(usize::MAX).min(ZEROS.len());
            file.write_all(ZEROS.get(..part).unwrap_or(ZEROS))?;
            left -= part as u64;
        }
        Ok(())
    }
}
