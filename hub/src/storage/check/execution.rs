//! Executes the log from the older checkpoint to its end. Where it is damaged, what lies behind is still looked at, and
//! the next checkpoint is gone on with.

use super::super::Error;
use super::super::checkpoint::{self, Base};
use super::super::files::Files;
use super::super::format::{SEGMENT_HEADER_BYTES, checkpoint_name, record_key};
use super::super::survey::Survey;
use super::super::walk::{Step, Walk};
use super::super::witness::Witness;
use super::finding::{self, Place};
use super::inventory::{Inventory, unknown_version};
use super::report::{CheckpointFacts, Kind, LogFacts, Problem, Remedy};
use queue_core::{BodyRef, Machine};
use std::collections::BTreeSet;

/// The state that the next start would have, or the one after a cut.
pub(super) struct Best {
    pub(super) machine: Machine,
    /// Where the log ends, or is to end.
    pub(super) end: u64,
    pub(super) run: u64,
}

/// A checkpoint that was read.
struct Sound {
    position: u64,
    run: u64,
    digest: u128,
    bytes: u64,
}

pub(super) struct Execution<'a> {
    files: &'a dyn Files,
    inventory: &'a Inventory,
    store: u128,
    pub(super) problems: Vec<Problem>,
    pub(super) checkpoints: Vec<CheckpointFacts>,
    /// Positions of those that cannot be read, or are none of this store.
    pub(super) bad_checkpoints: Vec<u64>,
    pub(super) log: Option<LogFacts>,
    /// Bodies that are damaged, needed or not.
    pub(super) suspects: Vec<BodyRef>,
    /// Segments that a start would read.
    pub(super) read: BTreeSet<u64>,
    /// Those that only a start from the older checkpoint would read.
    pub(super) read_before: BTreeSet<u64>,
    pub(super) best: Option<Best>,
    /// Whether the log was read to its end without damage.
    pub(super) ended: bool,
}

impl<'a> Execution<'a> {
    pub(super) fn new(files: &'a dyn Files, inventory: &'a Inventory, store: u128) -> Self {
        Self {
            files,
            inventory,
            store,
            problems: Vec::new(),
            checkpoints: Vec::new(),
            bad_checkpoints: Vec::new(),
            log: None,
            suspects: Vec::new(),
            read: BTreeSet::new(),
            read_before: BTreeSet::new(),
            best: None,
            ended: false,
        }
    }

    pub(super) fn run(&mut self) -> Result<(), Error> {
        let sound = self.read_checkpoints()?;
        let first = sound.len().saturating_sub(2);
        let mut base = match sound.get(first) {
            Some(checkpoint) => self.load(checkpoint.position)?,
            None => match self.beginning() {
                Some(beginning) => beginning,
                None => {
                    self.no_beginning();
                    return Ok(());
                }
            },
        };
        let begin = base.position;
        self.log = Some(LogFacts { from: begin, to: begin, ..LogFacts::default() });
        for mark in sound.iter().skip(first + 1) {
            let (reached, is_whole) = self.leg(&mut base, Some(mark.position))?;
            self.compare(mark, &base, reached, is_whole);
            base = self.load(mark.position)?;
        }
        let problems = self.problems.len();
        let (reached, is_whole) = self.leg(&mut base, None)?;
        if sound.is_empty() && !self.bad_checkpoints.is_empty() && self.lacks_segments(problems) {
            // What is missing was used anew, since the checkpoints had it; the state before it is long gone.
            self.problems.truncate(problems);
            self.no_beginning();
            return Ok(());
        }
        self.ended = is_whole;
        if let Some(log) = &mut self.log {
            log.to = reached;
        }
        self.best = Some(Best { machine: base.machine, end: reached, run: base.run });
        Ok(())
    }

    /// Reads all checkpoints; those that are sound, ascending.
    fn read_checkpoints(&mut self) -> Result<Vec<Sound>, Error> {
        let mut sound = Vec::new();
        let mut damaged = Vec::new();
        for position in self.inventory.survey.checkpoints.iter().copied() {
            let name = checkpoint_name(position);
            match checkpoint::read(self.files, position) {
                Ok((base, owner)) if owner == self.store => {
                    let digest = base.machine.digest();
                    sound.push(Sound { position, run: base.run, digest, bytes: base.bytes });
                    self.checkpoints.push(CheckpointFacts { file: name, position, bytes: base.bytes });
                }
                Ok(_) => {
                    self.bad_checkpoints.push(position);
                    let what = "belongs to another store; a cut puts it aside";
                    self.problems.push(Problem::new(Kind::OtherStore, Remedy::Cut, what).in_file(name));
                }
                Err(Error::DamagedFile { .. }) => {
                    self.bad_checkpoints.push(position);
                    damaged.push(position);
                }
                Err(Error::Version { version, .. }) => self.problems.push(unknown_version(&name, version)),
                Err(Error::State { source, .. }) => {
                    let what = format!("cannot be read: {source}");
                    self.problems
                        .push(Problem::new(Kind::UnknownVersion, Remedy::Version, what).in_file(name));
                }
                Err(error) => return Err(error),
            }
        }
        let heals = !sound.is_empty() || self.beginning().is_some();
        for position in damaged {
            let name = checkpoint_name(position);
            let bytes = self.files.open(&name).and_then(|file| file.bytes());
            let bytes = bytes.map_err(|source| Error::file(&name, source))?;
            let remedy = if heals { Remedy::Heals } else { Remedy::Backup };
            let problem = Problem::new(Kind::CheckpointDamaged, remedy, "damaged checkpoint");
            self.problems.push(problem.in_file(name).at_bytes(0, bytes));
        }
        Ok(sound)
    }

