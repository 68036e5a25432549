//! Reads the log from a position to its end, and tells a torn end from damage.
//!
//! A power loss may keep later sectors of a batch and lose earlier ones, so a sound record behind a bad one proves
//! nothing by itself. But each record says up to where the log was durable when it was written: if any says so of
//! a bad place, that place was acknowledged, and is damaged. Otherwise the log ends there.

use super::Error;
use super::files::{Files, read_into};
use super::format::{
    ALIGNMENT, Kind, MARK_OFFSET, RECORD_HEADER_BYTES, RECORD_MAGIC, RecordHeader, SEGMENT_HEADER_BYTES,
    is_sealed, segment_name,
};
use super::planted::{self, Bug};
use super::survey::{Run, Survey};
use bytes::Bytes;
use queue_core::{BodyRef, Entry, Position, SEAL_BYTES};

/// No segment is larger.
const SEGMENT_BYTES_MAX: u64 = 1 << 32;

/// An entry that was found.
pub(crate) struct Step {
    pub(crate) position: Position,
    pub(crate) entry: Entry,
    /// Bodies in it that are not what was written, though they were durable.
    pub(crate) damaged: Vec<BodyRef>,
    /// Bytes that it takes.
    pub(crate) bytes: u64,
}

pub(crate) struct Walk<'a> {
    files: &'a dyn Files,
    survey: &'a Survey,
    key: u32,
    runs: Vec<Run>,
    /// Which of them the position is in.
    at: usize,
    position: u64,
    image: Option<Image>,
    /// Segments that were read, by position.
    read: Vec<u64>,
    /// Everything before this position was on the disk, as a record that was read says.
    durable_to: u64,
}

/// A segment in memory.
struct Image {
    start: u64,
    /// The size that it should have.
    full_bytes: u64,
    content: Bytes,
}

impl Image {
    fn from(&self, position: u64) -> Bytes {
        let offset = usize::try_from(position - self.start).unwrap_or(usize::MAX).min(self.content.len());
        self.content.slice(offset..)
    }

    /// Whether nothing at all stands where a mark is written before the segment is used.
    fn has_blank_mark(&self) -> bool {
        let mark = self.rest(self.start + MARK_OFFSET).and_then(|rest| rest.get(..RECORD_MAGIC.len()));
        mark.is_none_or(|magic| magic.iter().all(|byte| *byte == 0))
    }

    /// What there is from a position on; none beyond the end.
    fn rest(&self, position: u64) -> Option<&[u8]> {
        let offset = usize::try_from(position.checked_sub(self.start)?).ok()?;
        self.content.get(offset..).filter(|rest| !rest.is_empty())
    }
}

impl<'a> Walk<'a> {
    /// Begins at a position in a run, or at the end of that run.
    pub(crate) fn new(
        files: &'a dyn Files,
        survey: &'a Survey,
        key: u32,
        run: u64,
        position: u64,
    ) -> Result<Self, Error> {
        let runs = survey.runs();
        // Nothing of a run is needed if the next one began where it is to be gone on with.
        let follows = survey.run_after(position).filter(|next| *next > run);
        let find = |run| runs.iter().position(|candidate: &Run| candidate.number == run);
        let (at, position) = match (find(run), follows.and_then(find)) {
            (Some(at), _) => (at, position),
            (None, Some(next)) => (next, runs.get(next).map_or(position, |next| next.begin)),
            (None, None) => return Err(Error::MissingRun { run }),
        };
        Ok(Self { files, survey, key, runs, at, position, image: None, read: Vec::new(), durable_to: 0 })
    }

    /// Where the next record is looked for; at the end, where the log ends.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The run that the position is in.
    pub(crate) fn run(&self) -> u64 {
        self.runs.get(self.at).map_or(0, |run| run.number)
    }

    /// Everything before this position is known to have been on the disk once.
    pub(crate) fn durable_to(&self) -> u64 {
        self.durable_to
    }

    /// The segments that were read so far.
    pub(crate) fn read(&self) -> &[u64] {
        &self.read
    }

    /// The next entry; none at the end of the log.
    pub(crate) fn next(&mut self) -> Result<Option<Step>, Error> {
        self.next_until(None)
    }

