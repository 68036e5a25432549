//! From a folder to a state: the newest checkpoint that is sound, and all of the log behind it.
//!
//! A checkpoint is made in the same way, by a process of its own that stops at a given position. Nothing here
//! writes but [`rewrite_end`] and [`settle`], which make durable what was read; it can be interrupted and begun again at any moment.

use super::Error;
use super::checkpoint::{self, Base};
use super::files::Files;
use super::format::{SEGMENT_HEADER_BYTES, checkpoint_name, record_key, segment_name};
use super::planted::{self, Bug};
use super::store::Progress;
use super::survey::Survey;
use super::walk::Walk;
use super::witness::Witness;
use queue_core::{BodyRef, Machine, Position};
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::Ordering;

/// What was found.
pub(crate) struct Recovered {
    pub(crate) machine: Machine,
    /// Where the log ends.
    pub(crate) end: u64,
    /// Everything before this position is known to have been on the disk once.
    pub(crate) durable_to: u64,
    /// The run whose log that is.
    pub(crate) run: u64,
    /// The checkpoint that it began with.
    pub(crate) base: u64,
    pub(crate) base_bytes: u64,
    /// Bytes of log that were executed.
    pub(crate) replayed_bytes: u64,
    pub(crate) entries: u64,
    /// The segments that were read.
    pub(crate) read: Vec<u64>,
    /// Newer checkpoints that could not be read.
    pub(crate) unreadable: Vec<(u64, Error)>,
    /// Bodies that are damaged and still needed.
    pub(crate) damaged: Vec<BodyRef>,
}

/// Executes the log, up to `until` if that is given and to its end otherwise.
pub(crate) fn replay(
    files: &dyn Files,
    survey: &Survey,
    store: u128,
    until: Option<u64>,
    progress: &Progress,
) -> Result<Recovered, Error> {
    let (base, mut unreadable) = choose(files, survey, store, until)?;
    let is_guess = base.bytes == 0 && !unreadable.is_empty();
    match execute(files, survey, store, until, progress, base) {
        Ok(recovered) => Ok(Recovered { unreadable, ..recovered }),
        // The beginning of the log may be there and its middle gone, because a checkpoint stood for both.
        Err(error @ (Error::Damaged { .. } | Error::Missing { .. } | Error::MissingRun { .. }))
            if is_guess =>
        {
            Err(unreadable.pop().map_or(error, |(_, first)| first))
        }
        Err(error) => Err(error),
    }
}

fn execute(
    files: &dyn Files,
    survey: &Survey,
    store: u128,
    until: Option<u64>,
    progress: &Progress,
    base: Base,
) -> Result<Recovered, Error> {
    let checkpoint_bytes = base.bytes;
    let first = survey.segments.range(..=base.position).next_back().map_or(0, |(start, _)| *start);
    let total = survey.segments.range(first..).map(|(_, segment)| segment.bytes).sum::<u64>();
    progress.total.store(checkpoint_bytes + total, Ordering::Relaxed);
    progress.done.store(checkpoint_bytes, Ordering::Relaxed);
    let mut machine = base.machine;
    let mut walk = Walk::new(files, survey, record_key(store), base.run, base.position)?;
    let mut witness = Witness::default();
    let mut suspects = Vec::new();
    let (mut replayed_bytes, mut entries) = (0, 0);
    while let Some(step) = walk.next_until(until)? {
        machine.apply(&step.entry);
        witness.observe(step.position, &step.entry, &machine)?;
        suspects.extend(step.damaged);
        replayed_bytes += step.bytes;
        entries += 1;
        progress.done.store(checkpoint_bytes + replayed_bytes, Ordering::Relaxed);
    }
    if let Some(until) = until
        && walk.position() != until
    {
        return Err(Error::Missing { position: Position(until) });
    }
    let damaged = still_needed(&machine, &suspects);
    Ok(Recovered {
        end: walk.position(),
        durable_to: walk.durable_to().max(base.position),
        run: walk.run(),
        read: walk.read().to_vec(),
        machine,
        base: base.position,
        base_bytes: checkpoint_bytes,
        replayed_bytes,
        entries,
        unreadable: Vec::new(),
        damaged,
    })
}

