//! What a folder holds, looked at without giving up at the first thing that is wrong.

use super::super::Error;
use super::super::files::{Files, read_all};
use super::super::format::{
    BadHeader, CHECKPOINT_RESERVE_FILE, HOLD_FILE, LOCK_FILE, RESERVE_FILE, RecordHeader,
    SEGMENT_HEADER_BYTES, STORE_FILE, SegmentHeader, StoreHeader, UNFINISHED, checkpoint_position,
    record_key, segment_name, segment_start,
};
use super::super::survey::{self, Survey, Surveyed};
use super::super::walk::Walk;
use super::padded::Padded;
use super::report::{Kind, Problem, Remedy};
use std::collections::{BTreeMap, BTreeSet};

/// Behind the name of a checkpoint that a start could not read.
pub(crate) const DAMAGED: &str = ".damaged";

/// In the name of a file that `check --cut` has put aside; the number of the cut follows.
pub(crate) const CUT: &str = ".cut-";

/// A size for segments of a store that does not say which it has.
const SEGMENT_BYTES_DEFAULT: u64 = super::super::store::SEGMENT_BYTES;

#[derive(Default)]
pub(super) struct Inventory {
    /// With the headers that could be worked out again.
    pub(super) survey: Survey,
    /// Who the store is, as its file says, or as its segments do.
    pub(super) store: Option<StoreHeader>,
    pub(super) store_is_sound: bool,
    /// Segments whose headers are damaged but known all the same.
    pub(super) mended: BTreeMap<u64, SegmentHeader>,
    /// Segments that are shorter than they should be, and the size that they should have.
    pub(super) truncated: BTreeMap<u64, u64>,
    /// Segments of other stores.
    pub(super) strangers: Vec<u64>,
    pub(super) problems: Vec<Problem>,
}

impl Inventory {
    pub(super) fn make(files: &dyn Files) -> Result<Self, Error> {
        let mut inventory = Self::default();
        let mut names = files.list().map_err(|source| Error::file(".", source))?;
        names.sort_unstable();
        for name in &names {
            inventory.file(files, name)?;
        }
        inventory.identify(files)?;
        inventory.part_with_strangers();
        inventory.measure();
        inventory.mend(files)?;
        inventory.check_last_run();
        Ok(inventory)
    }