    /// The next entry before that position; none as soon as the walk is there, and none at the end of the log. Between
    /// two entries there may be records that are none, so whoever stops between these must say so beforehand.
    pub(crate) fn next_until(&mut self, until: Option<u64>) -> Result<Option<Step>, Error> {
        loop {
            if until == Some(self.position) {
                return Ok(None);
            }
            let Some(run) = self.runs.get(self.at).copied() else {
                return Ok(None);
            };
            if run.end == Some(self.position) {
                let next =
                    self.runs.get(self.at + 1).copied().ok_or(Error::MissingRun { run: run.number })?;
                self.at += 1;
                self.position = next.begin;
                continue;
            }
            let position = self.position;
            let rest = self.load(run)?.from(position);
            let Some(header) = self.header(run, self.position, &rest) else {
                return self.stop(run);
            };
            self.durable_to = self.durable_to.max(header.durable_to);
            match header.kind {
                Kind::Idle => return self.stop(run),
                Kind::Seal => self.position = self.sealed(run, header, &rest)?,
                Kind::Entry => return self.step(run, header, &rest),
            }
        }
    }

    /// Goes on behind damage: at the next sound record, or at the beginning of the next run, which may be damaged as
    /// well. Whether there is any such place.
    pub(crate) fn skip_damage(&mut self) -> bool {
        let Some(run) = self.runs.get(self.at).copied() else {
            return false;
        };
        let next = self.evidence(run, self.position + 1).first;
        if let Some(position) = next.filter(|next| run.end.is_none_or(|end| *next < end)) {
            self.position = position;
            return true;
        }
        let Some(next) = self.runs.get(self.at + 1).copied() else {
            return false;
        };
        self.at += 1;
        self.position = next.begin;
        true
    }

    /// The record there, if it is one of this run.
    fn header(&self, run: Run, position: u64, bytes: &[u8]) -> Option<RecordHeader> {
        let header = RecordHeader::read(self.key, position, bytes)?;
        (header.run == run.number || planted::is(Bug::StaleRecordsAccepted)).then_some(header)
    }

    /// The segment in which the position lies.
    fn load(&mut self, run: Run) -> Result<&Image, Error> {
        let position = self.position;
        let is_there = |image: &Image| position >= image.start && position < image.start + image.full_bytes;
        if !self.image.as_ref().is_some_and(is_there) {
            let found = self.survey.segments.range(..=position).next_back();
            let (start, header) = found
                .and_then(|(start, segment)| Some((*start, segment.of_run(run.number)?)))
                .filter(|(_, header)| position < header.start + header.bytes)
                .ok_or(Error::Missing { position: Position(position) })?;
            // The memory of the segment before is used again: fresh memory is dear.
            let before = self.image.take().and_then(|image| image.content.try_into_mut().ok());
            let image = self.image(start, header.bytes, before.map(Vec::from).unwrap_or_default())?;
            self.durable_to = self.durable_to.max(self.mark(run, &image));
            self.image = Some(image);
            self.read.push(start);
        }
        self.image.as_ref().ok_or(Error::Missing { position: Position(position) })
    }

    /// Reads a segment, which must have its full size: a file is used only after that was made sure.
    fn image(&self, start: u64, full_bytes: u64, memory: Vec<u8>) -> Result<Image, Error> {
        let image = self.image_as_it_is(start, full_bytes, memory)?;
        let bytes = image.content.len() as u64;
        if bytes < full_bytes {
            return Err(Error::Damaged { from: Position(start + bytes), to: Position(start + full_bytes) });
        }
        Ok(image)
    }

    fn image_as_it_is(&self, start: u64, full_bytes: u64, memory: Vec<u8>) -> Result<Image, Error> {
        let (name, mut content) = (segment_name(start), memory);
        let file = self.files.open(&name);
        file.and_then(|file| read_into(&*file, SEGMENT_BYTES_MAX, &mut content))
            .map_err(|source| Error::file(&name, source))?;
        Ok(Image { start, full_bytes, content: content.into() })
    }

    /// Where the log goes on after the end of a segment.
    fn sealed(&self, run: Run, header: RecordHeader, bytes: &[u8]) -> Result<u64, Error> {
        let content = bytes.get(RECORD_HEADER_BYTES..).and_then(|content| content.first_chunk());
        let next = content.copied().map(u64::from_le_bytes);
        let next = next.ok_or(Error::Missing { position: Position(header.position) })?;
        match self.survey.segments.get(&next).and_then(|segment| segment.of_run(run.number)) {
            Some(_) => Ok(next + SEGMENT_HEADER_BYTES),
            None => Err(Error::Missing { position: Position(next) }),
        }
    }