/// The state that a start would begin with.
pub(crate) fn base(files: &dyn Files, survey: &Survey, store: u128) -> Result<Base, Error> {
    choose(files, survey, store, None).map(|(base, _)| base)
}

/// The newest state that can be read: a checkpoint, or nothing at all if the log is there from its beginning.
fn choose(
    files: &dyn Files,
    survey: &Survey,
    store: u128,
    until: Option<u64>,
) -> Result<(Base, Vec<(u64, Error)>), Error> {
    let mut unreadable = Vec::new();
    for position in
        survey.checkpoints.iter().rev().filter(|position| until.is_none_or(|until| **position <= until))
    {
        match checkpoint::read(files, *position) {
            Ok((base, owner)) if owner == store => return Ok((base, unreadable)),
            Ok(_) => return Err(Error::OtherStore { file: checkpoint_name(*position) }),
            // Damage can be healed from the checkpoint before it; whatever else is wrong cannot.
            Err(error @ Error::DamagedFile { .. }) => unreadable.push((*position, error)),
            Err(error) => return Err(error),
        }
    }
    let first = survey.runs().first().copied();
    // A later segment of the first run is not its beginning, should the header of the first be damaged.
    match first.filter(|first| first.number == 1 && first.begin == SEGMENT_HEADER_BYTES) {
        Some(first) => {
            let base =
                Base { machine: Machine::default(), position: first.begin, run: first.number, bytes: 0 };
            Ok((base, unreadable))
        }
        None => Err(unreadable.pop().map_or(Error::NoCheckpoint, |(_, error)| error)),
    }
}

/// Which of these bodies something still refers to.
fn still_needed(machine: &Machine, suspects: &[BodyRef]) -> Vec<BodyRef> {
    if suspects.is_empty() {
        return Vec::new();
    }
    let suspects: BTreeSet<_> = suspects.iter().map(|body| body.position).collect();
    machine.live_bodies().map(|(_, body)| body).filter(|body| suspects.contains(&body.position)).collect()
}

/// Writes the end of the log again, as far as nothing says that it was on the disk. After a sync that failed, the
/// system may show pages that it never wrote and take them for written; a sync alone would change nothing about that.
pub(crate) fn rewrite_end(files: &dyn Files, recovered: &Recovered) -> Result<(), Error> {
    if planted::is(Bug::FailedSyncTrusted) {
        return Ok(());
    }
    for start in &recovered.read {
        let name = segment_name(*start);
        let rewrite = || {
            let file = files.open(&name)?;
            let from = recovered.durable_to.max(*start);
            let to = recovered.end.min(start + file.bytes()?);
            if from < to {
                let mut bytes = vec![0; usize::try_from(to - from).map_err(io::Error::other)?];
                file.read_at(from - start, &mut bytes)?;
                file.write_at(from - start, &[&bytes])?;
            }
            Ok(())
        };
        rewrite().map_err(|source| Error::file(&name, source))?;
    }
    Ok(())
}

/// Makes everything durable that was read, so that what is built on it stands. It may have been written by a
/// process that ended before it came to its sync.
pub(crate) fn settle(files: &dyn Files, read: &[u64]) -> Result<(), Error> {
    if planted::is(Bug::NoRecoverySync) {
        return Ok(());
    }
    for start in read {
        let name = segment_name(*start);
        files.open(&name).and_then(|file| file.sync()).map_err(|source| Error::file(&name, source))?;
    }
    files.sync_folder().map_err(|source| Error::file(".", source))
}

/// Fails if a segment that holds needed bodies is not there in its full size.
pub(crate) fn check_bodies_have_files(survey: &Survey, machine: &Machine) -> Result<(), Error> {
    let mut last: Option<(u64, u64)> = None;
    for (_, body) in machine.live_bodies() {
        let position = body.position.0;
        if last.is_some_and(|(start, end)| position >= start && position < end) {
            continue;
        }
        let found = survey.segments.range(..=position).next_back();
        let Some((start, segment)) = found.filter(|(start, segment)| position < *start + segment.bytes)
        else {
            return Err(Error::Missing { position: body.position });
        };
        last = Some((*start, start + segment.bytes));
    }
    Ok(())
}
