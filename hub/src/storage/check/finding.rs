//! What stopped the reading of a log, said with the file and the ranges that it concerns.

use super::super::Error;
use super::super::files::Files;
use super::super::format::{ALIGNMENT, RECORD_HEADER_BYTES, RecordHeader, SegmentHeader, segment_name};
use super::execution::Best;
use super::inventory::{Inventory, read_segment};
use super::report::{Kind, Problem, Remedy};
use queue_core::codec::DecodeError;

/// What the header of a segment takes, as far as it says anything.
pub(super) const HEADER_BYTES: u64 = SegmentHeader::BYTES as u64;

/// Where the log was being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) run: u64,
    pub(super) position: u64,
}

/// The problem behind an error. Only what the system itself refuses stays an error.
pub(super) fn of_error(
    error: Error,
    place: Place,
    inventory: &Inventory,
    remedy: Remedy,
) -> Result<Problem, Error> {
    let at = place.position;
    Ok(match error {
        Error::Damaged { from, to } => damaged(from.0, to.0, place, inventory, remedy),
        Error::Missing { position } => missing(position.0, inventory, remedy),
        Error::MissingRun { run } => {
            let what = format!("the log that start {run} wrote is missing from here on");
            Problem::new(Kind::RunMissing, remedy, what)
                .at_positions(at, next_begin(inventory, place).unwrap_or(at))
        }
        Error::Entry { position, source } => {
            let what = match source {
                DecodeError::UnknownTag(_) | DecodeError::UnknownLevel(_) => {
                    format!("an entry cannot be read: {source}")
                }
                DecodeError::Truncated | DecodeError::Malformed => {
                    format!("an entry is as it was written, but cannot be read: {source}")
                }
            };
            let problem = Problem::new(Kind::UnknownVersion, Remedy::Version, what);
            in_its_segment(problem, inventory, position.0 - RECORD_HEADER_BYTES as u64, position.0)
        }
        Error::Diverged { position } => {
            let what = "executing the log led to another state here than it did before";
            let problem = Problem::new(Kind::Diverged, Remedy::Version, what);
            in_its_segment(problem, inventory, position.0, at)
        }
        other @ (Error::File { .. }
        | Error::State { .. }
        | Error::Version { .. }
        | Error::Body { .. }
        | Error::DamagedBodies { .. }
        | Error::DamagedFile { .. }
        | Error::MissingFile { .. }
        | Error::NoCheckpoint
        | Error::OtherStore { .. }
        | Error::InUse { .. }
        | Error::TooLarge { .. }
        | Error::Closed) => return Err(other),
    })
}

fn damaged(from: u64, to: u64, place: Place, inventory: &Inventory, remedy: Remedy) -> Problem {
    // Nothing sound was found behind it, and what says where the next run began is gone.
    if to == from + 1
        && let Some(next) = inventory.survey.runs().into_iter().find(|run| run.number > place.run)
    {
        let what = format!("the beginning of what start {} wrote is missing", next.number);
        return Problem::new(Kind::SegmentMissing, remedy, what).at_positions(from, next.begin);
    }
    let found = inventory.survey.segments.range(..=from).next_back();
    let Some((start, segment)) = found.map(|(start, segment)| (*start, segment)) else {
        return Problem::new(Kind::RecordsDamaged, remedy, "damaged log").at_positions(from, to);
    };
    let there = start + segment.bytes;
    match inventory.truncated.get(&start) {
        Some(full) if to > there => {
            let what = format!(
                "is {} bytes shorter than it should be, and the log in them is gone",
                start + full - there
            );
            let problem = Problem::new(Kind::SegmentTruncated, remedy, what);
            Problem { positions: None, ..problem.in_segment(start, start + full, there, start + full) }
                .at_positions(from, to)
        }
        Some(_) | None => {
            let end = segment.header.map_or(there, |header| start + header.bytes);
            Problem::new(Kind::RecordsDamaged, remedy, "damaged log that had been acknowledged")
                .in_segment(start, end, from, to)
        }
    }
}

