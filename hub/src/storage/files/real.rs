//! Files of the system.

use super::direct::Direct;
use super::{File, Files};
use std::fs;
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What is read at once is read past the page cache from this size on: it is a segment.
const LARGE_BYTES: usize = 1 << 20;

/// A folder of the system.
pub(crate) struct RealFiles {
    folder: PathBuf,
    past_cache: bool,
}

impl RealFiles {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), past_cache: false }
    }

    /// Whether what is appended, and what is large when it is read, goes past the system's page cache, where the file
    /// system can do that. For whoever waits for the disk anyway.
    pub(crate) fn past_cache(self, past_cache: bool) -> Self {
        Self { past_cache, ..self }
    }

    fn opened(&self, file: fs::File, path: PathBuf) -> RealFile {
        let past_cache = if self.past_cache { PastCache::Unopened(path) } else { PastCache::Never };
        RealFile { file, past_cache: Mutex::new(past_cache) }
    }
}

struct RealFile {
    file: fs::File,
    past_cache: Mutex<PastCache>,
}

/// The same file past the page cache.
enum PastCache {
    Never,
    /// Opened when it is needed.
    Unopened(PathBuf),
    Open(Box<Direct>),
}

impl PastCache {
    fn direct(&mut self) -> Option<&mut Direct> {
        if let Self::Unopened(path) = self {
            *self = Direct::open(path).map_or(Self::Never, |direct| Self::Open(Box::new(direct)));
        }
        match self {
            Self::Open(direct) => Some(direct),
            Self::Never | Self::Unopened(_) => None,
        }
    }
}

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
        let path = self.folder.join(name);
        let file = fs::File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        let file = self.opened(file, path);
        file.resize(bytes)?;
        Ok(Arc::new(file))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let path = self.folder.join(name);
        let file = fs::File::options().read(true).write(true).open(&path)?;
        Ok(Arc::new(self.opened(file, path)))
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
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        if into.len() >= LARGE_BYTES
            && let Some(direct) = self.past_cache().direct()
        {
            done = match direct.read(offset, into) {
                Err(error) if is_unsupported(&error) => 0,
                read => read?,
            };
        }
        self.file.read_exact_at(into.get_mut(done..).unwrap_or_default(), offset + done as u64)
    }

    fn append_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()> {
        let mut past_cache = self.past_cache();
        let appended = past_cache.direct().map(|direct| direct.append(offset, parts));
        match appended {
            None => self.write_at(offset, parts),
            Some(Ok(None)) => Ok(()),
            Some(Ok(Some((offset, rest)))) => self.write_at(offset, &[&rest]),
            // The disk asks for a larger alignment, or the file is not written in order.
            Some(Err(error)) if is_unsupported(&error) => {
                *past_cache = PastCache::Never;
                self.write_at(offset, parts)
            }
            Some(Err(error)) => Err(error),
        }
    }

    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()> {
        write_parts(&self.file, offset, parts)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        let before = self.bytes()?;
        if bytes <= before {
            return self.file.set_len(bytes);
        }
        match claim(&self.file, before, bytes - before) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => self.fill(before, bytes),
            claimed => claimed,
        }
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
}

/// Writes the parts one behind the other, in as few calls as the system allows.
pub(super) fn write_parts(file: &fs::File, offset: u64, parts: &[&[u8]]) -> io::Result<()> {
    let parts = parts.iter().filter(|part| !part.is_empty());
    let mut slices: Vec<_> = parts.map(|part| IoSlice::new(part)).collect();
    let mut left = slices.as_mut_slice();
    let mut offset = offset;
    while !left.is_empty() {
        match rustix::io::pwritev(file, left.get(..left.len().min(PARTS_MAX)).unwrap_or(left), offset) {
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
    fn past_cache(&self) -> std::sync::MutexGuard<'_, PastCache> {
        // After a panic in the middle of a write nothing is written any more.
        self.past_cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims space by writing it.
    fn fill(&self, from: u64, to: u64) -> io::Result<()> {
        const ZEROS: &[u8] = &[0; 1 << 16];
        let mut file = &self.file;
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
