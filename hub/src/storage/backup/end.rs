//! Finds the end of a log that may still be written to, and what of it a copy needs.
//!
//! A reader of a file that is being written may see a later part of it before an earlier one, and a segment that was
//! not there when the folder was looked at. Neither is damage: whatever stops the reading is looked at once more.

use super::super::Error;
use super::super::checkpoint::Base;
use super::super::files::Files;
use super::super::format::{StoreHeader, record_key};
use super::super::recovery;
use super::super::segments::Segment;
use super::super::survey::Survey;
use super::super::walk::Walk;
use std::thread;
use std::time::Duration;

/// How often something is looked at before it is believed to be damaged, and the time between two looks.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// What a copy consists of.
pub(super) struct Found {
    pub(super) store: StoreHeader,
    pub(super) end: u64,
    /// Position and size; none if the log is there from its beginning.
    pub(super) checkpoint: Option<(u64, u64)>,
    pub(super) segments: Vec<Segment>,
}

pub(super) fn find(files: &dyn Files) -> Result<Found, Error> {
    let mut survey = patiently(|| Survey::make(files))?;
    let mut header = survey.store.ok_or(Error::NoCheckpoint)?;
    let (mut base, checkpoint) = begin(files, &survey, header)?;
    let began_at = base.position;
    let mut looks = 0;
    loop {
        let before = base.position;
        match execute(files, &survey, header, &mut base) {
            Ok(()) => break,
            Err(error) => {
                looks = if base.position > before { 0 } else { looks + 1 };
                if looks > LOOKS {
                    return Err(error);
                }
                thread::sleep(PAUSE);
                survey = patiently(|| Survey::make(files))?;
            }
        }
    }
    // Every copied segment is of this run or an earlier one.
    header.run = base.run;
    let is_live = live_segments(&survey, &base);
    let needed = survey.segments.iter().filter(|(start, segment)| {
        let is_log = **start + segment.bytes > began_at && **start <= base.position;
        is_log || is_live.contains(start)
    });
    let segments = needed.map(|(start, segment)| Segment { start: *start, bytes: segment.bytes }).collect();
    Ok(Found { store: header, end: base.position, checkpoint, segments })
}

/// The newest checkpoint that can be read, or the beginning of the log.
fn begin(
    files: &dyn Files,
    survey: &Survey,
    header: StoreHeader,
) -> Result<(Base, Option<(u64, u64)>), Error> {
    let base = recovery::base(files, survey, header.store)?;
    let checkpoint = (base.bytes > 0).then_some((base.position, base.bytes));
    Ok((base, checkpoint))
}

/// Executes the log from where the state is to its end.
fn execute(files: &dyn Files, survey: &Survey, header: StoreHeader, base: &mut Base) -> Result<(), Error> {
    let mut walk = Walk::new(files, survey, record_key(header.store), base.run, base.position)?;
    let mut ended = false;
    while !ended {
        match walk.next()? {
            Some(step) => drop(base.machine.apply(&step.entry)),
            None => ended = true,
        }
        (base.position, base.run) = (walk.position(), walk.run());
    }
    Ok(())
}

/// The segments that hold bodies which the state needs.
fn live_segments(survey: &Survey, base: &Base) -> std::collections::BTreeSet<u64> {
    let bodies = base.machine.live_bodies();
    let holding = bodies.filter_map(|(_, body)| survey.segments.range(..=body.position.0).next_back());
    holding.map(|(start, _)| *start).collect()
}

/// A folder that changes while it is looked at may look wrong.
fn patiently<T>(mut look: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut looks = 0;
    loop {
        match look() {
            Err(Error::MissingRun { .. } | Error::File { .. }) if looks < LOOKS => {
                looks += 1;
                thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}