    fn load(&self, position: u64) -> Result<Base, Error> {
        checkpoint::read(self.files, position).map(|(base, _)| base)
    }

    /// The state before the log, if that is there from its first entry.
    fn beginning(&self) -> Option<Base> {
        let survey = &self.inventory.survey;
        let first = survey.runs().first().copied();
        let first = first.filter(|first| first.number == 1 && first.begin == SEGMENT_HEADER_BYTES)?;
        Some(Base { machine: Machine::default(), position: first.begin, run: first.number, bytes: 0 })
    }

    fn no_beginning(&mut self) {
        if !self.problems.iter().any(|problem| problem.remedy == Remedy::Version) {
            let what = "there is no checkpoint that can be read, and the log is not there from its beginning";
            self.problems.push(Problem::new(Kind::NoCheckpoint, Remedy::Backup, what));
        }
    }

    /// Whether the first problem from that one on is that something is not there.
    fn lacks_segments(&self, first: usize) -> bool {
        let problem = self.problems.get(first);
        problem.is_some_and(|problem| matches!(problem.kind, Kind::SegmentMissing | Kind::RunMissing))
    }

    /// Executes the log up to a position or to its end. Where it came to, and whether that is where it should be.
    fn leg(&mut self, base: &mut Base, until: Option<u64>) -> Result<(u64, bool), Error> {
        let survey = &self.inventory.survey;
        let remedy = if until.is_some() { Remedy::Heals } else { Remedy::Cut };
        let begin = Place { run: base.run, position: base.position };
        let mut walk = match Walk::new(self.files, survey, record_key(self.store), base.run, base.position) {
            Ok(walk) => walk,
            Err(error) => {
                self.problems.push(finding::of_error(error, begin, self.inventory, remedy)?);
                return Ok((base.position, false));
            }
        };
        let mut witness = Witness::default();
        let failed = loop {
            match walk.next_until(until) {
                Ok(Some(step)) => {
                    base.machine.apply(&step.entry);
                    let observed = witness.observe(step.position, &step.entry, &base.machine);
                    self.count(step, base.run != walk.run());
                    base.run = walk.run();
                    if let Err(error) = observed {
                        break Some(error);
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        base.run = walk.run();
        let reached = walk.position();
        let is_whole = failed.is_none();
        if let Some(error) = failed {
            let place = Place { run: walk.run(), position: reached };
            let first = self.problems.len();
            self.problems.push(finding::of_error(error, place, self.inventory, remedy)?);
            let behind = self.look_behind(&mut walk, until, remedy)?;
            if let Some(problem) = self.problems.get_mut(first).filter(|_| remedy == Remedy::Cut) {
                problem.what.push_str(&finding::behind(behind));
            }
        }
        let read = if until.is_some() { &mut self.read_before } else { &mut self.read };
        read.extend(walk.read());
        Ok((reached, is_whole))
    }

    fn count(&mut self, step: Step, is_another_run: bool) {
        self.suspects.extend(step.damaged);
        if let Some(log) = &mut self.log {
            log.entries += 1;
            log.bytes += step.bytes;
            log.runs = (log.runs + u64::from(is_another_run)).max(1);
        }
    }

    /// Looks for further damage behind the first; how many entries are there that are sound.
    fn look_behind(&mut self, walk: &mut Walk<'_>, until: Option<u64>, remedy: Remedy) -> Result<u64, Error> {
        let mut sound = 0;
        let is_there = |walk: &Walk<'_>| until.is_some_and(|until| walk.position() >= until);
        while walk.skip_damage() {
            loop {
                if is_there(walk) {
                    return Ok(sound);
                }
                match walk.next_until(until) {
                    Ok(Some(_)) => sound += 1,
                    Ok(None) => return Ok(sound),
                    Err(error) => {
                        let place = Place { run: walk.run(), position: walk.position() };
                        let problem = finding::of_error(error, place, self.inventory, remedy)?;
                        if !self.problems.iter().any(|known| known.positions == problem.positions) {
                            self.problems.push(problem);
                        }
                        break;
                    }
                }
            }
        }
        Ok(sound)
    }

    /// Compares the state at the position of a checkpoint with what the checkpoint says.
    fn compare(&mut self, mark: &Sound, base: &Base, reached: u64, is_whole: bool) {
        if !is_whole {
            return;
        }
        let name = checkpoint_name(mark.position);
        if reached != mark.position || base.run > mark.run {
            let what = format!("the log before this checkpoint ends at {reached}");
            let problem = Problem::new(Kind::LogEndsEarly, Remedy::Heals, what).in_file(name);
            self.problems.push(problem.at_bytes(0, mark.bytes).at_positions(reached, mark.position));
        } else if base.machine.digest() != mark.digest {
            let what = "this checkpoint is not what the log before it leads to";
            let problem = Problem::new(Kind::CheckpointDiffers, Remedy::Version, what).in_file(name);
            self.problems.push(problem.at_bytes(0, mark.bytes));
        }
    }

    /// The survey that the log was read with.
    pub(super) fn survey(&self) -> &Survey {
        &self.inventory.survey
    }

    /// What the execution says about the segments that it read, beyond what stopped it.
    pub(super) fn look_at_segments(&mut self) -> Result<(), Error> {
        let mut found = Vec::new();
        for (start, header) in &self.inventory.mended {
            let remedy = self.remedy_for(*start);
            let what = "its header is damaged; what it said follows from the rest of the log";
            let problem = Problem::new(Kind::HeaderDamaged, remedy, what);
            found.push(problem.in_segment(
                *start,
                start + header.bytes,
                *start,
                start + finding::HEADER_BYTES,
            ));
        }
        for (start, full) in &self.inventory.truncated {
            let is_known = self.problems.iter().any(|problem| {
                problem.kind == Kind::SegmentTruncated
                    && problem.file == Some(super::super::format::segment_name(*start))
            });
            if !is_known {
                let there = self.survey().segments.get(start).map_or(0, |segment| segment.bytes);
                let fate = match self.ends_short(*start)? {
                    true => "and what the log had there is gone",
                    false => "and none of them is needed",
                };
                let what = format!("is {} bytes shorter than it should be, {fate}", full - there);
                let problem = Problem::new(Kind::SegmentTruncated, self.remedy_for(*start), what);
                found.push(problem.in_segment(*start, start + full, start + there, start + full));
            }
        }
        for (start, segment) in &self.survey().segments {
            let is_read = self.read.contains(start) || self.read_before.contains(start);
            let is_known = self.inventory.truncated.contains_key(start)
                || self.problems.iter().any(|it| it.kind == Kind::HeaderDamaged && it.is_in(*start));
            if segment.header.is_err() && !is_read && !is_known {
                let what = "its header is damaged, and nothing needs it";
                let problem = Problem::new(Kind::NotNeeded, Remedy::Harmless, what);
                found.push(problem.in_segment(
                    *start,
                    start + segment.bytes,
                    *start,
                    start + finding::HEADER_BYTES,
                ));
            }
        }
        if let Some(torn) = self.torn_end()? {
            found.push(torn);
        }
        self.problems.append(&mut found);
        Ok(())
    }

    /// Whether the log ends in that segment because the segment does.
    fn ends_short(&self, start: u64) -> Result<bool, Error> {
        let there = self.survey().segments.get(&start).map_or(0, |segment| start + segment.bytes);
        let is_short = self.inventory.truncated.contains_key(&start);
        let in_it = |best: &&Best| self.ended && best.end >= start && best.end <= there;
        match self.best.as_ref().filter(in_it).filter(|_| is_short) {
            Some(best) => finding::is_cut_off(self.files, start, there, best.end),
            None => Ok(false),
        }
    }

    fn remedy_for(&self, start: u64) -> Remedy {
        if self.read.contains(&start) {
            Remedy::Cut
        } else if self.read_before.contains(&start) {
            Remedy::Heals
        } else {
            Remedy::Harmless
        }
    }

    /// What lies behind the end of the log.
    fn torn_end(&self) -> Result<Option<Problem>, Error> {
        let Some(best) = self.best.as_ref().filter(|_| self.ended) else {
            return Ok(None);
        };
        let found = self.survey().segments.range(..=best.end).next_back();
        let Some((start, end)) = found.map(|(start, segment)| (*start, start + segment.bytes)) else {
            return Ok(None);
        };
        if best.end >= end || best.end < start + SEGMENT_HEADER_BYTES || self.ends_short(start)? {
            return Ok(None);
        }
        let torn = finding::torn_bytes(self.files, record_key(self.store), start, best)?;
        Ok((torn > 0).then(|| {
            let what =
                format!("the end of the log is torn: {torn} bytes that nothing says were acknowledged");
            let problem = Problem::new(Kind::TornEnd, Remedy::Harmless, what);
            problem.in_segment(start, end, best.end, best.end + torn)
        }))
    }
}
