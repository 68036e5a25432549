//! What a folder holds, before anything of it is believed.

use super::Error;
use super::files::Files;
use super::format::{
    BadHeader, SEGMENT_HEADER_BYTES, STORE_FILE, SegmentHeader, StoreHeader, UNFINISHED, bad_header,
    checkpoint_position, segment_start,
};
use std::collections::BTreeMap;
use std::io;

/// One file of the log.
#[derive(Debug)]
pub(crate) struct Surveyed {
    pub(crate) header: Result<SegmentHeader, BadHeader>,
    /// The size that the file has.
    pub(crate) bytes: u64,
}

impl Surveyed {
    /// What its header says, if it is one of this run.
    pub(crate) fn of_run(&self, run: u64) -> Option<SegmentHeader> {
        self.header.ok().filter(|header| header.run == run)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) store: Option<StoreHeader>,
    /// By position.
    pub(crate) segments: BTreeMap<u64, Surveyed>,
    /// Positions, ascending.
    pub(crate) checkpoints: Vec<u64>,
    /// Files that were being written when a run ended.
    pub(crate) unfinished: Vec<String>,
}

/// A stretch of the log that one start wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) number: u64,
    /// Its first record; of a run whose first segments are gone, the first that there is.
    pub(crate) begin: u64,
    /// Where it ends, as the next run found it; none for the last run, and where the next run's beginning is gone.
    pub(crate) end: Option<u64>,
}

impl Survey {
    /// Looks at all files and reads their headers.
    pub(crate) fn make(files: &dyn Files) -> Result<Self, Error> {
        let mut survey = Self::default();
        for name in files.list().map_err(|source| Error::file(".", source))? {
            if name == STORE_FILE {
                survey.store = Some(read_store(files)?);
            } else if let Some(position) = checkpoint_position(&name) {
                survey.checkpoints.push(position);
            } else if name.ends_with(UNFINISHED) {
                survey.unfinished.push(name);
            } else if let Some(start) = segment_start(&name)
                && let Some(found) = look_at(files, &name, start)?
            {
                survey.segments.insert(start, found);
            }
        }
        survey.checkpoints.sort_unstable();
        survey.check_identity()?;
        Ok(survey)
    }

    fn check_identity(&self) -> Result<(), Error> {
        let Some(store) = self.store else {
            let has_begun = !self.checkpoints.is_empty()
                || self.segments.values().any(|segment| segment.header.is_ok_and(|header| header.run > 1));
            // Without it, a first start did not get as far as serving.
            return if has_begun { Err(Error::MissingFile { file: STORE_FILE.to_owned() }) } else { Ok(()) };
        };
        for (start, segment) in &self.segments {
            match segment.header {
                Ok(header) if header.store != store.store => {
                    return Err(Error::OtherStore { file: super::format::segment_name(*start) });
                }
                Err(BadHeader::Version(version)) => {
                    return Err(Error::Version { file: super::format::segment_name(*start), version });
                }
                Ok(_) | Err(BadHeader::Damaged) => {}
            }
        }
        if !self.segments.values().any(|segment| segment.of_run(store.run).is_some()) {
            return Err(Error::MissingRun { run: store.run });
        }
        Ok(())
    }

    /// The stretches of the log, in order.
    pub(crate) fn runs(&self) -> Vec<Run> {
        let mut runs = BTreeMap::<u64, Run>::new();
        let mut ends = BTreeMap::new();
        for header in self.segments.values().filter_map(|segment| segment.header.ok()) {
            let begin = header.start + SEGMENT_HEADER_BYTES;
            let run = runs.entry(header.run).or_insert(Run { number: header.run, begin, end: None });
            run.begin = run.begin.min(begin);
            if header.begins_run() {
                ends.insert(header.run, header.prior_end);
            }
        }
        let mut runs: Vec<_> = runs.into_values().collect();
        for index in 1..runs.len() {
            let end = runs.get(index).and_then(|next| ends.get(&next.number).copied());
            if let Some(run) = runs.get_mut(index - 1) {
                run.end = end;
            }
        }
        runs
    }

    /// The run that began when the log was found to end at that position.
    pub(crate) fn run_after(&self, end: u64) -> Option<u64> {
        let headers = self.segments.values().filter_map(|segment| segment.header.ok());
        headers.filter(|header| header.prior_end == end).map(|header| header.run).next()
    }

    /// Where a segment can start that no file has ever covered.
    pub(crate) fn next_start(&self, segment_bytes: u64) -> u64 {
        self.segments.iter().next_back().map_or(0, |(start, segment)| {
            start + segment.header.map_or(segment_bytes, |header| header.bytes).max(segment.bytes)
        })
    }
}

pub(super) fn read_store(files: &dyn Files) -> Result<StoreHeader, Error> {
    let read = || {
        let file = files.open(STORE_FILE)?;
        let mut bytes = vec![0; StoreHeader::BYTES];
        file.read_at(0, &mut bytes).map(|()| bytes)
    };
    match read() {
        Ok(bytes) => StoreHeader::decode(&bytes).map_err(|bad| bad_header(STORE_FILE, bad)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Error::DamagedFile { file: STORE_FILE.to_owned() })
        }
        Err(source) => Err(Error::file(STORE_FILE, source)),
    }
}

/// Reads the header of a segment; none if the file has vanished, which it may while another process uses the store.
pub(super) fn look_at(files: &dyn Files, name: &str, start: u64) -> Result<Option<Surveyed>, Error> {
    let read = || {
        let file = files.open(name)?;
        let bytes = file.bytes()?;
        if bytes < SegmentHeader::BYTES as u64 {
            return Ok(Surveyed { header: Err(BadHeader::Damaged), bytes });
        }
        let mut head = vec![0; SegmentHeader::BYTES];
        file.read_at(0, &mut head)?;
        let header = SegmentHeader::decode(&head);
        // The header of another place was written before the file was used anew.
        let header = header
            .and_then(|header| if header.start == start { Ok(header) } else { Err(BadHeader::Damaged) });
        Ok(Surveyed { header, bytes })
    };
    match read() {
        Ok(found) => Ok(Some(found)),
        Err(error) if io::Error::kind(&error) == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::file(name, source)),
    }
}
