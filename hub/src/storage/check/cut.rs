//! Gives up what is damaged, so that the rest can be used.
//!
//! The log is cut at its first damage behind the newest sound checkpoint, by the beginning of a new run, as any start
//! does it; messages whose bodies are damaged are given up by an entry of that run, so that the history stays an
//! ordinary one. What lies behind the cut is put aside under another name and never deleted. Whatever the crash or
//! error that this ends with, it can be begun again.

use super::super::Error;
use super::super::checkpoint::{self, Place};
use super::super::files::Files;
use super::super::format::{
    RESERVE_FILE, SEGMENT_HEADER_BYTES, STORE_FILE, StoreHeader, checkpoint_name, checkpoint_position,
    segment_name,
};
use super::super::recovery;
use super::super::segments::Segment;
use super::super::store::{self, Prior};
use super::super::survey::{Survey, Surveyed};
use super::super::writer::{Paper, Pending, Writer};
use super::execution::Best;
use super::inventory::{CUT, read_segment};
use super::report::Remedy;
use super::{Examined, Inventory};
use queue_core::{Command, Discard, Entry, Header, Holder, Machine, Proposal};
use std::sync::Arc;

/// Holders in one command, so that it fits into a segment.
const HOLDERS_PER_ENTRY: usize = 50_000;

/// What came of a cut.
pub(crate) enum Cut {
    /// There was nothing to do.
    Sound,
    Done(Loss),
    /// Why it cannot be done.
    Refused(Remedy),
}

/// What a cut has given up.
#[derive(Debug, Default)]
pub(crate) struct Loss {
    /// Where the log ended for the new run.
    pub(crate) end: u64,
    /// The new names of files that were put aside.
    pub(crate) set_aside: Vec<String>,
    /// Bodies that nothing refers to any more.
    pub(crate) bodies: usize,
}

/// Gives up what the look at the store found to be damaged. Nobody else may use the store meanwhile.
pub(crate) fn cut(files: &Arc<dyn Files>, examined: Examined) -> Result<Cut, Error> {
    let worst = examined.report.worst();
    if worst == Remedy::Harmless {
        return Ok(Cut::Sound);
    }
    let Examined { inventory, best, bad_checkpoints, read, damaged, .. } = examined;
    let (Some(best), Some(store)) = (best, inventory.store) else {
        return Ok(Cut::Refused(if worst == Remedy::Version { worst } else { Remedy::Backup }));
    };
    if worst > Remedy::Cut {
        return Ok(Cut::Refused(worst));
    }
    let knife = Knife { files, inventory, store, best, set_aside: Vec::new() };
    knife.cut(&bad_checkpoints, &read, &damaged).map(Cut::Done)
}

struct Knife<'a> {
    files: &'a Arc<dyn Files>,
    inventory: Inventory,
    store: StoreHeader,
    best: Best,
    set_aside: Vec<String>,
}