fn missing(position: u64, inventory: &Inventory, remedy: Remedy) -> Problem {
    let found = inventory.survey.segments.range(..=position).next_back();
    if let Some((start, segment)) = found.filter(|(start, segment)| position < *start + segment.bytes)
        && segment.header.is_err()
    {
        let what = "its header is damaged, and the log in it cannot be told from what was there before";
        let problem = Problem::new(Kind::HeaderDamaged, remedy, what);
        let end = start + segment.bytes;
        return Problem { positions: None, ..problem.in_segment(*start, end, *start, start + HEADER_BYTES) }
            .at_positions(position, end);
    }
    let bytes = inventory.store.map_or(1, |store| store.segment_bytes).max(1);
    let start = position - position % bytes;
    Problem::new(Kind::SegmentMissing, remedy, "missing; the log in it is gone")
        .in_file(segment_name(start))
        .at_bytes(position - start, bytes)
        .at_positions(position, start + bytes)
}

fn in_its_segment(problem: Problem, inventory: &Inventory, from: u64, to: u64) -> Problem {
    match inventory.survey.segments.range(..=from).next_back() {
        Some((start, segment)) => problem.in_segment(*start, start + segment.bytes, from, to.max(from)),
        None => problem.at_positions(from, to.max(from)),
    }
}

/// Whether a record, or what could have been one, ends where the file does.
pub(super) fn is_cut_off(files: &dyn Files, start: u64, there: u64, end: u64) -> Result<bool, Error> {
    let content = read_segment(files, start)?.unwrap_or_default();
    let rest = content.get(usize::try_from(end - start).unwrap_or(usize::MAX)..).unwrap_or_default();
    Ok(there - end < RECORD_HEADER_BYTES as u64 || own_position(rest) == Some(end))
}

/// Where the run after that of a place begins.
fn next_begin(inventory: &Inventory, place: Place) -> Option<u64> {
    inventory.survey.runs().into_iter().find(|run| run.number > place.run).map(|run| run.begin)
}

/// What a cut at the first damage loses besides.
pub(super) fn behind(entries: u64) -> String {
    match entries {
        0 => String::new(),
        1 => ", and 1 sound entry behind it means nothing without it".to_owned(),
        more => format!(", and {more} sound entries behind it mean nothing without it"),
    }
}

/// Bytes that were written behind the end of the log. A file that was used before is full of older records, among
/// which only records with positions of their own can be told.
pub(super) fn torn_bytes(files: &dyn Files, key: u32, start: u64, best: &Best) -> Result<u64, Error> {
    let Some(content) = read_segment(files, start)? else {
        return Ok(0);
    };
    let offset = usize::try_from(best.end - start).unwrap_or(usize::MAX);
    let rest = content.get(offset..).unwrap_or_default();
    let mut written = 0;
    let mut was_used_before = false;
    let (mut at, step) = (0, ALIGNMENT as usize);
    while let Some(bytes) = rest.get(at..).filter(|bytes| bytes.len() >= RECORD_HEADER_BYTES) {
        let header = own_position(bytes).and_then(|own| RecordHeader::read(key, own, bytes));
        match header {
            Some(header) if header.position == best.end + at as u64 && header.run == best.run => {
                at += usize::try_from(header.bytes()).unwrap_or(step);
                written = at;
            }
            Some(header) => {
                was_used_before = true;
                at += usize::try_from(header.bytes()).unwrap_or(step);
            }
            None => at += step,
        }
    }
    let begun = own_position(rest) == Some(best.end);
    if !was_used_before {
        written = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    } else if begun {
        written = written.max(RECORD_HEADER_BYTES);
    }
    Ok(written as u64)
}

/// The position that a record says it has, if that is one.
fn own_position(bytes: &[u8]) -> Option<u64> {
    let is_record = bytes.starts_with(b"FANR");
    bytes
        .get(24..32)
        .filter(|_| is_record)
        .and_then(|field| field.first_chunk())
        .copied()
        .map(u64::from_le_bytes)
}
