//! The end of the log: puts records behind one another, and makes them durable.

use super::Error;
use super::files::File;
use super::format::{
    ALIGNMENT, Kind, MARK_OFFSET, RECORD_HEADER_BYTES, RecordHeader, SEAL_RECORD_BYTES, SEGMENT_HEADER_BYTES,
    mark, record_key,
};
use super::planted::{self, Bug};
use super::segments::{Segment, Segments};
use bytes::{Bytes, BytesMut};
use queue_core::{Entry, Header, Proposal};
use std::io;
use std::sync::Arc;

/// Memory for records is taken in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

/// Pieces that nothing is written on any more and that are kept for the next records. Fresh memory is dear: the system
/// clears it first.
const SPARE_PIECES: usize = 4;

/// What records are written on before they have a place.
#[derive(Default)]
pub(crate) struct Paper {
    entry: Vec<u8>,
    piece: BytesMut,
    spares: Vec<BytesMut>,
}

impl Paper {
    /// The entry that was prepared, with space for the header of its record and zeros up to the next.
    fn tear_off(&mut self) -> BytesMut {
        let bytes = (RECORD_HEADER_BYTES + self.entry.len()).next_multiple_of(ALIGNMENT as usize);
        if self.piece.capacity() < bytes {
            let spare = self.spares.pop().filter(|spare| spare.capacity() >= bytes);
            self.piece = spare.unwrap_or_else(|| BytesMut::with_capacity(PIECE_BYTES.max(bytes)));
        }
        self.piece.resize(RECORD_HEADER_BYTES, 0);
        self.piece.extend_from_slice(&self.entry);
        self.piece.resize(bytes, 0);
        self.piece.split()
    }

    /// A record that is not kept any more. If it was the last on its piece, and nobody reads it, that is used again.
    pub(crate) fn take_back(&mut self, record: Bytes) {
        if self.spares.len() < SPARE_PIECES
            && let Ok(mut piece) = record.try_into_mut()
        {
            piece.clear();
            // Of a piece that has one owner this takes back all of it.
            piece.reserve(PIECE_BYTES);
            self.spares.push(piece);
        }
    }
}

/// A record that has no place yet: space for its header, the entry, and zeros up to the next record.
pub(crate) struct Pending {
    bytes: BytesMut,
    head_bytes: u32,
    body_bytes: u32,
}

impl Pending {
    pub(crate) fn new(header: &Header, proposals: &[Proposal], paper: &mut Paper) -> Self {
        paper.entry.clear();
        let head = Entry::encode(header, proposals, &mut paper.entry);
        let bodies = paper.entry.len() - head;
        // What does not fit into 32 bits does not fit into a segment either, and is refused when it is written.
        let narrow = |length| u32::try_from(length).unwrap_or(u32::MAX);
        Self { bytes: paper.tear_off(), head_bytes: narrow(head), body_bytes: narrow(bodies) }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// A record in its place.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) header: RecordHeader,
    /// As written, with its header.
    pub(crate) record: Bytes,
}

impl Placed {
    /// The entry in it, without what the log has put around it.
    pub(crate) fn entry(&self) -> &[u8] {
        let bytes = self.header.head_bytes as usize + self.header.body_bytes as usize;
        self.record.get(RECORD_HEADER_BYTES..RECORD_HEADER_BYTES + bytes).unwrap_or_default()
    }
}

/// A segment that is ready to be written to.
pub(crate) type Ready = (Arc<Segment>, Arc<dyn File>);

pub(crate) struct Writer {
    segments: Arc<Segments>,
    key: u32,
    run: u64,
    active: Ready,
    end: u64,
    durable_to: u64,
    /// Files that were written to since the last sync.
    unsynced: Vec<Ready>,
    /// Whether a record already says that everything is durable.
    is_marked: bool,
}

impl Writer {
    /// Begins a run in a new segment.
    pub(crate) fn new(segments: Arc<Segments>, store: u128, run: u64, active: Ready) -> Self {
        let end = active.0.first_record();
        Self {
            segments,
            key: record_key(store),
            run,
            active,
            end,
            durable_to: end,
            unsynced: Vec::new(),
            is_marked: true,
        }
    }

    /// Where the next record will lie.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Everything before this is on the disk.
    pub(crate) fn durable_to(&self) -> u64 {
        self.durable_to
    }

    /// Bytes that the active segment has left.
    pub(crate) fn left(&self) -> u64 {
        self.active.0.end().saturating_sub(self.end)
    }

    pub(crate) fn run(&self) -> u64 {
        self.run
    }

    /// Whether the log itself says that everything is durable.
    pub(crate) fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// Whether an earlier segment was written to since the last sync.
    pub(crate) fn has_left_a_segment(&self) -> bool {
        self.unsynced.len() > 1
    }

    pub(crate) fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }

