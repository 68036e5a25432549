//! A disk in memory that forgets what was not synced, and fails when it is told to. All chance comes from a seed.
//!
//! A power loss leaves of each unsynced sector, independently of all others, what was there before, what was written
//! last or before that, part of it, zeros, or garbage; so a batch can be torn, and its end be there without its
//! beginning. A size is the old or the new one. Names that were put, moved or taken since the last sync of the
//! folder are so or not, each by itself, which is harsher than file systems that keep their order. Bytes that no
//! write changed are never harmed.

mod disk;
mod inode;
pub(crate) mod random;

use super::{File, Files};
use disk::{Disk, Extent};
use inode::Inode;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::direct::PAGE_BYTES;
pub(crate) use disk::{Crash, Stop};
use random::Random;

/// The disk, for the store and for the test.
#[derive(Clone)]
pub(crate) struct SimulatedFiles(Arc<Mutex<Disk>>);

impl SimulatedFiles {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Disk::new(seed))))
    }

    /// Another disk that holds the same and meets another fate.
    pub(crate) fn fork(&self, seed: u64) -> Self {
        let mut disk = self.disk().clone();
        disk.random = Random::new(seed);
        Self(Arc::new(Mutex::new(disk)))
    }

    pub(crate) fn files(&self) -> Arc<dyn Files> {
        Arc::new(self.clone())
    }

    /// How many calls so far would have changed something.
    pub(crate) fn calls(&self) -> u64 {
        self.disk().calls
    }

    /// Has the machine stop at a changing call, by its number from 1: that call and all after it are errors.
    pub(crate) fn stop_at(&self, call: u64, stop: Stop) {
        self.disk().stop = Some((call, stop));
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.disk().is_stopped
    }

    /// Has one changing call fail.
    pub(crate) fn fail_at(&self, call: u64) {
        self.disk().fails = Some(call);
    }

    /// No call stops or fails any more.
    pub(crate) fn heal(&self) {
        let mut disk = self.disk();
        disk.stop = None;
        disk.fails = None;
    }

    /// Makes the disk what the next start finds. What was opened before is of no use any more.
    pub(crate) fn crash(&self, crash: Crash) {
        self.disk().crash(crash);
    }

    /// Everything that was written is on the disk, as it is after a while.
    pub(crate) fn write_back(&self) {
        self.disk().write_back();
    }

    /// Sets the size of the disk.
    pub(crate) fn set_capacity(&self, bytes: u64) {
        self.disk().capacity = bytes;
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.disk().used_bytes()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.disk().names()
    }

    pub(crate) fn content(&self, name: &str) -> Vec<u8> {
        let disk = self.disk();
        disk.file(disk.inode(name).unwrap()).unwrap().content().to_vec()
    }

    /// Puts a file on the disk as it is, in place of another one.
    pub(crate) fn put(&self, name: &str, content: Vec<u8>) {
        let mut disk = self.disk();
        disk.put(name, Inode::kept(content));
        disk.sync_folder();
    }

    /// Changes what the disk holds, when nothing waits to be written.
    pub(crate) fn damage(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.disk();
        disk.write_back();
        let inode = disk.inode(name).unwrap();
        let (file, _) = disk.file_mut(inode).unwrap();
        let mut content = file.content().to_vec();
        change(&mut content);
        *file = Inode::kept(content);
    }

    pub(crate) fn flip(&self, name: &str, offset: usize, bit: u8) {
        self.damage(name, |content| content[offset] ^= 1 << bit);
    }

    /// Takes a file away.
    pub(crate) fn lose(&self, name: &str) {
        let mut disk = self.disk();
        disk.write_back();
        disk.remove(name).unwrap();
        disk.sync_folder();
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        // A test that failed may still want to look at the disk.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, disk: &Disk, inode: u64) -> Arc<dyn File> {
        Arc::new(SimulatedFile { files: self.clone(), inode, boot: disk.boot })
    }
}

struct SimulatedFile {
    files: SimulatedFiles,
    inode: u64,
    boot: u64,
}