    fn step(&mut self, run: Run, header: RecordHeader, bytes: &Bytes) -> Result<Option<Step>, Error> {
        let length = header.head_bytes as usize + header.body_bytes as usize;
        let content = bytes.get(RECORD_HEADER_BYTES..RECORD_HEADER_BYTES + length).unwrap_or_default();
        let position = header.entry_position();
        let mut entry =
            Entry::decode(position, content).map_err(|source| Error::Entry { position, source })?;
        let damaged: Vec<_> = entry.bodies().filter(|body| !is_sound(position, content, *body)).collect();
        if !damaged.is_empty() && !self.was_durable(run, header.position, header.position + header.bytes()) {
            // The last batch did not get to the disk as a whole.
            return self.stop(run);
        }
        self.position += header.bytes();
        Ok(Some(Step { position, entry, damaged, bytes: header.bytes() }))
    }

    /// Whether a record from `beyond` on, or a later run, says that everything up to there was durable.
    fn was_durable(&self, run: Run, position: u64, beyond: u64) -> bool {
        self.at + 1 < self.runs.len() || self.evidence(run, beyond).durable_to > position
    }

    /// There is no record at the position: the end of the log, or damage.
    fn stop(&mut self, run: Run) -> Result<Option<Step>, Error> {
        let position = self.position;
        if let Some(later) = self.runs.get(self.at + 1) {
            let next = self.evidence(run, position + 1).first;
            // If nothing says where this run ended, the beginning of the next one is what is damaged.
            let to = next.or(run.end).unwrap_or(later.begin);
            return Err(Error::Damaged { from: Position(position), to: Position(to) });
        }
        let evidence = self.evidence(run, position + 1);
        if evidence.durable_to > position {
            let to = evidence.first.map_or(evidence.durable_to, |first| first.min(evidence.durable_to));
            return Err(Error::Damaged { from: Position(position), to: Position(to) });
        }
        // What is missing here may have been vouched for by what is missing there.
        if let Some(image) = self.image.as_ref().filter(|image| image.has_blank_mark()) {
            let (from, to) = (image.start + MARK_OFFSET, image.start + SEGMENT_HEADER_BYTES);
            return Err(Error::Damaged { from: Position(from), to: Position(to) });
        }
        Ok(None)
    }

    /// What the sound records of this run from a position on say.
    fn evidence(&self, run: Run, from: u64) -> Evidence {
        let mut evidence = Evidence::default();
        for (start, segment) in &self.survey.segments {
            // A header that cannot be read may be part of the damage.
            let is_of_run = segment.header.map_or(true, |header| header.run == run.number);
            let bytes = segment.header.map_or(segment.bytes, |header| header.bytes);
            if !is_of_run || start + bytes <= from {
                continue;
            }
            let Ok(image) = self.image_as_it_is(*start, bytes, Vec::new()) else { continue };
            evidence.durable_to = evidence.durable_to.max(self.mark(run, &image));
            let begin = from.max(start + SEGMENT_HEADER_BYTES).next_multiple_of(ALIGNMENT);
            self.search(run, &image, begin, &mut evidence);
        }
        evidence
    }

    /// What was durable when nothing more was to be written into a segment, as it says itself.
    fn mark(&self, run: Run, image: &Image) -> u64 {
        let position = image.start + MARK_OFFSET;
        let mark = image.rest(position).and_then(|rest| self.header(run, position, rest));
        mark.map_or(0, |mark| mark.durable_to)
    }

    fn search(&self, run: Run, image: &Image, begin: u64, evidence: &mut Evidence) {
        let mut position = begin;
        while let Some(rest) = image.rest(position) {
            // Most of it is zeros, so this comparison is what the search takes its time for.
            let header =
                if rest.starts_with(&RECORD_MAGIC) { self.header(run, position, rest) } else { None };
            if let Some(header) = header {
                evidence.first = Some(evidence.first.map_or(position, |first| first.min(position)));
                evidence.durable_to = evidence.durable_to.max(header.durable_to);
            }
            position += header.map_or(ALIGNMENT, |header| header.bytes());
        }
    }
}

#[derive(Default)]
struct Evidence {
    /// The first sound record.
    first: Option<u64>,
    durable_to: u64,
}

fn is_sound(entry: Position, content: &[u8], body: BodyRef) -> bool {
    let from = usize::try_from(body.position.0 - entry.0).unwrap_or(usize::MAX);
    let sealed = from.checked_add(body.bytes as usize + SEAL_BYTES).and_then(|to| content.get(from..to));
    sealed.is_some_and(|sealed| is_sealed(sealed).is_some())
}