impl Knife<'_> {
    fn cut(mut self, bad_checkpoints: &[u64], read: &[u64], damaged: &[Holder]) -> Result<Loss, Error> {
        self.give_reserve()?;
        let run = self.last_run();
        let next_start = self.next_start();
        for start in std::mem::take(&mut self.inventory.strangers) {
            self.put_aside(&segment_name(start), run + 1)?;
        }
        for position in bad_checkpoints {
            self.put_aside(&checkpoint_name(*position), run + 1)?;
        }
        let kept = self.part(run + 1)?;
        self.mend(&kept)?;
        // Whole files now, with their names.
        self.rewrite_end(&kept)?;
        let read: Vec<_> = read.iter().copied().filter(|start| *start <= self.best.end).collect();
        recovery::settle(&**self.files, &read)?;
        self.copy_store(run + 1)?;
        let used = kept.segments.iter().map(|(start, segment)| {
            let bytes = segment.header.map_or(segment.bytes, |header| header.bytes);
            Segment { start: *start, bytes }
        });
        let prior = Prior {
            store: self.store.store,
            segment_bytes: self.store.segment_bytes,
            run,
            end: self.best.end,
            next_start,
            used: used.collect(),
        };
        let mut writer = store::next_run(self.files, &self.leftovers(&kept), &prior)?;
        discard(&mut writer, &mut self.best.machine, damaged)?;
        writer.mark()?;
        let place = Place { store: self.store.store, position: writer.end(), run: writer.run() };
        checkpoint::write(&**self.files, place, &self.best.machine, &|| false)?;
        self.prune()?;
        Ok(Loss { end: self.best.end, set_aside: self.set_aside, bodies: damaged.len() })
    }

    /// A full disk must not stand in the way; the next start claims the reserve again.
    fn give_reserve(&self) -> Result<(), Error> {
        let wrap = |source| Error::file(RESERVE_FILE, source);
        if self.files.list().map_err(wrap)?.iter().any(|name| name == RESERVE_FILE) {
            self.files.open(RESERVE_FILE).and_then(|file| file.resize(0)).map_err(wrap)?;
        }
        Ok(())
    }

    /// The last run that anything knows of.
    fn last_run(&self) -> u64 {
        let segments = self.inventory.survey.segments.values().filter_map(|segment| segment.header.ok());
        segments.map(|header| header.run).chain([self.store.run, self.best.run]).max().unwrap_or(0)
    }

    /// Where a segment can start without using any position twice, also those of files that are gone.
    fn next_start(&self) -> u64 {
        let survey = &self.inventory.survey;
        let segment_bytes = self.store.segment_bytes.max(1);
        let checkpoints = survey.checkpoints.iter().copied();
        let bodies = self.best.machine.live_bodies().map(|(_, body)| body.position.0 + u64::from(body.bytes));
        let beyond = checkpoints.chain(bodies).chain([self.best.end]).max().unwrap_or(0);
        // A missing segment may have been followed by another one that was ready for use.
        let beyond = (beyond / segment_bytes + 2) * segment_bytes;
        beyond.max(survey.next_start(segment_bytes))
    }

    fn put_aside(&mut self, name: &str, cut: u64) -> Result<(), Error> {
        let aside = format!("{name}{CUT}{cut}");
        self.files.rename(name, &aside).map_err(|source| Error::file(name, source))?;
        self.set_aside.push(aside);
        Ok(())
    }

    /// Puts everything aside that was written behind the cut; what is left of the segments.
    fn part(&mut self, cut: u64) -> Result<Survey, Error> {
        let mut kept = Survey { store: Some(self.store), ..Survey::default() };
        let segments = std::mem::take(&mut self.inventory.survey.segments);
        for (start, segment) in segments {
            if start <= self.best.end {
                kept.segments.insert(start, segment);
            } else if self.is_written(start)? {
                self.put_aside(&segment_name(start), cut)?;
            } else {
                self.inventory.survey.segments.insert(start, segment);
            }
        }
        Ok(kept)
    }

    fn is_written(&self, start: u64) -> Result<bool, Error> {
        let content = read_segment(&**self.files, start)?.unwrap_or_default();
        let records = content.get(SEGMENT_HEADER_BYTES as usize..).unwrap_or_default();
        Ok(records.iter().any(|byte| *byte != 0))
    }

    /// Gives the segments that stay their full sizes, and their headers.
    fn mend(&self, kept: &Survey) -> Result<(), Error> {
        for start in kept.segments.keys() {
            let name = segment_name(*start);
            let mend = || {
                let file = self.files.open(&name)?;
                if let Some(full) = self.inventory.truncated.get(start) {
                    file.resize(*full)?;
                }
                if let Some(header) = self.inventory.mended.get(start) {
                    file.write_at(0, &[&header.encode()])?;
                }
                file.sync()
            };
            let is_whole =
                !self.inventory.truncated.contains_key(start) && !self.inventory.mended.contains_key(start);
            if !is_whole {
                mend().map_err(|source| Error::file(&name, source))?;
            }
        }
        Ok(())
    }

    /// Writes the last segment again: after a sync that failed, the system may show what the disk does not have.
    fn rewrite_end(&self, kept: &Survey) -> Result<(), Error> {
        let Some((start, _)) = kept.segments.range(..self.best.end).next_back() else {
            return Ok(());
        };
        let Some(content) = read_segment(&**self.files, *start)? else {
            return Ok(());
        };
        let used = usize::try_from(self.best.end - start).unwrap_or(usize::MAX).min(content.len());
        let name = segment_name(*start);
        let write = || {
            let file = self.files.open(&name)?;
            file.write_at(0, &[content.get(..used).unwrap_or_default()])?;
            file.sync()
        };
        write().map_err(|source| Error::file(&name, source))
    }

    /// Keeps what is left of the file `store`, which is about to be replaced.
    fn copy_store(&mut self, cut: u64) -> Result<(), Error> {
        if self.inventory.store_is_sound {
            return Ok(());
        }
        let wrap = |source| Error::file(STORE_FILE, source);
        if self.files.list().map_err(wrap)?.iter().any(|name| name == STORE_FILE) {
            self.put_aside(STORE_FILE, cut)?;
        }
        Ok(())
    }

    /// What the new run removes: segments that were ready and never used, and unfinished files.
    fn leftovers(&self, kept: &Survey) -> Survey {
        let copy = |survey: &Survey| -> Vec<(u64, Surveyed)> {
            let segments = survey.segments.iter();
            segments.map(|(start, it)| (*start, Surveyed { header: it.header, bytes: it.bytes })).collect()
        };
        let segments = copy(kept).into_iter().chain(copy(&self.inventory.survey)).collect();
        Survey { segments, unfinished: self.inventory.survey.unfinished.clone(), ..Survey::default() }
    }

    /// Leaves the newest two checkpoints, which are those on both sides of the cut; or the new one alone, if the log
    /// between them is damaged.
    fn prune(&self) -> Result<(), Error> {
        self.keep_checkpoints(2)?;
        let is_whole = super::examine(&**self.files)?.is_some_and(|examined| examined.report.is_sound());
        if is_whole { Ok(()) } else { self.keep_checkpoints(1) }
    }

    fn keep_checkpoints(&self, count: usize) -> Result<(), Error> {
        let names = self.files.list().map_err(|source| Error::file(".", source))?;
        let mut positions: Vec<_> = names.iter().filter_map(|name| checkpoint_position(name)).collect();
        positions.sort_unstable();
        for position in positions.iter().rev().skip(count) {
            let name = checkpoint_name(*position);
            self.files.remove(&name).map_err(|source| Error::file(&name, source))?;
        }
        self.files.sync_folder().map_err(|source| Error::file(".", source))
    }
}

/// Gives up the messages whose bodies cannot be read, as entries of the new run.
fn discard(writer: &mut Writer, machine: &mut Machine, damaged: &[Holder]) -> Result<(), Error> {
    for (number, holders) in (1..).zip(damaged.chunks(HOLDERS_PER_ENTRY)) {
        let command = Command::Discard(Discard { holders: holders.to_vec() });
        let proposal = Proposal::new(&command, Vec::new(), super::super::seal);
        let seed = uuid::Uuid::new_v4().as_u128();
        let header = Header { time: machine.time(), seed, run: writer.run(), batch: number };
        let pending = Pending::new(&header, &[proposal], &mut Paper::default());
        // Far from as much as a segment holds.
        let placed = writer.write(vec![pending], &mut || Err(Error::TooLarge { bytes: 0 }))?;
        writer.sync()?;
        for record in placed {
            let position = record.header.entry_position();
            let entry = Entry::decode(position, record.entry())
                .map_err(|source| Error::Entry { position, source })?;
            machine.apply(&entry);
        }
    }
    Ok(())
}
