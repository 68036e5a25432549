//! What the files of a store hold, byte for byte. Integers are little-endian; every checksum is a CRC-32C.
//!
//! | file | holds |
//! |---|---|
//! | `store` | who the store is, and its last run |
//! | `<position>.log` | a segment of the log, named by the position of its first byte |
//! | `<position>.checkpoint` | the state after everything in the log before that position |
//! | `reserve`, `reserve-checkpoint` | nothing: space that is given up when the disk is full; the second becomes the next checkpoint |
//! | `lock`, `hold` | nothing: the first is locked by the process that uses the store, the second by a backup |
//!
//! Positions are those of the log, in sixteen hexadecimal digits; they rise for ever, so a name is used once.

use super::Error;
use queue_core::Position;

/// The version of all formats here.
pub(crate) const VERSION: u16 = 4;

/// The version as it is written: with its complement, so that a flipped bit is not taken for another version.
const fn written(version: u16) -> u32 {
    version as u32 | (!version as u32) << 16
}

/// Makes a file look as if another version had written it.
#[cfg(test)]
pub(crate) fn set_version(content: &mut [u8], version: u16) {
    content[8..12].copy_from_slice(&written(version).to_le_bytes());
}

/// Bytes at the start of a segment before its first record.
pub(crate) const SEGMENT_HEADER_BYTES: u64 = 8192;

/// Where in a segment it says how much is durable, when nothing more is to be written for a while. It is in a page of
/// its own, so that no write touches the page of the header, and it is never blank, so that damage to one stretch of
/// the file does not take the last entries together with what speaks for them.
pub(crate) const MARK_OFFSET: u64 = 4096;

/// Bytes of a record before the entry in it.
pub(crate) const RECORD_HEADER_BYTES: usize = 48;

/// Records begin at multiples of this.
pub(crate) const ALIGNMENT: u64 = 8;

/// Bytes at the end of a segment that only a seal may take.
pub(crate) const SEAL_RECORD_BYTES: u64 = RECORD_HEADER_BYTES as u64 + 8;

pub(crate) const STORE_FILE: &str = "store";
pub(crate) const LOCK_FILE: &str = "lock";
pub(crate) const HOLD_FILE: &str = "hold";
pub(crate) const RESERVE_FILE: &str = "reserve";
pub(crate) const CHECKPOINT_RESERVE_FILE: &str = "reserve-checkpoint";
/// Behind the name of a file that is being written, and counts for nothing.
pub(crate) const UNFINISHED: &str = ".new";

/// No log gets as far; a file with a name beyond it is none of ours.
const POSITION_END: u64 = 1 << 62;

const LOG: &str = ".log";
const CHECKPOINT: &str = ".checkpoint";

pub(crate) fn segment_name(start: u64) -> String {
    format!("{start:016x}{LOG}")
}

pub(crate) fn checkpoint_name(position: u64) -> String {
    format!("{position:016x}{CHECKPOINT}")
}

/// The start of the segment with this name; none if it is not that of a segment.
pub(crate) fn segment_start(name: &str) -> Option<u64> {
    parse_position(name.strip_suffix(LOG)?)
}

/// The position of the checkpoint with this name; none if it is not that of a checkpoint.
pub(crate) fn checkpoint_position(name: &str) -> Option<u64> {
    parse_position(name.strip_suffix(CHECKPOINT)?)
}

fn parse_position(text: &str) -> Option<u64> {
    let is_canonical = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let position = if is_canonical { u64::from_str_radix(text, 16).ok() } else { None };
    position.filter(|position| *position < POSITION_END)
}