impl Files for SimulatedFiles {
    fn list(&self) -> io::Result<Vec<String>> {
        let disk = self.disk();
        disk.check_runs()?;
        Ok(disk.names())
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<Arc<dyn File>> {
        self.disk().change(|disk, extent| {
            let replaced =
                disk.inode(name).and_then(|inode| disk.file(inode)).map_or(0, |file| file.content().len());
            let bytes = match extent {
                Extent::Whole => bytes,
                // The name is there before the space.
                Extent::Part | Extent::Failing => 0,
            };
            if bytes > 0 {
                disk.check_space(replaced, bytes)?;
            }
            let inode = disk.put(name, Inode::new(usize::try_from(bytes).unwrap()));
            Ok(self.opened(disk, inode))
        })
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let disk = self.disk();
        disk.check_runs()?;
        Ok(self.opened(&disk, disk.inode(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk().change(|disk, extent| match extent {
            Extent::Whole => disk.rename(from, to),
            Extent::Part | Extent::Failing => Ok(()),
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk().change(|disk, extent| match extent {
            Extent::Whole => disk.remove(name),
            Extent::Part | Extent::Failing => Ok(()),
        })
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.disk().change(|disk, extent| {
            match extent {
                Extent::Whole => disk.sync_folder(),
                Extent::Part | Extent::Failing => disk.sync_folder_partly(),
            }
            Ok(())
        })
    }
}

impl SimulatedFile {
    fn disk(&self) -> io::Result<MutexGuard<'_, Disk>> {
        let disk = self.files.disk();
        if disk.boot == self.boot { Ok(disk) } else { Err(io::Error::other("opened before the crash")) }
    }
}

impl File for SimulatedFile {
    fn bytes(&self) -> io::Result<u64> {
        let disk = self.disk()?;
        disk.check_runs()?;
        Ok(disk.file(self.inode)?.content().len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let disk = self.disk()?;
        disk.check_runs()?;
        let content = disk.file(self.inode)?.content();
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let found = from.checked_add(into.len()).and_then(|to| content.get(from..to));
        into.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()> {
        let bytes = parts.concat();
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.disk()?.change(|disk, extent| {
            let (file, random) = disk.file_mut(self.inode)?;
            let length = match extent {
                Extent::Whole => bytes.len(),
                Extent::Part | Extent::Failing => random.index(bytes.len() + 1),
            };
            file.write(offset, &bytes[..length]);
            Ok(())
        })
    }

    fn append_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()> {
        if !self.disk()?.writes_pages {
            return self.write_at(offset, parts);
        }
        let mut bytes = parts.concat();
        let end = usize::try_from(offset).map_err(io::Error::other)? + bytes.len();
        let size = usize::try_from(self.bytes()?).map_err(io::Error::other)?;
        let page_end = end.next_multiple_of(PAGE_BYTES).min(size);
        bytes.resize(bytes.len() + page_end.saturating_sub(end), 0);
        let begin = offset - offset % PAGE_BYTES as u64;
        let mut before = vec![0; usize::try_from(offset - begin).map_err(io::Error::other)?];
        self.read_at(begin, &mut before)?;
        self.write_at(begin, &[&before, &bytes])
    }

    fn sync(&self) -> io::Result<()> {
        self.disk()?.change(|disk, extent| {
            let (file, random) = disk.file_mut(self.inode)?;
            match extent {
                Extent::Whole => file.sync(),
                Extent::Part => file.sync_partly(random),
                Extent::Failing => file.fail_to_sync(random),
            }
            Ok(())
        })
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        self.disk()?.change(|disk, extent| {
            let before = disk.file(self.inode)?.content().len();
            match extent {
                Extent::Whole if bytes > before as u64 => disk.check_space(before, bytes)?,
                Extent::Whole => {}
                Extent::Part | Extent::Failing => return Ok(()),
            }
            let (file, _) = disk.file_mut(self.inode)?;
            file.resize(usize::try_from(bytes).map_err(io::Error::other)?);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
