//! Files that look whole: a segment that was cut short reads as zeros where it ends, so that what is left of it can
//! be read.

use super::super::files::{File, Files};
use super::super::format::segment_start;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

pub(super) struct Padded<'a> {
    files: &'a dyn Files,
    /// The sizes that short segments should have.
    full: &'a BTreeMap<u64, u64>,
}

impl<'a> Padded<'a> {
    pub(super) fn new(files: &'a dyn Files, full: &'a BTreeMap<u64, u64>) -> Self {
        Self { files, full }
    }
}

struct PaddedFile {
    file: Arc<dyn File>,
    bytes: u64,
}

impl Files for Padded<'_> {
    fn list(&self) -> io::Result<Vec<String>> {
        self.files.list()
    }

    fn create(&self, _name: &str, _bytes: u64) -> io::Result<Arc<dyn File>> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = self.files.open(name)?;
        match segment_start(name).and_then(|start| self.full.get(&start)) {
            Some(bytes) => Ok(Arc::new(PaddedFile { file, bytes: *bytes })),
            None => Ok(file),
        }
    }

    fn rename(&self, _from: &str, _to: &str) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn remove(&self, _name: &str) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync_folder(&self) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

impl File for PaddedFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.bytes)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let there = self.file.bytes()?.saturating_sub(offset);
        let there = usize::try_from(there).unwrap_or(usize::MAX).min(into.len());
        let (content, padding) = into.split_at_mut(there);
        padding.fill(0);
        if content.is_empty() { Ok(()) } else { self.file.read_at(offset, content) }
    }

    fn write_at(&self, _offset: u64, _parts: &[&[u8]]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn append_at(&self, _offset: u64, _parts: &[&[u8]]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn resize(&self, _bytes: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}
