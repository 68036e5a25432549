//! The files that the log lies in: made ahead of need, found by position, and used anew when nothing needs them.

use super::Error;
use super::files::{File, Files};
use super::format::{
    MARK_OFFSET, SEGMENT_HEADER_BYTES, SegmentHeader, is_sealed, mark, record_key, segment_name,
};
use super::planted::{self, Bug};
use bytes::Bytes;
use queue_core::{BodyRef, Position, SEAL_BYTES};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much of a new file is written at once. While the system copies it, a processor does nothing else.
const ZEROS_BYTES: usize = 256 << 10;

/// Files that are free and kept for the next need; further ones are removed.
const SPARES: usize = 2;

/// A file of the log. As long as somebody holds this, it is not used anew.
#[derive(Debug)]
pub(crate) struct Segment {
    /// The position of its first byte.
    pub(crate) start: u64,
    pub(crate) bytes: u64,
}

impl Segment {
    pub(crate) fn name(&self) -> String {
        segment_name(self.start)
    }

    pub(crate) fn end(&self) -> u64 {
        self.start + self.bytes
    }

    /// The position of its first record.
    pub(crate) fn first_record(&self) -> u64 {
        self.start + SEGMENT_HEADER_BYTES
    }
}

/// How the space of a new segment is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Set aside by the file system; quick, but the first write to each part is slower.
    Quick,
    /// Written full of zeros, so that later writes change no metadata.
    Written,
}

pub(crate) struct Segments {
    files: Arc<dyn Files>,
    store: u128,
    /// The size of new ones.
    bytes: u64,
    inner: Mutex<Inner>,
}

struct Inner {
    used: BTreeMap<u64, Arc<Segment>>,
    free: Vec<Segment>,
    /// Where the next one will start.
    next_start: u64,
}

impl Segments {
    /// Those that are there; new ones start at `next_start` or later.
    pub(crate) fn new(
        files: Arc<dyn Files>,
        store: u128,
        bytes: u64,
        used: impl IntoIterator<Item = Segment>,
        next_start: u64,
    ) -> Self {
        let used = used.into_iter().map(|segment| (segment.start, Arc::new(segment))).collect();
        let inner = Inner { used, free: Vec::new(), next_start };
        Self { files, store, bytes, inner: Mutex::new(inner) }
    }

    pub(crate) fn files(&self) -> &dyn Files {
        &*self.files
    }

    /// The size of new ones.
    pub(crate) fn segment_bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes the next segment of the log, so that it and its name outlive a crash.
    pub(crate) fn make(
        &self,
        run: u64,
        prior_end: u64,
        claim: Claim,
    ) -> Result<(Arc<Segment>, Arc<dyn File>), Error> {
        let (spare, start) = {
            let mut inner = self.inner();
            (inner.free.pop(), inner.next_start)
        };
        let segment = Segment { start, bytes: self.bytes };
        let name = segment.name();
        let made = self.make_file(&segment, spare.as_ref(), claim).and_then(|file| {
            let header = SegmentHeader { store: self.store, start, bytes: self.bytes, run, prior_end };
            file.write_at(MARK_OFFSET, &[&mark(record_key(self.store), start, run, 0)])?;
            // Where there is a header, there is a mark.
            file.sync()?;
            file.write_at(0, &[&header.encode()])?;
            file.sync()?;
            if !planted::is(Bug::NoFolderSync) {
                self.files.sync_folder()?;
            }
            Ok(file)
        });
        let file = made.map_err(|source| {
            // Whatever is left of it has no records and counts for nothing.
            let _ = self.files.remove(&name);
            Error::file(&name, source)
        })?;
        let segment = Arc::new(segment);
        let mut inner = self.inner();
        inner.next_start = segment.end();
        inner.used.insert(segment.start, Arc::clone(&segment));
        Ok((segment, file))
    }

    fn make_file(
        &self,
        segment: &Segment,
        spare: Option<&Segment>,
        claim: Claim,
    ) -> io::Result<Arc<dyn File>> {
        let name = segment.name();
        if let Some(spare) = spare {
            self.files.rename(&spare.name(), &name)?;
            return self.files.open(&name);
        }
        let file = self.files.create(&name, segment.bytes)?;
        if claim == Claim::Written {
            let zeros = vec![0; ZEROS_BYTES];
            let mut offset = 0;
            while offset < segment.bytes {
                let part = usize::try_from(segment.bytes - offset).unwrap_or(usize::MAX).min(zeros.len());
                file.append_at(offset, &[zeros.get(..part).unwrap_or_default()])?;
                offset += part as u64;
            }
        }
        Ok(file)
    }

    /// The segment in which that position lies.
    pub(crate) fn holding(&self, position: u64) -> Option<Arc<Segment>> {
        let inner = self.inner();
        let (_, segment) = inner.used.range(..=position).next_back()?;
        (position < segment.end()).then(|| Arc::clone(segment))
    }

    /// All that are in use, by position.
    pub(crate) fn used(&self) -> Vec<Arc<Segment>> {
        self.inner().used.values().cloned().collect()
    }

    /// Bytes of disk that segments take.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let inner = self.inner();
        let used: u64 = inner.used.values().map(|segment| segment.bytes).sum();
        used + inner.free.iter().map(|segment| segment.bytes).sum::<u64>()
    }

    /// Nothing needs these any more. A few are kept for the next need; what somebody still reads stays until the next
    /// time.
    pub(crate) fn retire(&self, starts: &[u64]) -> Result<(), Error> {
        let mut result = Ok(());
        for start in starts {
            let mut inner = self.inner();
            let Some(segment) = inner.used.remove(start) else {
                continue;
            };
            match Arc::try_unwrap(segment) {
                Err(held) => {
                    inner.used.insert(*start, held);
                }
                Ok(segment) if segment.bytes == self.bytes && inner.free.len() < SPARES => {
                    inner.free.push(segment)
                }
                Ok(segment) => {
                    let name = segment.name();
                    if let Err(source) = self.files.remove(&name) {
                        inner.used.insert(*start, Arc::new(segment));
                        result = Err(Error::file(&name, source));
                    }
                }
            }
        }
        result
    }

    /// Gives the space of unused files back.
    pub(crate) fn drop_spares(&self) -> Result<(), Error> {
        let spares = std::mem::take(&mut self.inner().free);
        for spare in spares {
            self.files.remove(&spare.name()).map_err(|source| Error::file(&spare.name(), source))?;
        }
        Ok(())
    }

    /// Reads a body from its file, and checks that it is what was written. May wait for the disk.
    pub(crate) fn read(&self, segment: &Segment, body: BodyRef) -> Result<Bytes, Error> {
        let damaged = || Error::Body { position: body.position, bytes: body.bytes };
        let bytes = match self.read_part(segment, body.position.0, body.bytes as usize + SEAL_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(damaged()),
            Err(source) => return Err(Error::file(&segment.name(), source)),
        };
        let length = is_sealed(&bytes).ok_or_else(damaged)?;
        Ok(Bytes::from(bytes).slice(..length))
    }

    /// Reads what stands at a position, whatever it is. May wait for the disk.
    pub(crate) fn read_part(&self, segment: &Segment, position: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let mut content = vec![0; bytes];
        self.files.open(&segment.name())?.read_at(position - segment.start, &mut content)?;
        Ok(content)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Each change is one step, so a panic elsewhere has not harmed it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Error {
    pub(crate) fn file(name: &str, source: io::Error) -> Self {
        Self::File { path: name.into(), source }
    }

    pub(crate) fn no_body(body: BodyRef) -> Self {
        Self::Body { position: Position(body.position.0), bytes: body.bytes }
    }
}