    fn file(&mut self, files: &dyn Files, name: &str) -> Result<(), Error> {
        if name == STORE_FILE {
            match survey::read_store(files) {
                Ok(store) => (self.store, self.store_is_sound) = (Some(store), true),
                Err(Error::DamagedFile { .. }) => {
                    let what = "the file that says who the store is is damaged; it can be written anew";
                    let bytes = StoreHeader::BYTES as u64;
                    self.add(
                        Problem::new(Kind::StoreDamaged, Remedy::Cut, what).in_file(name).at_bytes(0, bytes),
                    );
                }
                Err(Error::Version { version, .. }) => self.add(unknown_version(name, version)),
                Err(error) => return Err(error),
            }
        } else if let Some(position) = checkpoint_position(name) {
            self.survey.checkpoints.push(position);
        } else if let Some(start) = segment_start(name) {
            if let Some(found) = survey::look_at(files, name, start)? {
                self.survey.segments.insert(start, found);
            }
        } else if name.ends_with(UNFINISHED) {
            self.survey.unfinished.push(name.to_owned());
            let what = "was being written when a run ended; the next start removes it";
            self.add(Problem::new(Kind::Unfinished, Remedy::Harmless, what).in_file(name));
        } else if name.ends_with(DAMAGED) || name.contains(CUT) {
            self.add(
                Problem::new(Kind::SetAside, Remedy::Harmless, "was put aside as damaged").in_file(name),
            );
        } else if ![LOCK_FILE, HOLD_FILE, RESERVE_FILE, CHECKPOINT_RESERVE_FILE].contains(&name) {
            self.add(Problem::new(Kind::Foreign, Remedy::Harmless, "is no file of a store").in_file(name));
        }
        Ok(())
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Whether there is nothing of a store.
    pub(super) fn is_empty(&self) -> bool {
        self.store.is_none() && self.survey.segments.is_empty() && self.survey.checkpoints.is_empty()
    }

    /// Whether a first start ended before it served anything.
    pub(super) fn is_unused(&self) -> bool {
        !self.store_is_sound
            && self.survey.checkpoints.is_empty()
            && self.problems.iter().all(Problem::is_harmless)
    }

    /// Finds out who the store is if its file does not say so.
    fn identify(&mut self, files: &dyn Files) -> Result<(), Error> {
        if self.store.is_some() || self.problems.iter().any(|problem| problem.remedy == Remedy::Version) {
            return Ok(());
        }
        let newest = self.survey.segments.values().filter_map(|segment| segment.header.ok());
        let newest = newest.max_by_key(|header| (header.run, header.start));
        self.store = match newest {
            Some(header) => {
                Some(StoreHeader { store: header.store, run: header.run, segment_bytes: header.bytes })
            }
            None => self.identity_of_checkpoint(files)?,
        };
        let is_there = self.problems.iter().any(|problem| problem.kind == Kind::StoreDamaged);
        if !is_there && (!self.survey.checkpoints.is_empty() || !self.has_no_record(files)?) {
            let what = "the file that says who the store is is missing; it can be written anew";
            self.add(Problem::new(Kind::StoreMissing, Remedy::Cut, what).in_file(STORE_FILE));
        }
        Ok(())
    }

    fn identity_of_checkpoint(&self, files: &dyn Files) -> Result<Option<StoreHeader>, Error> {
        for position in self.survey.checkpoints.iter().rev() {
            if let Some(header) = super::super::checkpoint::header(files, *position)? {
                let segment_bytes = SEGMENT_BYTES_DEFAULT;
                return Ok(Some(StoreHeader { store: header.store, run: header.run, segment_bytes }));
            }
        }
        Ok(None)
    }

    fn has_no_record(&self, files: &dyn Files) -> Result<bool, Error> {
        for (start, segment) in &self.survey.segments {
            let Ok(header) = segment.header else { continue };
            let Some(content) = read_segment(files, *start)? else { continue };
            let first = content.get(SEGMENT_HEADER_BYTES as usize..).unwrap_or_default();
            let found = RecordHeader::read(record_key(header.store), start + SEGMENT_HEADER_BYTES, first);
            if found.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Leaves out the segments that are none of this store, or of another version.
    fn part_with_strangers(&mut self) {
        let Some(store) = self.store else { return };
        let mut problems = Vec::new();
        let mut strangers = Vec::new();
        self.survey.segments.retain(|start, segment| {
            let name = segment_name(*start);
            match segment.header {
                Ok(header) if header.store != store.store => {
                    let what = "belongs to another store; a cut puts it aside";
                    problems.push(Problem::new(Kind::OtherStore, Remedy::Cut, what).in_file(name));
                    strangers.push(*start);
                    false
                }
                Err(BadHeader::Version(version)) => {
                    problems.push(unknown_version(&name, version));
                    false
                }
                Ok(_) | Err(BadHeader::Damaged) => true,
            }
        });
        self.problems.append(&mut problems);
        self.strangers = strangers;
    }

    /// Compares the sizes of the segments with what their headers say.
    fn measure(&mut self) {
        let segment_bytes = self.store.map_or(SEGMENT_BYTES_DEFAULT, |store| store.segment_bytes);
        let mut problems = Vec::new();
        for (start, segment) in &self.survey.segments {
            let full = segment.header.map_or(segment_bytes, |header| header.bytes);
            if segment.bytes < full {
                self.truncated.insert(*start, full);
            } else if segment.bytes > full {
                let what = format!("has {} bytes behind its end", segment.bytes - full);
                let problem =
                    Problem::new(Kind::TooLong, Remedy::Harmless, what).in_file(segment_name(*start));
                problems.push(problem.at_bytes(full, segment.bytes));
            }
        }
        self.problems.append(&mut problems);
    }

    /// Works damaged headers out from what surrounds them, where that says it beyond doubt.
    fn mend(&mut self, files: &dyn Files) -> Result<(), Error> {
        let Some(store) = self.store else { return Ok(()) };
        let damaged = self.survey.segments.iter().filter(|(_, segment)| segment.header.is_err());
        let damaged: Vec<_> = damaged.map(|(start, segment)| (*start, segment.bytes)).collect();
        for (start, bytes) in damaged {
            let Some(content) = read_segment(files, start)? else { continue };
            let first = content.get(SEGMENT_HEADER_BYTES as usize..).unwrap_or_default();
            let found = RecordHeader::read(record_key(store.store), start + SEGMENT_HEADER_BYTES, first);
            let Some(run) = found.map(|record| record.run) else { continue };
            let Some(prior_end) = self.prior_end(files, start, run)? else { continue };
            let bytes = bytes.max(self.truncated.get(&start).copied().unwrap_or(0)).min(store.segment_bytes);
            let header = SegmentHeader { store: store.store, start, bytes, run, prior_end };
            self.mended.insert(start, header);
            if let Some(segment) = self.survey.segments.get_mut(&start) {
                segment.header = Ok(header);
            }
        }
        Ok(())
    }

    /// What the header of a segment of this run said about the log before it.
    fn prior_end(&self, files: &dyn Files, start: u64, run: u64) -> Result<Option<u64>, Error> {
        let before = self.survey.segments.range(..start).filter_map(|(_, segment)| segment.header.ok());
        let before: Vec<_> = before.collect();
        if before.iter().any(|header| header.run == run) {
            return Ok(Some(SegmentHeader::CONTINUES));
        }
        let Some(last) = before.iter().filter(|header| header.run < run).max_by_key(|header| header.start)
        else {
            return Ok((run == 1 && start == 0).then_some(0));
        };
        // Its run began where the log was found to end, which can be found once more.
        let earlier = self.survey.segments.iter();
        let earlier = earlier.filter(|(_, segment)| segment.header.is_ok_and(|header| header.run < run));
        let segments =
            earlier.map(|(start, it)| (*start, Surveyed { header: it.header, bytes: it.bytes })).collect();
        let survey = Survey { store: self.store, segments, ..Survey::default() };
        let padded = Padded::new(files, &self.truncated);
        let begin = last.start + SEGMENT_HEADER_BYTES;
        let mut walk = Walk::new(&padded, &survey, record_key(last.store), last.run, begin)?;
        loop {
            match walk.next() {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(Some(walk.position())),
                Err(error @ Error::File { .. }) => return Err(error),
                Err(_) => return Ok(None),
            }
        }
    }

    /// The last start that served anything has left a segment.
    fn check_last_run(&mut self) {
        let Some(store) = self.store.filter(|_| self.store_is_sound) else { return };
        let runs: BTreeSet<_> =
            self.survey.segments.values().filter_map(|it| it.header.ok()).map(|it| it.run).collect();
        if !runs.contains(&store.run) {
            let what = format!("all of the log that start {} wrote is missing", store.run);
            self.add(Problem::new(Kind::RunMissing, Remedy::Cut, what));
        }
    }
}

pub(super) fn unknown_version(name: &str, version: u16) -> Problem {
    let what =
        format!("has version {version} of its format, which this version of the program does not know");
    Problem::new(Kind::UnknownVersion, Remedy::Version, what).in_file(name)
}

/// The bytes of a segment; none if it has vanished.
pub(super) fn read_segment(files: &dyn Files, start: u64) -> Result<Option<Vec<u8>>, Error> {
    let name = segment_name(start);
    match files.open(&name).and_then(|file| read_all(&*file, 1 << 32)) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::file(&name, source)),
    }
}