/// Declares a header of fixed size: eight bytes of magic, the version and its complement, the checksum of everything but the magic and
/// itself, and its fields.
macro_rules! header {
    ($(#[$meta:meta])* $name:ident, $magic:literal { $($(#[$field_meta:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) struct $name { $($(#[$field_meta])* pub(crate) $field: $type),+ }

        impl $name {
            /// Bytes that the header takes.
            pub(crate) const BYTES: usize = 16 $(+ size_of::<$type>())+;

            pub(crate) fn encode(&self) -> Vec<u8> {
                let mut bytes = Vec::with_capacity(Self::BYTES);
                bytes.extend_from_slice($magic);
                bytes.extend_from_slice(&written(VERSION).to_le_bytes());
                bytes.extend_from_slice(&[0; 4]);
                $(bytes.extend_from_slice(&self.$field.to_le_bytes());)+
                let sum = header_sum(&bytes).to_le_bytes();
                if let Some(place) = bytes.get_mut(12..16) {
                    place.copy_from_slice(&sum);
                }
                bytes
            }

            /// Reads the header at the start of `bytes`.
            pub(crate) fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
                let bytes = bytes.get(..Self::BYTES).ok_or(BadHeader::Damaged)?;
                let mut fields = Fields(bytes);
                let magic: [u8; 8] = fields.take().ok_or(BadHeader::Damaged)?;
                let version = fields.take().map(u32::from_le_bytes).ok_or(BadHeader::Damaged)?;
                let sum = fields.take().map(u32::from_le_bytes).ok_or(BadHeader::Damaged)?;
                let number = version as u16;
                if magic != *$magic || version != written(number) {
                    return Err(BadHeader::Damaged);
                }
                if number != VERSION {
                    return Err(BadHeader::Version(number));
                }
                if sum != header_sum(bytes) {
                    return Err(BadHeader::Damaged);
                }
                Ok(Self { $($field: fields.take().map(<$type>::from_le_bytes).ok_or(BadHeader::Damaged)?),+ })
            }
        }
    };
}

/// Why a header cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadHeader {
    /// These are not the bytes that were written.
    Damaged,
    /// Another version wrote them.
    Version(u16),
}

fn header_sum(bytes: &[u8]) -> u32 {
    let version = crc32c::crc32c(bytes.get(8..12).unwrap_or_default());
    crc32c::crc32c_append(version, bytes.get(16..).unwrap_or_default())
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }
}

header! {
    /// The file `store`.
    StoreHeader, b"FANQ-STO" {
        /// The identity of the store: in every file, so that files of two stores do not mix.
        store: u128,
        /// The last start that got as far as serving.
        run: u64,
        /// The size of its segments.
        segment_bytes: u64,
    }
}

header! {
    /// The start of a segment.
    SegmentHeader, b"FANQ-LOG" {
        store: u128,
        /// The position of the segment's first byte.
        start: u64,
        /// The size of the segment.
        bytes: u64,
        /// The run that wrote its records. Others that it may hold, from before it was used anew, do not exist.
        run: u64,
        /// In the first segment of a run: where the log before it ends. Otherwise [`Self::CONTINUES`].
        prior_end: u64,
    }
}

impl SegmentHeader {
    /// Stands for the end of an earlier log in a segment that follows another one of its run.
    pub(crate) const CONTINUES: u64 = u64::MAX;

    pub(crate) fn begins_run(&self) -> bool {
        self.prior_end != Self::CONTINUES
    }
}

header! {
    /// The start of a checkpoint; the encoded machine follows.
    CheckpointHeader, b"FANQ-CKP" {
        store: u128,
        /// Where the log goes on.
        position: u64,
        /// The run whose log that is.
        run: u64,
        state_bytes: u64,
        state_sum: u32,
    }
}

/// What a record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Holds an entry.
    Entry,
    /// Says how much is durable, when nothing more is to be written. Stands at [`MARK_OFFSET`], and nowhere else.
    Idle,
    /// The last of its segment. Its eight bytes are the start of the segment in which the log goes on.
    Seal,
}

/// The start of a record.
///
/// | bytes | |
/// |---|---|
/// | 0-3 | `FANR` |
/// | 4-7 | the checksum of bytes 8 up to the bodies, begun with a number that only this store knows |
/// | 8 | kind: 1 entry, 2 idle, 3 seal |
/// | 12-15 | bytes of the entry up to its bodies |
/// | 16-19 | bytes of the bodies, each followed by a checksum of its own |
/// | 24-31 | position of the record |
/// | 32-39 | run |
/// | 40-47 | durable to: everything before this position was on the disk when the record was written |
///
/// The entry follows, then its bodies, then zeros up to a multiple of eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) kind: Kind,
    pub(crate) head_bytes: u32,
    pub(crate) body_bytes: u32,
    pub(crate) position: u64,
    pub(crate) run: u64,
    pub(crate) durable_to: u64,
}

pub(crate) const RECORD_MAGIC: [u8; 4] = *b"FANR";

/// What the checksums of a store's records begin with. A client does not know it, so no body can look like a record.
pub(crate) fn record_key(store: u128) -> u32 {
    crc32c::crc32c(&store.to_le_bytes())
}