    /// Writes records, in as few calls as there are segments for them; `next` gives the segment after this one.
    pub(crate) fn write(
        &mut self,
        pending: Vec<Pending>,
        next: &mut dyn FnMut() -> Result<Ready, Error>,
    ) -> Result<Vec<Placed>, Error> {
        let mut placed = Vec::with_capacity(pending.len());
        let mut from = 0;
        let mut start = self.end;
        for record in pending {
            let bytes = record.bytes();
            if bytes + SEAL_RECORD_BYTES + SEGMENT_HEADER_BYTES > self.segments.segment_bytes() {
                return Err(Error::TooLarge { bytes });
            }
            if self.end + bytes + SEAL_RECORD_BYTES > self.active.0.end() {
                self.write_out(start, placed.get(from..).unwrap_or_default())?;
                from = placed.len();
                self.rotate(next)?;
                start = self.end;
            }
            placed.push(self.place(record));
        }
        self.write_out(start, placed.get(from..).unwrap_or_default())?;
        self.is_marked = false;
        Ok(placed)
    }

    fn place(&mut self, pending: Pending) -> Placed {
        let header = RecordHeader {
            kind: Kind::Entry,
            head_bytes: pending.head_bytes,
            body_bytes: pending.body_bytes,
            position: self.end,
            run: self.run,
            durable_to: self.durable_to,
        };
        let mut bytes = pending.bytes;
        header.write(self.key, &mut bytes);
        self.end += header.bytes();
        Placed { header, record: bytes.freeze() }
    }

    fn write_out(&mut self, position: u64, records: &[Placed]) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        let parts: Vec<&[u8]> = records.iter().map(|placed| &*placed.record).collect();
        self.append_at(position, &parts)
    }

    fn append_at(&mut self, position: u64, parts: &[&[u8]]) -> Result<(), Error> {
        self.write_with(position, |file, offset| file.append_at(offset, parts))
    }

    fn write_with(
        &mut self,
        position: u64,
        write: impl FnOnce(&dyn File, u64) -> io::Result<()>,
    ) -> Result<(), Error> {
        let (segment, file) = &self.active;
        write(&**file, position - segment.start).map_err(|source| Error::file(&segment.name(), source))?;
        if self.unsynced.last().is_none_or(|(last, _)| last.start != segment.start) {
            self.unsynced.push(self.active.clone());
        }
        Ok(())
    }

    /// Ends the active segment, and goes on in the next.
    fn rotate(&mut self, next: &mut dyn FnMut() -> Result<Ready, Error>) -> Result<(), Error> {
        let next = next()?;
        self.write_seal(next.0.start)?;
        self.end = next.0.first_record();
        self.active = next;
        Ok(())
    }

    /// Writes the last record of a segment, which says where the log goes on.
    fn write_seal(&mut self, next: u64) -> Result<(), Error> {
        let header = RecordHeader {
            kind: Kind::Seal,
            head_bytes: size_of_val(&next) as u32,
            body_bytes: 0,
            position: self.end,
            run: self.run,
            durable_to: self.durable_to,
        };
        let mut record = vec![0; RECORD_HEADER_BYTES];
        record.extend_from_slice(&next.to_le_bytes());
        header.write(self.key, &mut record);
        self.append_at(self.end, &[&record])
    }

    /// Makes everything written so far durable.
    pub(crate) fn sync(&mut self) -> Result<(), Error> {
        for (segment, file) in self.unsynced.drain(..) {
            if !planted::is(Bug::AcknowledgedBeforeSync) {
                file.sync().map_err(|source| Error::file(&segment.name(), source))?;
            }
        }
        self.durable_to = self.end;
        Ok(())
    }

    /// Makes everything durable, and has the log say so, since no later record will.
    pub(crate) fn mark(&mut self) -> Result<(), Error> {
        if self.is_marked {
            return Ok(());
        }
        self.sync()?;
        let start = self.active.0.start;
        let mark = mark(self.key, start, self.run, self.durable_to);
        self.write_with(start + MARK_OFFSET, |file, offset| file.write_at(offset, &[&mark]))?;
        self.sync()?;
        self.is_marked = true;
        Ok(())
    }
}

/// Whether an error says that the disk is full.
pub(crate) fn is_full(error: &Error) -> bool {
    matches!(error, Error::File { source, .. }
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(paper: &mut Paper) -> Bytes {
        paper.entry = vec![7; PIECE_BYTES / 2];
        paper.tear_off().freeze()
    }

    #[test]
    fn a_piece_is_used_again_when_nobody_needs_what_stands_on_it() {
        let mut paper = Paper::default();
        let (first, second) = (record(&mut paper), record(&mut paper));
        let place = first.as_ptr();
        let read = first.slice(100..200);
        paper.take_back(first);
        assert!(paper.spares.is_empty(), "somebody reads it");
        paper.take_back(read);
        let third = record(&mut paper);
        assert_eq!(third.as_ptr(), place);
        assert_ne!(third.as_ptr(), second.as_ptr());
        assert!(third.iter().skip(RECORD_HEADER_BYTES).take(PIECE_BYTES / 2).all(|byte| *byte == 7));
        assert!(third.iter().take(RECORD_HEADER_BYTES).all(|byte| *byte == 0));
    }
}