impl RecordHeader {
    /// Bytes from the start of this record to that of the next.
    pub(crate) fn bytes(&self) -> u64 {
        (RECORD_HEADER_BYTES as u64 + u64::from(self.head_bytes) + u64::from(self.body_bytes))
            .next_multiple_of(ALIGNMENT)
    }

    /// Where the entry in it begins.
    pub(crate) fn entry_position(&self) -> Position {
        Position(self.position + RECORD_HEADER_BYTES as u64)
    }

    /// Fills in the first bytes of a record whose entry is there.
    pub(crate) fn write(&self, key: u32, record: &mut [u8]) {
        let kind: u32 = match self.kind {
            Kind::Entry => 1,
            Kind::Idle => 2,
            Kind::Seal => 3,
        };
        let mut header = Vec::with_capacity(RECORD_HEADER_BYTES);
        header.extend_from_slice(&RECORD_MAGIC);
        header.extend_from_slice(&[0; 4]);
        for field in [kind, self.head_bytes, self.body_bytes, 0] {
            header.extend_from_slice(&field.to_le_bytes());
        }
        for field in [self.position, self.run, self.durable_to] {
            header.extend_from_slice(&field.to_le_bytes());
        }
        if let Some(place) = record.get_mut(..RECORD_HEADER_BYTES) {
            place.copy_from_slice(&header);
        }
        let sum = self.sum(key, record);
        if let (Some(sum), Some(place)) = (sum, record.get_mut(4..8)) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
    }

    fn sum(&self, key: u32, record: &[u8]) -> Option<u32> {
        let covered = record.get(8..RECORD_HEADER_BYTES + self.head_bytes as usize)?;
        Some(crc32c::crc32c_append(key, covered))
    }

    /// Reads the record at the start of `bytes`; none if there is none that was written for this position.
    pub(crate) fn read(key: u32, position: u64, bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        if fields.take()? != RECORD_MAGIC {
            return None;
        }
        let sum = fields.take().map(u32::from_le_bytes)?;
        let kind = match fields.take().map(u32::from_le_bytes)? {
            1 => Kind::Entry,
            2 => Kind::Idle,
            3 => Kind::Seal,
            _ => return None,
        };
        let [head_bytes, body_bytes, _] =
            [fields.take()?, fields.take()?, fields.take()?].map(u32::from_le_bytes);
        let [at, run, durable_to] = [fields.take()?, fields.take()?, fields.take()?].map(u64::from_le_bytes);
        let header = Self { kind, head_bytes, body_bytes, position: at, run, durable_to };
        // The checksum last: old bodies may look like the start of a long record, over and over.
        let is_here = at == position || super::planted::is(super::planted::Bug::StaleRecordsAccepted);
        let fits = u64::try_from(bytes.len()).is_ok_and(|left| header.bytes() <= left);
        if !is_here || !fits {
            return None;
        }
        let is_sound = super::planted::is(super::planted::Bug::ChecksumsIgnored)
            || header.sum(key, bytes).is_some_and(|right| right == sum);
        is_sound.then_some(header)
    }
}

/// What stands at [`MARK_OFFSET`] of the segment that starts there; of one that is new, that nothing is known.
pub(crate) fn mark(key: u32, start: u64, run: u64, durable_to: u64) -> Vec<u8> {
    let position = start + MARK_OFFSET;
    let header = RecordHeader { kind: Kind::Idle, head_bytes: 0, body_bytes: 0, position, run, durable_to };
    let mut record = vec![0; RECORD_HEADER_BYTES];
    header.write(key, &mut record);
    record
}

/// The checksum that follows a body.
pub(crate) fn seal(body: &[u8]) -> [u8; queue_core::SEAL_BYTES] {
    crc32c::crc32c(body).to_le_bytes()
}

/// Whether `bytes` are a body and its checksum; then the body's length.
pub(crate) fn is_sealed(bytes: &[u8]) -> Option<usize> {
    let (body, sum) = bytes.split_last_chunk::<{ queue_core::SEAL_BYTES }>()?;
    (super::planted::is(super::planted::Bug::ChecksumsIgnored) || *sum == seal(body)).then_some(body.len())
}

/// An error of a file that should be one of this store.
pub(crate) fn bad_header(file: &str, bad: BadHeader) -> Error {
    match bad {
        BadHeader::Damaged => Error::DamagedFile { file: file.to_owned() },
        BadHeader::Version(version) => Error::Version { file: file.to_owned(), version },
    }
}
